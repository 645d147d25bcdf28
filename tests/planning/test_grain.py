"""The grain of a plan: when most rows remain, because of which keys, and what would help."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core.planning import edits
from core.planning.grain import Grain, estimate_groups
from core.planning.plan import Plan, make_plan
from core.remedy import Remedy
from tests.support.sources import request, source

COLUMNS = {
    "D": "DATE",
    "NOTE": "VARCHAR",
    "CLERK": "VARCHAR",
    "KIND": "VARCHAR",
    "N": "NUMBER(9,0)",
}
DAYS = [(date(2024, 1, 1) + timedelta(days=day)).isoformat() for day in range(366)]


def sampled(rows: int = 1_000, **columns: list[object]) -> dict[str, list[object]]:
    """Rows over twelve months: a note of its own each, 300 clerks, three kinds."""
    return {
        "D": [DAYS[n % len(DAYS)] for n in range(rows)],
        "NOTE": [f"note {n}" for n in range(rows)],
        "CLERK": [f"clerk {n % 300}" for n in range(rows)],
        "KIND": ["abc"[n % 3] for n in range(rows)],
        "N": list(range(rows)),
        **columns,
    }


def made(
    sample: dict[str, list[object]] | None = None, of: int | None = 1_000, **options: Any
) -> Plan:
    table = source(COLUMNS, rows=of, is_view=of is None)
    return make_plan(table, sample or sampled(), request(**options))


def grain(plan: Plan) -> Grain:
    assert plan.grain is not None
    return plan.grain


def test_the_keys_that_keep_rows_apart_are_named_the_most_distinct_first() -> None:
    found = grain(made())
    assert (found.rows, found.out, found.counted) == (1_000, 1_000, True)
    assert found.causes == (("NOTE", 1_000), ("CLERK", 300))
    assert found.remedies == (
        Remedy("drop_columns", "NOTE,CLERK"),
        Remedy("key_columns", "none"),
    )
    assert made().warnings[0] == (
        "1,000 of 1,000 rows remain, because of the keys NOTE (1,000 different values in 1,000 "
        "sampled rows), CLERK (300). Without them it is about 36, by month alone 12 rows. Leave "
        'them out: drop_columns="NOTE,CLERK" or key_columns="none".'
    )


@pytest.mark.parametrize("remedy", [0, 1])
def test_its_remedy_removes_the_flag(remedy: int) -> None:
    chosen = grain(made()).remedies[remedy]
    assert made(**{chosen.option: chosen.value}).grain is None


@pytest.mark.parametrize(
    "options",
    [{}, {"drop_columns": "N"}, {"key_columns": "NOTE,KIND,CLERK"}, {"key_columns": "NOTE,N"}],
)
def test_one_key_of_the_app_does_the_same(options: dict[str, Any]) -> None:
    plan = made(**options)
    changed = edits.drop_causes(request(**options), plan)
    again = make_plan(source(COLUMNS, rows=1_000), sampled(), changed)
    assert again.grain is None
    kept = [(c.name, c.role) for c in plan.columns if c.name not in grain(plan).names]
    assert [(c.name, c.role) for c in again.columns if c.name not in grain(plan).names] == kept
    first = grain(plan).remedies[0]
    by_option = made(**{**options, first.option: first.value})
    assert [c.role for c in by_option.columns] == [c.role for c in again.columns]


def test_half_of_the_rows_is_no_flag_and_one_more_is() -> None:
    twins = [f"note {n // 2}" for n in range(1_000)]
    days = ["2024-01-01"] * 1_000
    sample = sampled(D=days, NOTE=twins, CLERK=["x"] * 1_000, KIND=["x"] * 1_000)
    assert made(sample).grain is None
    sample["KIND"] = ["y", *sample["KIND"][1:]]
    assert grain(made(sample)).out == 501


def test_dates_alone_that_keep_rows_apart_are_no_fault_of_the_keys() -> None:
    days = [f"{1000 + n}-01-01" for n in range(1_000)]
    assert made(sampled(D=days)).grain is None


def test_if_most_rows_remain_by_month_alone_too_all_keys_are_named() -> None:
    days: list[object] = [f"{1000 + n % 700}-01-01" for n in range(1_000)]
    plan = made(sampled(D=days))
    assert grain(plan).names == ("NOTE", "CLERK", "KIND")
    assert grain(plan).remedies == (Remedy("key_columns", "none"),)
    assert "By month alone it is 700 rows. Leave them out: key" in plan.warnings[0]
    assert made(sampled(D=days), key_columns="none").grain is None


def test_a_table_of_a_few_rows_is_not_flagged() -> None:
    assert made(sampled(99), of=99).grain is None
    assert made(sampled(100), of=100).grain is not None


def test_blank_rows_are_no_groups() -> None:
    blank: dict[str, list[object]] = {name: [None] * 1_000 for name in COLUMNS}
    sample = {name: [*values, *blank[name]] for name, values in sampled().items()}
    assert made(sample, of=2_000).grain is None
    half = {name: [*values, *blank[name][:900]] for name, values in sampled().items()}
    assert (grain(made(half, of=1_900)).rows, grain(made(half, of=1_900)).out) == (1_900, 1_000)


def test_a_part_of_a_table_gives_an_estimate_and_no_number_of_months() -> None:
    found = grain(made(of=1_000_000))
    assert (found.rows, found.out, found.counted) == (1_000_000, 1_000_000, False)
    assert "About 1,000,000 of 1,000,000 rows remain" in found.sentence
    assert "about 3 a month, by month alone 1 row a month" in found.sentence


def test_groups_that_are_few_in_a_large_table_are_not_flagged() -> None:
    # In 1,000 of a million rows, 20,000 groups look nearly unique: 25 pairs of rows share one.
    notes = [f"note {n if n >= 50 else n // 2}" for n in range(1_000)]
    sample = sampled(D=["2024-01-01"] * 1_000, NOTE=notes, CLERK=["x"] * 1_000, KIND=["x"] * 1_000)
    assert made(sample, of=1_000_000).grain is None


def test_a_view_is_flagged_if_its_sampled_rows_are_nearly_unique() -> None:
    found = grain(made(of=None))
    assert (found.rows, found.out, found.counted) == (1_000, 1_000, False)
    notes = [f"note {n % 800}" for n in range(1_000)]
    few = sampled(D=["2024-01-01"] * 1_000, NOTE=notes, CLERK=["x"] * 1_000, KIND=["x"] * 1_000)
    assert made(few, of=None).grain is None


@pytest.mark.parametrize(
    ("column", "values"),
    [("NOTE", ["x" * 100]), ("D", ["2024-01-01 10:00:00.000"])],
)
def test_values_that_the_sample_cuts_make_it_an_estimate(column: str, values: list[object]) -> None:
    kinds = COLUMNS | ({"E": "TIMESTAMP_NTZ(9)"} if column == "D" else {})
    sample = sampled()
    if column == "D":
        sample["E"] = values * 1_000
    else:
        sample[column] = [*sample[column][:-1], *values]
    table = source(kinds, rows=1_000)
    assert not grain(make_plan(table, sample, request())).counted


@pytest.mark.parametrize(
    ("kind", "value", "months"),
    [
        ("VARCHAR", "2024-{month:02}-05", 12),
        ("NUMBER(38,0)", 1_704_067_200, 12),
        ("TIMESTAMP_NTZ(3)", "2024-{month:02}-05 10:00:00.000", 12),
        ("DATE", "05-JAN-2024", None),  # a session's own DATE_OUTPUT_FORMAT
    ],
)
def test_months_are_those_of_the_date_column(kind: str, value: Any, months: int | None) -> None:
    dates: list[object] = [
        value.format(month=1 + n % 12) if isinstance(value, str) else value + (n % 12) * 31 * 86_400
        for n in range(1_000)
    ]
    table = source(COLUMNS | {"D": kind}, rows=1_000)
    found = make_plan(table, sampled(D=dates), request(date_column="D")).grain
    assert (found.months if found else None) == months


def test_not_a_number_is_one_value() -> None:
    values: list[object] = [float("nan") for _ in range(1_000)]
    table = source({"D": "DATE", "F": "FLOAT"}, rows=1_000)
    sample = {"D": sampled()["D"], "F": values}
    assert make_plan(table, sample, request(key_columns="F")).grain is None


def test_a_name_that_must_be_quoted_is_quoted_in_the_remedy() -> None:
    table = source({"D": "DATE", "A,B": "VARCHAR", "K": "VARCHAR"}, rows=1_000)
    sample = {"D": sampled()["D"], "A,B": sampled()["NOTE"], "K": sampled()["KIND"]}
    found = grain(make_plan(table, sample, request()))
    assert found.remedies[0] == Remedy("drop_columns", '"A,B"')
    again = make_plan(table, sample, request(drop_columns=str(found.remedies[0].value)))
    assert again.grain is None


def test_a_larger_sample_corrects_it_or_withdraws_it() -> None:
    found = grain(made(of=100_000))
    exact = found.with_counts(100_000, 99_998, 80, counted=True)
    assert exact is not None
    assert "99,998 of 100,000 rows remain" in exact.sentence
    assert "by month alone 80 rows" in exact.sentence
    assert found.with_counts(100_000, 50_000, None, counted=False) is None


def test_groups_are_estimated_from_the_rows_that_share_one() -> None:
    assert estimate_groups(0, 0, 0, 0) == 0
    assert estimate_groups(5_000, 5_000, 5_000, 27_000_000) == 27_000_000
    assert estimate_groups(5_000, 100, 0, 27_000_000) == 100
    assert 49_000 < estimate_groups(5_000, 4_762, 4_530, 10_000_000) < 54_000
