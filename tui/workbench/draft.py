"""The transfer that is being edited: its request, and what is known of its table so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from core import Request, UsageError
from core.facade import Role, edits, fill_options, restore_defaults
from tui.format.remedies import in_app

if TYPE_CHECKING:
    from core.facade import Estimate, FirstRows, FormerRun, Look, Months, Plan, TableName, Window

# A request must have a bucket and a table. Until they are chosen, these values take their place: no
# bucket and no table can have such a name.
NOWHERE: Final = "?"
NOTHING: Final = "?"


@dataclass(frozen=True)
class Target:
    """The destination of a draft.

    Attributes:
        url: the URL that the object will have; empty while it is not known.
        error: what is wrong with the destination or with another option; empty if nothing.
    """

    url: str = ""
    error: str = ""


@dataclass(frozen=True)
class Draft:
    """A transfer that is being edited.

    Attributes:
        request: the options.
        look: the table with its sample; None until it is sampled.
        plan: the roles of its columns; None while it is being made, or if there is an error.
        months: the months of the plan; None until they are computed.
        rows: the first rows of its delivery; None until they are read.
        former: earlier runs, from which the duration is estimated.
        refused: why the last change is invalid; until it is corrected, nothing can be run.
        known: the plan of the last statement that computed months of this table, and these; None
            before. Months of other roles follow from them and the sample.
    """

    request: Request
    look: Look | None = None
    plan: Plan | None = None
    months: Months | None = None
    rows: FirstRows | None = None
    former: Sequence[FormerRun] = ()
    refused: str = ""
    known: tuple[Plan, Months] | None = None

    @property
    def target(self) -> Target:
        """The URL that the file will have, or what is wrong."""
        if self.refused:
            return Target(error=self.refused)
        if self.request.bucket == NOWHERE:
            return Target()
        try:
            return Target(self._url())
        except UsageError as error:
            return Target(error=in_app(error.message))

    @property
    def complete(self) -> bool:
        """Whether the transfer can be run."""
        return self.plan is not None and bool(self.target.url)

    @property
    def estimate(self) -> Estimate | None:
        """The estimated cost of the transfer; None without a plan."""
        if self.plan is None or self.look is None:
            return None
        from core.facade import estimate

        return estimate(self.request, self.plan, self.look.widths, self.months, self.former)

    @property
    def rows_ahead(self) -> tuple[FirstRows, bool] | None:
        """The first rows, and whether their sums are those of a sample; None if not known."""
        if self.rows is None or self.plan is None:
            return None
        from core.facade import reads_all

        return self.rows, not reads_all(self.plan)

    def key(self) -> str:
        """Return the key that the object would have if it were delivered now.

        Raises:
            UsageError: the destination or the file name is invalid.
        """
        from core.facade import object_key

        return object_key(self.request, self._table, self._window)

    def _url(self) -> str:
        from core.facade import object_url

        return object_url(self.request, self._table, self._window)

    @property
    def _table(self) -> TableName | None:
        return self.look.source.name if self.look else None

    @property
    def _window(self) -> Window | None:
        """The months that are read; None for all, or if the last ones are not known yet."""
        from core.facade import find_window

        today = self.look.today if self.look else None
        if today is None and self.request.last_months is not None:
            return None
        return find_window(self.request, today)


def make_request(options: Mapping[str, Any]) -> Request:
    """Return a request with `options`; table and bucket may be missing.

    Raises:
        UsageError: as `Request.of`.
    """
    given = {name: value for name, value in options.items() if value is not None}
    return Request.of(**{"table": NOTHING, "bucket": NOWHERE, **fill_options(given)})


def list_options(request: Request) -> dict[str, Any]:
    """Return the options of `request` without those that are not set."""
    known = request.as_options()
    return {name: value for name, value in known.items() if value not in (None, NOTHING, NOWHERE)}


def with_options(request: Request, **options: Any) -> Request:
    """Return `request` with `options` changed, validated again.

    Raises:
        UsageError: as `Request.of`.
    """
    known = request.as_options()
    if options.get("bucket", request.bucket) == request.bucket:
        known["destination"] = request.destination
    return Request.of(**{**known, **options})


# A change of any of these needs a new plan.
_DECIDING: Final = (
    *("table", "date_column", "date_format", "on_bad_date", "timezone"),
    *("sum_columns", "key_columns", "drop_columns", "drop_identifiers"),
    *("since", "until", "last_months", "include_current", "undated"),
    *("rename", "timestamp_unit"),
)


# A change of any of these gives another object.
_NAMING: Final = (
    *("table", "bucket", "file_name", "format", "gzip", "split_by", "encrypt_to"),
    *("since", "until", "last_months", "include_current"),
    *("aws_profile", "endpoint_url", "s3_options", "expected_bucket_owner"),
    *("region", "role_arn", "external_id", "request_payer"),
)


def naming_options(request: Request) -> tuple[object, ...]:
    """Return the values that determine the object of `request`, and how S3 is reached."""
    return tuple(getattr(request, name) for name in _NAMING)


def deciding_options(request: Request) -> tuple[object, ...]:
    """Return the values of `request` that its plan depends on."""
    return tuple(getattr(request, name) for name in _DECIDING)


def with_decisions(request: Request, decisions: tuple[Any, ...]) -> Request:
    """Return `request` with the values that `deciding_options` returned for another one.

    Raises:
        UsageError: as `Request.of`.
    """
    return with_options(request, **dict(zip(_DECIDING, decisions, strict=True)))


def with_table(request: Request, table: str) -> Request:
    """Return `request` for another table: the options about columns get their defaults.

    Raises:
        UsageError: as `Request.of`.
    """
    return with_options(restore_defaults(request), table=table)


def with_role(draft: Draft, columns: Sequence[str], role: Role) -> Request:
    """Return the request of `draft` with another role for a column, or for several.

    Raises:
        UsageError: the column cannot have it.
    """
    if draft.plan is not None:
        if len(columns) > 1:
            return edits.with_roles(draft.request, draft.plan, columns, role)
        return edits.with_role(draft.request, draft.plan, columns[0], role)
    if role is not Role.MONTH:
        raise UsageError("There is no date column yet: choose the month first.")
    return with_options(draft.request, date_column=columns[0], date_format=None)


def with_name(draft: Draft, column: str, new: str) -> Request:
    """Return the request of `draft` that delivers `column` as `new`.

    Raises:
        UsageError: it cannot have that name.
    """
    if draft.plan is None:
        raise UsageError("There is no date column yet: choose the month first.")
    return with_options(draft.request, rename=edits.rename_column(draft.plan, column, new) or None)


def list_roles(draft: Draft) -> Mapping[str, Sequence[Role]]:
    """Return the roles that each column can have, by its name."""
    if draft.plan is not None:
        plan = draft.plan
        return {column.name: edits.valid_roles(plan, column.name) for column in plan.columns}
    columns = draft.look.source.columns if draft.look else ()
    return {column.name: (Role.MONTH,) for column in columns}
