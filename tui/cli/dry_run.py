"""`--dry-run`: formats the plan and its cost as lines of text or as one line of JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from core.facade import escape_hidden
from tui.cli.options import spelling
from tui.cli.remedies import as_option, with_options
from tui.format import cost, terminal
from tui.format.numbers import size

if TYPE_CHECKING:
    from core import Preview
    from core.facade import DeliveredColumn, Estimate, Plan


def as_text(preview: Preview) -> list[str]:
    """Return the plan as text: source, destination, cost, columns with role and reason, SQL.

    Names in the lines are not escaped: the caller must do so before printing.
    """
    plan, source, estimate = preview.plan, preview.plan.source, preview.estimate
    stored = "" if estimate.stored is None else f", {size(estimate.stored)} stored"
    table = [("column", "type", "role", "delivered as", "why")]
    delivered = {column.source: column for column in preview.schema}
    for column in plan.columns:
        why = "; ".join(filter(None, [column.why, plan.flag(column)]))
        shown = _describe(delivered.get(column.name))
        table.append((column.name, column.source.type.text, column.role.value, shown, why))
    warnings = [f"Warning: {with_options(each)}" for each in preview.warnings]
    bound = [f"  :{number} = {value!r}" for number, value in enumerate(preview.statement.binds, 1)]
    return [
        f"Source       {source.name}: {cost.rows_in(estimate)}{_of_all(plan)} rows{stored}",
        *([f"Months       {plan.window}"] if plan.window else []),
        *_list_restated(preview),
        f"Destination  {preview.url}{_name(preview)}",
        *([f"Manifest     {preview.manifest}"] if preview.manifest else []),
        *([f"Marked by    {preview.success_file}"] if preview.success_file else []),
        *(f"Encrypted to {each}" for each in preview.recipients),
        *([f"With         {_spell(preview.demands)}"] if preview.demands else []),
        f"Rows out     {cost.rows_out(estimate)}",
        *([f"Checks       {_spell(preview.conditions)}"] if preview.conditions else []),
        f"Engine       {preview.choice.engine}: {preview.choice.why}",
        *([f"Notify       {', '.join(preview.notified)}"] if preview.notified else []),
        "",
        *_align(cost.table(estimate, as_option)),
        *_note_unsized(estimate),
        "",
        *_align(table),
        "",
        *preview.statement.lines,
        *(["with", *bound] if bound else []),
        *(["", *preview.copy.lines] if preview.copy else []),
        *(["", *warnings] if warnings else []),
        "",
        "Dry run: only samples and counts were read; nothing was written.",
    ]


def as_json(preview: Preview) -> list[str]:
    """Return the same as one line of JSON."""
    return [terminal.json_text(as_data(preview))]


def as_data(preview: Preview) -> dict[str, Any]:
    """Return the same for JSON."""
    source = preview.plan.source
    columns: list[dict[str, Any]] = [
        {
            "name": column.name,
            "type": column.source.type.text,
            "role": column.role.value,
            "why": column.why,
            "identifier": column.identifier or None,
            "flag": preview.plan.flag(column) or None,
        }
        for column in preview.plan.columns
    ]
    return {
        "source": str(source.name),
        "estimated_rows": preview.estimate.rows,
        "destination": preview.url,
        "manifest": preview.manifest or None,
        "success_file": preview.success_file or None,
        "recipients": [
            {"fingerprint": each.fingerprint, "name": each.name} for each in preview.recipients
        ],
        "destination_name": preview.destination,
        "destination_options": dict(preview.demands),
        "checks": dict(preview.conditions),
        "engine": preview.choice.engine,
        "engine_why": preview.choice.why,
        "estimate": _cost(preview.estimate),
        "columns": columns,
        "schema": [column.as_dict() for column in preview.schema],
        "window": preview.plan.window.as_dict() if preview.plan.window else None,
        "restatement": preview.restatement.as_data() if preview.restatement else None,
        "sql": preview.statement.sql,
        "binds": list(preview.statement.binds),
        "copy": preview.copy.sql if preview.copy else None,
        "notify": list(preview.notified),
        "warnings": list(map(with_options, preview.warnings)),
    }


def _list_restated(preview: Preview) -> list[str]:
    """Return a line for each month that is looked at: whether it is delivered, and why."""
    months = preview.restatement.months if preview.restatement else ()
    lines = [f"{'' if number else 'Restate':<13}{each}" for number, each in enumerate(months)]
    if lines and not any(each.due for each in months):
        lines.append(f"{'':<13}So nothing would be delivered.")
    return lines


def _name(preview: Preview) -> str:
    """Return the name of the configured destination, to stand after the URL."""
    return f" (destination {preview.destination})" if preview.destination else ""


def _describe(column: DeliveredColumn | None) -> str:
    """Return the type of a delivered column, after its name if that is not the source's."""
    if column is None:
        return ""
    return column.type if column.name == column.source else f"{column.name} {column.type}"


def _spell(demands: Mapping[str, Any]) -> str:
    """Return options with their values, as on the command line."""
    texts = []
    for name, value in demands.items():
        pairs = value if isinstance(value, Mapping) else {}
        text = ",".join(f"{key}={each}" for key, each in pairs.items()) or str(value)
        texts.append(spelling(name) if value is True else f"{spelling(name)} {text}")
    return "  ".join(texts)


def _of_all(plan: Plan) -> str:
    """Return the rows of the whole table, where only some months of it are read."""
    return "" if plan.window is None or plan.source.rows is None else f" of {plan.source.rows:,}"


def _cost(estimate: Estimate) -> dict[str, Any]:
    return {
        "rows": estimate.rows,
        "stored_bytes": estimate.stored,
        "groups": estimate.groups,
        "groups_counted": estimate.counted,
        "unsized_columns": list(estimate.unsized),
        "engines": {
            way.engine.value: {
                "possible": not way.obstacle,
                "obstacle": with_options(way.obstacle) or None,
                "rows": way.rows,
                "bytes": way.bytes,
                "seconds": None if way.seconds is None else round(way.seconds, 1),
                "pace": way.pace,
                "limit": way.limit,
            }
            for way in estimate.ways
        },
    }


def _note_unsized(estimate: Estimate) -> list[str]:
    names = ", ".join(estimate.unsized)
    return [f"The sample has too few values of {names} to estimate their size."] if names else []


def _align(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the rows as lines, with the cells aligned in columns."""
    rows = [tuple(map(escape_hidden, row)) for row in rows]
    widths = [max(len(row[cell]) for row in rows) for cell in range(len(rows[0]))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
