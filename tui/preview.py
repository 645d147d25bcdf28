"""`--dry-run`: what a run would do, as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.transfer import Preview


def as_text(preview: Preview) -> str:
    """Return the plan for reading: source, columns with role and reason, SQL, destination."""
    plan, source = preview.plan, preview.plan.source
    rows = "an unknown number of" if source.rows is None else f"{source.rows:,}"
    table = [("column", "type", "role", "why")]
    for column in plan.columns:
        why = f"{column.why}; looks like an identifier: {column.identifier}"
        table.append(
            (
                column.name,
                column.source.type.text,
                column.role.value,
                why if column.identifier else column.why,
            )
        )
    bound = [f"  :{number} = {value!r}" for number, value in enumerate(preview.statement.binds, 1)]
    lines = [
        f"Source       {source.name}: {rows} rows",
        f"Destination  {preview.url}",
        f"Engine       {preview.choice.engine}: {preview.choice.why}",
        "",
        *_aligned(table),
        "",
        preview.statement.sql,
        *(["with", *bound] if bound else []),
        *(["", preview.copy.sql] if preview.copy else []),
        *(
            ["", *(f"Warning: {warning}" for warning in preview.plan.warnings)]
            * bool(preview.plan.warnings)
        ),
        "",
        "Dry run: nothing was read but a sample, and nothing was written.",
    ]
    return "\n".join(lines)


def as_json(preview: Preview) -> str:
    """Return the same as one line of JSON."""
    source = preview.plan.source
    columns: list[dict[str, Any]] = [
        {
            "name": column.name,
            "type": column.source.type.text,
            "role": column.role.value,
            "why": column.why,
            "identifier": column.identifier or None,
        }
        for column in preview.plan.columns
    ]
    return json.dumps(
        {
            "source": str(source.name),
            "estimated_rows": source.rows,
            "destination": preview.url,
            "engine": preview.choice.engine,
            "engine_why": preview.choice.why,
            "columns": columns,
            "sql": preview.statement.sql,
            "binds": list(preview.statement.binds),
            "copy": preview.copy.sql if preview.copy else None,
            "warnings": list(preview.plan.warnings),
        },
        default=str,
    )


def _aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    rows = list(rows)
    widths = [max(len(row[cell]) for row in rows) for cell in range(len(rows[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
