"""Browse a warehouse before a transfer: databases and tables, a table's columns, its months.

One session is used for all of it, from one thread at a time; every call can be cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from core import query
from core.engines.widths import Width, measure_widths
from core.planning.identifiers import find_identifiers
from core.planning.names import TableName
from core.planning.plan import Plan, Sample, make_plan
from core.planning.source import Source, SourceColumn
from core.preview.month_preview import Months, preview_months
from core.preview.regroup import can_regroup, regroup
from core.preview.sample import find_blank_rows, take_sample
from core.request.request import Request
from core.runtime.cancel import Cancel
from core.runtime.closing import Closing
from core.warehouse import catalog
from core.warehouse.catalog import Entry
from core.warehouse.connect import sign_out
from core.warehouse.lending import SignedIn

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from core.aggregation.first_rows import FirstRows

_SHOWN_VALUES = 3
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True)
class ColumnFacts:
    """Facts about a column, from a sample.

    Attributes:
        name: the column's name.
        values: up to three different values as short text of one line, without blank ones.
        nulls: the share of NULLs, 0 to 1.
        distinct: the number of different values in the sample.
        identifier: why a number looks like an identifier; empty if it does not.
    """

    name: str
    values: tuple[str, ...]
    nulls: float
    distinct: int
    identifier: str = ""


@dataclass(frozen=True)
class Look:
    """The description and the sample of a table or view.

    Attributes:
        source: its description.
        sample: sampled values by column name, of the columns that planning needs.
        facts: the facts about every column, in table order.
        rows: the number of sampled rows.
        widths: the size of every column's values when downloaded, by column name.
        today: the date at Snowflake, in the time zone of the session.
        values: the sampled values of every column, by its name.
        blank: the positions of the sampled rows that are fully blank.
    """

    source: Source
    sample: Sample
    facts: tuple[ColumnFacts, ...]
    rows: int
    widths: Mapping[str, Width] = field(default_factory=dict)
    today: date | None = None
    values: Mapping[str, Sequence[object]] = field(default_factory=dict)
    blank: frozenset[int] = frozenset()


class Explorer(Closing):
    """An open session for browsing; a context manager that signs out on exit.

    Attributes:
        place: the session's database and schema, each None if none is selected.
        signed_in: the session, which a run can use too; None if it cannot.
    """

    def __init__(self, connection: SnowflakeConnection, signed_in: SignedIn | None = None) -> None:
        self._connection = connection
        self.signed_in = signed_in
        self.place: tuple[str | None, str | None] = (
            connection.database or None,
            connection.schema or None,
        )

    @classmethod
    def open(
        cls,
        connection: str | Mapping[str, object] | None,
        *,
        warehouse: str | None = None,
        role: str | None = None,
        aws_profile: str | None = None,
        timezone: str | None = None,
    ) -> Self:
        """Sign in; the arguments are those of a `Request`.

        Raises:
            UsageError: there is no such connection, or a parameter is missing or invalid.
            SignInError: Snowflake refused the sign-in, the role or the warehouse, or AWS a secret.
            TemporaryError: Snowflake, or AWS for a secret, could not be reached in time.
        """
        signed_in = SignedIn.open(
            connection,
            query_tag="amplify-transfer explore",
            warehouse=warehouse,
            role=role,
            aws_profile=aws_profile,
            timezone=timezone,
        )
        return cls(signed_in.session, signed_in)

    def close(self) -> None:
        """Sign out, once no run uses the session; takes a second at most."""
        sign_out(self._connection)

    def databases(self, cancel: Cancel) -> list[str]:
        """Return the databases that the role may see. Starts no warehouse."""
        return catalog.list_databases(self._connection, cancel)

    def schemas(self, database: str, cancel: Cancel) -> list[str]:
        """Return the schemas of a database, without INFORMATION_SCHEMA. Starts no warehouse.

        Raises:
            SourceDataError: there is no such database for this role.
        """
        return catalog.list_schemas(self._connection, database, cancel)

    def tables(self, database: str, schema: str | None, cancel: Cancel) -> Iterator[list[Entry]]:
        """Yield the tables and views of a schema, or of every schema of a database for None.

        Starts no warehouse.

        Yields:
            Pages of entries, each as soon as it is read; at least one page for a schema.

        Raises:
            SourceDataError: there is no such database or schema for this role.
        """
        return catalog.list_tables(self._connection, database, schema, cancel)

    def search(self, part: str, cancel: Cancel) -> list[Entry]:
        """Return the tables and views of every database whose name contains `part`.

        Case is ignored. These are the first thousand; it takes one statement and no warehouse.
        """
        return catalog.search_tables(self._connection, part, cancel)

    def columns(self, name: TableName, cancel: Cancel) -> tuple[SourceColumn, ...]:
        """Return the columns of a table or view. Starts no warehouse.

        Raises:
            SourceDataError: there is no such table for this role.
        """
        return catalog.describe_columns(self._connection, name, cancel)

    def look(self, name: TableName | str, cancel: Cancel) -> Look:
        """Describe and sample a table or view; a string is parsed as a `Request`'s `table`.

        Raises:
            UsageError: the string is not a name, or no database or schema is selected.
            SourceDataError: there is no such table for this role.
        """
        source = catalog.find(self._connection, str(name), cancel)
        today = catalog.find_today(self._connection, cancel)
        values = take_sample(self._connection, source, cancel, source.columns)
        flags = find_identifiers(source.columns)
        facts = tuple(
            _collect_facts(column.name, values[column.name], flags.get(column.name, ""))
            for column in source.columns
        )
        detected = {c.name: values[c.name] for c in query.pick_sample_columns(source)}
        rows = max((len(column) for column in values.values()), default=0)
        widths = measure_widths(source.columns, values)
        blank = find_blank_rows(source, values)
        return Look(source, detected, facts, rows, widths, today, values, blank)

    @staticmethod
    def plan(look: Look, request: Request) -> Plan:
        """Make the plan of a request without a query.

        It is the plan that `run_transfer` makes of the same request on the same day.

        Raises:
            UsageError: a column is unknown, named twice, or cannot have the requested role.
            SourceDataError: there is no date column, or its format is ambiguous.
        """
        return make_plan(look.source, look.sample, request, today=look.today)

    def preview(self, plan: Plan, cancel: Cancel, *, exact: bool, counted: bool = False) -> Months:
        """Return the months of `plan`; see `core.preview.month_preview.preview_months`."""
        return preview_months(self._connection, plan, cancel, exact=exact, counted=counted)

    @staticmethod
    def can_regroup(plan: Plan, known: Plan) -> bool:
        """Whether `plan` reads the same rows of the same table as `known`."""
        return can_regroup(plan, known)

    @staticmethod
    def regroup(look: Look, plan: Plan, known: tuple[Plan, Months] | None) -> Months | None:
        """Return the months of `plan` without a statement; see `core.preview.regroup`."""
        return regroup(look, plan, known)

    def first_rows(self, plan: Plan, cancel: Cancel, *, rows: int) -> FirstRows:
        """Return the first rows of the delivery; see `core.preview.first_groups`."""
        from core.preview.first_groups import preview_first_rows  # loads polars

        return preview_first_rows(self._connection, plan, cancel, rows=rows)


def _collect_facts(name: str, values: Sequence[object], identifier: str) -> ColumnFacts:
    shown: dict[str, None] = {}
    for value in values:
        if value is not None and (text := _shorten(value)):
            shown[text] = None
            if len(shown) == _SHOWN_VALUES:
                break
    nulls = sum(value is None for value in values) / len(values) if values else 0.0
    return ColumnFacts(name, tuple(shown), nulls, len(set(values) - {None}), identifier)


def _shorten(value: object) -> str:
    """Return a value as text on one line of at most 40 characters."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
    else:
        text = f"{value:.15g}" if isinstance(value, float) else str(value)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1] + "…"
