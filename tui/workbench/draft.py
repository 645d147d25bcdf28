"""The transfer as it stands: what is asked for, what the table is like, and what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from core import Request, UsageError
from core.facade import Role, edits, restore_defaults
from tui.format.remedies import in_app

if TYPE_CHECKING:
    from core.facade import Estimate, FormerRun, Look, Months, Plan

# A request names a bucket and a table; before there is one, these stand for it. No bucket and no
# table can have such a name.
NOWHERE: Final = "?"
NOTHING: Final = "?"


@dataclass(frozen=True)
class Target:
    """What is to be said about the destination.

    Attributes:
        url: of the object as it will be; empty while that is not known.
        error: what is wrong with what was typed.
    """

    url: str = ""
    error: str = ""


@dataclass(frozen=True)
class Draft:
    """One transfer being put together.

    Attributes:
        request: what is asked for.
        look: the table; None until it was looked at.
        plan: what happens to its columns; None while that is being decided, or cannot be.
        months: of the plan; None until they were looked at.
        former: the runs that tell how long this one may take.
        refused: why the last change cannot be; until it is taken back, nothing runs.
    """

    request: Request
    look: Look | None = None
    plan: Plan | None = None
    months: Months | None = None
    former: Sequence[FormerRun] = ()
    refused: str = ""

    @property
    def target(self) -> Target:
        """Where the file will be, or why it cannot be there."""
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
        """Whether it can be run."""
        return self.plan is not None and bool(self.target.url)

    @property
    def estimate(self) -> Estimate | None:
        """What it would cost; None without a plan."""
        if self.plan is None or self.look is None:
            return None
        from core.facade import estimate

        return estimate(self.request, self.plan, self.look.widths, self.months, self.former)

    def key(self) -> str:
        """The object's key, were it delivered now.

        Raises:
            UsageError: the destination or the file name is invalid.
        """
        from core.facade import object_key

        return object_key(self.request, self.look.source.name if self.look else None)

    def _url(self) -> str:
        from core.facade import object_url

        return object_url(self.request, self.look.source.name if self.look else None)


def make_request(options: Mapping[str, Any]) -> Request:
    """A request of `options`, of which table and bucket may still be missing.

    Raises:
        UsageError: as `Request.of`.
    """
    given = {name: value for name, value in options.items() if value is not None}
    return Request.of(**{"table": NOTHING, "bucket": NOWHERE, **given})


def list_options(request: Request) -> dict[str, Any]:
    """The options that make `request`; what is missing in it is left out."""
    known = {name: getattr(request, name) for name in type(request).model_fields}
    return {name: value for name, value in known.items() if value not in (None, NOTHING, NOWHERE)}


def with_options(request: Request, **options: Any) -> Request:
    """`request` with other options, validated again.

    Raises:
        UsageError: as `Request.of`.
    """
    known = {name: getattr(request, name) for name in type(request).model_fields}
    return Request.of(**{**known, **options})


# A change of any of these needs a new plan.
_DECIDING: Final = (
    *("table", "date_column", "date_format", "on_bad_date", "timezone"),
    *("sum_columns", "key_columns", "drop_columns", "drop_identifiers"),
)


# A change of any of these makes it another object.
_NAMING: Final = (
    *("table", "bucket", "file_name", "format", "gzip"),
    *("aws_profile", "endpoint_url", "s3_options", "expected_bucket_owner"),
)


def naming_options(request: Request) -> tuple[object, ...]:
    """What of `request` says which object it makes, and who asks for it."""
    return tuple(getattr(request, name) for name in _NAMING)


def deciding_options(request: Request) -> tuple[object, ...]:
    """What of `request` its plan depends on."""
    return tuple(getattr(request, name) for name in _DECIDING)


def with_table(request: Request, table: str) -> Request:
    """`request` for another table: what was said of columns is forgotten.

    Raises:
        UsageError: as `Request.of`.
    """
    return with_options(restore_defaults(request), table=table)


def with_role(draft: Draft, column: str, role: Role) -> Request:
    """The request of `draft` with another role for a column.

    Raises:
        UsageError: the column cannot have it.
    """
    if draft.plan is not None:
        return edits.with_role(draft.request, draft.plan, column, role)
    if role is not Role.MONTH:
        raise UsageError("There is no date column yet: choose the month first.")
    return with_options(draft.request, date_column=column, date_format=None)


def list_roles(draft: Draft) -> Mapping[str, Sequence[Role]]:
    """The roles that each column can have."""
    if draft.plan is not None:
        plan = draft.plan
        return {column.name: edits.valid_roles(plan, column.name) for column in plan.columns}
    columns = draft.look.source.columns if draft.look else ()
    return {column.name: (Role.MONTH,) for column in columns}
