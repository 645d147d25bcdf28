"""The list of columns: name, role, facts from the sample, and the reason for the role."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip

from core.facade import Plan, PlannedColumn, Role, SourceColumn
from tui.format.text import fit, fit_name, visible
from tui.widgets.lines import Lines, Piece

if TYPE_CHECKING:
    from core.facade import ColumnFacts, Look

SIGNS = {Role.MONTH: "◆", Role.SUM: "Σ", Role.KEY: "●", Role.DROP: "·"}
_ROLE_CELLS, _NULL_CELLS, _DISTINCT_CELLS = 10, 5, 8
_RENAMED_CELLS = 40  # of a name with the one it is delivered under, at most
_NAME_CELLS, _TYPE_CELLS, _WHY_CELLS = (8, 26), (6, 18), (20, 60)  # fewest and most
_SAMPLE_CELLS = 24
_BESIDE = _ROLE_CELLS + _NULL_CELLS + _DISTINCT_CELLS + 7  # cells of what has a constant width
_ARROW = " → "
_LEAST_CELLS = 8  # of a text that is cut where the list ends
_SEEN_OFTEN = 10  # times: a sample then has all values of a column, in all likelihood


@dataclass(frozen=True)
class ColumnRow:
    """One line of the list of columns.

    Attributes:
        column: the column.
        planned: its role; None until there is a plan.
        flag: the flag of the plan; empty for most columns.
        nulls: the share of NULLs.
        distinct: the number of different values.
        samples: some of its values.
    """

    column: SourceColumn
    planned: PlannedColumn | None
    flag: str
    nulls: str
    distinct: str
    samples: str

    @property
    def shown_name(self) -> str:
        """The name of the column, and the one under which it is delivered if it has another."""
        new = self.planned.renamed if self.planned else ""
        return f"{self.column.name}{_ARROW}{new}" if new else self.column.name

    @property
    def why(self) -> str:
        """The flag of the column, else the reason for its role."""
        if self.flag:
            return f"! {self.flag}"
        return self.planned.why if self.planned else ""


class ColumnLines(Lines[ColumnRow]):
    """The columns of a table.

    Attributes:
        selected: the names of the selected columns.
    """

    selected: frozenset[str] = frozenset()
    _name_cells, _type_cells, _why_cells = _NAME_CELLS[0], _TYPE_CELLS[0], _WHY_CELLS[0]

    def heading(self, width: int) -> list[Piece] | None:
        """Return the titles of the list's columns."""
        if not self.items:
            return None
        name, kind, samples, why = self._widths(width)
        titles = (
            f" {fit('column', name)} {fit('role', _ROLE_CELLS)} ",
            fit("distinct", _DISTINCT_CELLS, "right"),
            f" {fit('null', _NULL_CELLS, 'right')}  ",
            f"{fit('type', kind)} ",
            f"{fit('samples', samples)}  ",
            fit("why", why),
        )
        return [Piece(title, "head") for title in titles]

    def pieces(self, item: ColumnRow, width: int) -> list[Piece]:
        """Return name, role, facts, type, samples, and the reason if there is room."""
        name, kind, samples, why = self._widths(width)
        planned = item.planned
        role = planned.role if planned else None
        look = "dim" if role is Role.DROP else ""
        flag = "!" if item.flag else " "
        sign = fit(f" {SIGNS[role]} {role}" if role else " …", _ROLE_CELLS - 1)
        return [
            Piece("▌" if item.column.name in self.selected else " ", "accent"),
            *self._name_pieces(item, name, look),
            Piece(" "),
            Piece(sign, f"chip-{role}" if role else "dim"),
            Piece(flag + " ", "warning"),
            Piece(
                fit(item.distinct, _DISTINCT_CELLS, "right"), look if role is Role.KEY else "dim"
            ),
            Piece(" " + fit(item.nulls, _NULL_CELLS, "right") + "  ", "dim"),
            Piece(fit(item.column.type.text, kind) + " ", "dim"),
            Piece(fit(item.samples, samples) + "  ", look),
            Piece(fit(item.why, why), "warning" if item.flag else "dim"),
        ]

    def _strip(self, pieces: list[Piece], under: Style | None, width: int) -> Strip:
        """Return a line whose last part is whole, or ends in an ellipsis, where the list ends."""
        edge = int(self.scroll_offset.x) + width
        return super()._strip(list(_cut(pieces, edge)), under, width)

    def _name_pieces(self, item: ColumnRow, width: int, look: str) -> list[Piece]:
        """Return the name; of a renamed column, the new one is shown as far as there is room."""
        new = item.planned.renamed if item.planned else ""
        if not new:
            return [Piece(fit_name(item.column.name, width), look)]
        room = max(width // 2, width - cell_len(visible(new)) - len(_ARROW))
        own = fit_name(item.column.name, min(room, cell_len(visible(item.column.name))))
        rest = width - cell_len(own) - len(_ARROW)
        return [Piece(own, "dim"), Piece(_ARROW, "dim"), Piece(fit_name(new, rest), "accent")]

    def select(self, names: Iterable[str]) -> None:
        """Select the columns `names`, and no others."""
        self.selected = frozenset(names)
        self.refresh()

    def row_width(self) -> int:
        """Return the cells of a line without the reason; a narrower list can be scrolled."""
        name, kind, *_ = self._widths(0)
        return name + kind + _BESIDE + _SAMPLE_CELLS

    @property
    def role_cells(self) -> range:
        """The cells of a line that show the role."""
        start = self._widths(0)[0] + 2
        return range(start, start + _ROLE_CELLS)

    def show(self, items: Sequence[ColumnRow], cursor: int | None = None) -> None:
        """Show `items`; the widths of the columns fit their longest texts."""
        renamed = any(row.planned and row.planned.renamed for row in items)
        limits = (_NAME_CELLS[0], _RENAMED_CELLS) if renamed else _NAME_CELLS
        self._name_cells = _longest((row.shown_name for row in items), limits)
        self._type_cells = _longest((row.column.type.text for row in items), _TYPE_CELLS)
        self._why_cells = _longest((row.why for row in items), _WHY_CELLS)
        super().show(items, cursor)

    def _widths(self, width: int) -> tuple[int, int, int, int]:
        """Return the cells of name, type, samples and reason; 0 for a reason without room."""
        name, kind = self._name_cells, self._type_cells
        rest = max(_SAMPLE_CELLS, width - (name + kind + _BESIDE))
        if rest < _SAMPLE_CELLS + _WHY_CELLS[0] + 2:
            return name, kind, rest, 0
        why = min(self._why_cells, rest - 2 - _SAMPLE_CELLS)
        return name, kind, rest - 2 - why, why


def _cut(pieces: Sequence[Piece], edge: int) -> Iterator[Piece]:
    """Yield the parts of a line up to its cell `edge`; one that is cut ends in an ellipsis."""
    at = 0
    for piece in pieces:
        cells, room = cell_len(visible(piece.text)), edge - at
        if cell_len(visible(piece.text.rstrip())) <= room:
            yield piece
        elif room >= _LEAST_CELLS:
            yield Piece(fit(piece.text.rstrip(), room), piece.look)
            return
        else:
            return
        at += cells


def narrow(rows: Sequence[ColumnRow], text: str) -> list[ColumnRow]:
    """Return the rows that match every word of `text`, ignoring case.

    A word with `*` or `?` is a pattern for the whole name; any other is a part of the name, or the
    beginning of the type or the role.
    """
    words = text.casefold().split()
    return [row for row in rows if all(_matches(row, word) for word in words)]


def _matches(row: ColumnRow, word: str) -> bool:
    name = row.shown_name.casefold()
    if "*" in word or "?" in word:
        return fnmatchcase(row.column.name.casefold(), word)
    role = str(row.planned.role) if row.planned else ""
    return word in name or row.column.type.text.casefold().startswith(word) or role == word


def list_rows(look: Look, plan: Plan | None) -> list[ColumnRow]:
    """Return a row for each column of `look`, in the order of the table."""
    planned = {column.name: column for column in plan.columns} if plan else {}
    return [
        ColumnRow(
            column,
            role := planned.get(column.name),
            plan.flag(role) if plan and role else "",
            _format_nulls(facts),
            _format_distinct(facts, look),
            "  ".join(facts.values),
        )
        for column, facts in zip(look.source.columns, look.facts, strict=True)
    ]


def _format_nulls(facts: ColumnFacts) -> str:
    return "0" if not facts.nulls else ("<1%" if facts.nulls < 0.01 else f"{facts.nulls:.0%}")


def _format_distinct(facts: ColumnFacts, look: Look) -> str:
    """Return the number of different values; with a plus if the table probably has more.

    A value of which a sample has one of few is one of many in the table.
    """
    is_whole = look.source.rows == look.rows and not look.source.is_view
    given = round((1 - facts.nulls) * look.rows)
    more = "" if is_whole or facts.distinct * _SEEN_OFTEN <= given else "+"
    return f"{facts.distinct:,}{more}"


def _longest(texts: Iterable[str], limits: tuple[int, int]) -> int:
    """Return the cells of the longest of `texts`, within limits."""
    fewest, most = limits
    return min(max(fewest, max(map(cell_len, texts), default=0)), most)
