"""The comparison: every difference is found and named, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.aggregation.reconciliation import RunTotals, Total
from core.errors import CancelledError, IntegrityError, SourceDataError, TransferError
from core.verify.comparison import Comparison, Copy, ReadBack, compare
from core.verify.failures import explain_unreported, explain_unverified, find_mismatch
from core.verify.month_totals import MonthFigures
from core.verify.source_totals import Snapshot, SourceTotals
from tests.support.sources import plan

PLAN = plan({"D": "DATE", "AMT": "NUMBER(12,2)", "F": "FLOAT"})


def exact(text: str) -> Total:
    return Total(Decimal(text))


def month(groups: int, amount: str, number: float, size: float = 0.0) -> MonthFigures:
    return MonthFigures(groups, (exact(amount), Total(number, size)))


MARCH, APRIL, NONE = "2024-03-01", "2024-04-01", None
SNOWFLAKE = {
    MARCH: month(2, "0.30", 1.5, 1.5),
    APRIL: month(1, "10.00", -2.5, 2.5),
    NONE: MonthFigures(1, (None, None)),
}
FILE = {
    MARCH: month(2, "0.30", 1.5 * (1 + 1e-12)),
    APRIL: month(1, "10.00", -2.5),
    NONE: MonthFigures(1, (None, None)),
}
TOTALS = RunTotals(
    rows_declared=9,
    rows_read=9,
    blank_rows=2,
    null_dates=1,
    groups=4,
    read={"sum_1": exact("10.30"), "sum_2": Total(-1.0, 4.0)},
    written={"sum_1": exact("10.30"), "sum_2": Total(-1.0, 4.0)},
)
ASKED = SourceTotals(SNOWFLAKE, 9, 2, 1, 0, Snapshot.READ, "", "01b")
READ = ReadBack(FILE, Copy.BUCKET)


def compared(
    asked: SourceTotals = ASKED, read: ReadBack = READ, totals: RunTotals = TOTALS
) -> Comparison:
    return compare(PLAN, totals, asked, read)


def test_three_parties_agree() -> None:
    found = compared()
    assert found.agrees is True
    assert str(found) == (
        "Verified: 9 rows, 4 groups, 2 sums agree over 3 months. Snowflake was queried for the "
        "source as it was read; the file was read back from S3."
    )


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (
            {**FILE, MARCH: month(2, "0.31", 1.5)},
            "the sum of AMT in 2024-03 is 0.31 for the file, 0.30 for Snowflake",
        ),
        (
            {**FILE, APRIL: month(1, "10.00", -2.5000001)},
            "the sum of F in 2024-04 is -2.5000001 for the file, -2.5 for Snowflake",
        ),
        (
            {**FILE, APRIL: month(1, "10.00", float("nan"))},
            "the sum of F in 2024-04 is nan for the file, -2.5 for Snowflake",
        ),
        (
            {**FILE, NONE: MonthFigures(1, (exact("0.00"), None))},
            "the sum of AMT in NULL is 0.00 for the file, NULL for Snowflake",
        ),
        (
            {**FILE, MARCH: month(1, "0.30", 1.5)},
            "the number of rows in 2024-03 is 1 for the file, 2 for Snowflake",
        ),
        (
            {MARCH: FILE[MARCH], NONE: FILE[NONE]},
            "the sum of AMT in 2024-04 is NULL for the file, 10.00 for Snowflake",
        ),
        (
            {**FILE, MARCH: FILE[APRIL], APRIL: FILE[MARCH]},  # the whole is the same
            "the sum of AMT in 2024-03 is 10.00 for the file, 0.30 for Snowflake",
        ),
    ],
)
def test_a_difference_in_the_file_is_named(file: dict[str | None, MonthFigures], said: str) -> None:
    found = compared(read=ReadBack(file, Copy.BUCKET))
    assert found.agrees is False
    assert said in map(str, found.differences)
    assert f"Not verified: {found.differences[0]}" in str(found)
    assert found.differences[0].month


def test_rows_that_were_lost_are_found() -> None:
    lost = replace(TOTALS, rows_declared=8, rows_read=8)
    found = compared(totals=lost)
    assert found.agrees is False
    assert [str(each) for each in found.differences] == [
        "the number of rows read is 8 for the run, 9 for Snowflake"
    ]


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("blank_rows", "blank rows"),
        ("null_dates", "rows without a date"),
        ("bad_dates", "bad dates"),
        ("groups", "rows"),
    ],
)
def test_every_count_of_the_run_is_compared(name: str, figure: str) -> None:
    found = compared(totals=replace(TOTALS, **{name: 7}))
    assert found.agrees is False
    assert {each.figure for each in found.differences} == {figure}


def test_the_totals_of_the_run_are_compared_where_the_file_was_not_read() -> None:
    unread = ReadBack(None, Copy.NONE, "S3 said no")
    assert compared(read=unread).agrees is True
    assert str(compared(read=unread)).endswith("; the file was not read (S3 said no).")
    wrong = replace(TOTALS, read={**TOTALS.read, "sum_1": exact("10.31")})
    (difference,) = compared(read=unread, totals=wrong).differences
    assert str(difference) == "the sum of AMT is 10.31 for the run, 10.30 for Snowflake"


def test_a_source_that_changed_is_told_but_no_alarm() -> None:
    changed = {**SNOWFLAKE, MARCH: month(3, "0.40", 1.5, 1.5)}
    now = replace(ASKED, figures=changed, rows=10, snapshot=Snapshot.NOW, why="a view")
    found = compared(asked=now)
    assert found.agrees is None
    assert "may have changed since it was read: the sum of AMT in 2024-03 is 0.30" in str(found)
    assert "as it is now (a view)" in str(found)
    planted = ReadBack({**FILE, MARCH: month(2, "0.31", 1.5)}, Copy.BUCKET)
    assert compared(asked=now, read=planted).agrees is False  # the totals of the run show it


def test_rounded_sums_have_a_tolerance() -> None:
    wide = {**SNOWFLAKE, MARCH: MonthFigures(2, (Total(0.3, 0.3), Total(1.5, 1.5)))}
    assert compared(asked=replace(ASKED, figures=wide)).agrees is True
    wide[MARCH] = MonthFigures(2, (Total(0.31, 0.31), Total(1.5, 1.5)))
    assert compared(asked=replace(ASKED, figures=wide)).agrees is False


def test_only_so_many_differences_are_kept() -> None:
    many = {f"{year}-01-01": month(1, "1.00", 1.0, 1.0) for year in range(1000, 1300)}
    found = compared(asked=replace(ASKED, figures={**SNOWFLAKE, **many}))
    assert len(found.differences) == 100
    assert found.difference_count > 900
    assert len(found.as_dict()["differences"]) == 100


URL = "s3://b/k"


@pytest.mark.parametrize(
    ("figures", "more"),
    [
        ({APRIL: month(2, "10.00", -2.5)}, ", and 1 more differences."),
        ({MARCH: month(3, "0.30", 1.5), APRIL: month(1, "10.00", 0)}, ", and 3 more differences."),
    ],
)
def test_the_error_names_the_first_difference_and_counts_the_others(
    figures: dict[str | None, MonthFigures], more: str
) -> None:
    found = compared(read=ReadBack({**FILE, **figures}, Copy.BUCKET))
    error = find_mismatch(URL, found)
    assert isinstance(error, IntegrityError)
    assert error.message == f"{URL} is delivered, but {found.differences[0]}{more}"
    assert found.how in error.hint


def test_a_single_difference_is_the_error() -> None:
    found = compared(asked=replace(ASKED, bad_dates=1))
    assert found.difference_count == 1
    error = find_mismatch(URL, found)
    assert error is not None
    assert error.message == f"{URL} is delivered, but {found.differences[0]}."


def test_where_nothing_differs_there_is_no_error() -> None:
    assert find_mismatch(URL, compared()) is None
    unsure = replace(ASKED, rows=10, snapshot=Snapshot.NOW, why="a view")
    assert find_mismatch(URL, compared(asked=unsure)) is None


def test_what_ended_the_verification_is_named_beside_the_delivery() -> None:
    cause = SourceDataError("The view is gone.", "Look.")
    for error in (explain_unverified(URL, cause), explain_unreported(URL, cause)):
        assert (type(error), error.__cause__, error.hint) == (SourceDataError, cause, "Look.")
        assert f"{URL} is delivered" in error.message
        assert "The view is gone." in error.message
    stopped: TransferError = explain_unverified(URL, CancelledError())
    assert type(stopped) is CancelledError
    assert stopped.message == f"The verification was stopped. {URL} is delivered."
