"""The flags of a plan's columns: sums that mean nothing, and names that readers refuse."""

from __future__ import annotations

from core.planning.not_additive import find_not_additive
from core.remedy import Remedy, remedies
from tests.support.sources import plan, source

MEANINGLESS = """
    LAT lon LONGITUDE GEO_LAT RATE InterestRate TAX_RATE RATIO PCT DISCOUNT_PCT PERCENT AVG
    AVG_AMOUNT avgCost PRICE_PER_UNIT COST_PER_CLICK UNIT_PRICE TEMP TEMP_C TEMPERATURE AGE
    CUSTOMER_AGE SCORE RATING
"""
MEASURES = """
    AGENT_COUNT STORAGE PAGES LATE_FEE LATENCY RATED OPERATION SCORE_COUNT RATE_PLAN_COST PER_DIEM
    PERSONS TEMPLATE_USES AMOUNT POPULATION TOTAL UNITS PRICE
"""


def test_sums_that_mean_nothing_are_known_by_whole_words() -> None:
    names = MEANINGLESS.split()
    columns = source(dict.fromkeys([*names, *MEASURES.split()], "NUMBER(12,2)")).columns
    assert list(find_not_additive(columns)) == names


def test_only_sums_are_flagged_and_the_remedy_keeps_what_is_dropped_already() -> None:
    columns = {"D": "DATE", "LAT": "FLOAT", "AGE": "NUMBER(3,0)", "AGE_ID": "NUMBER(9,0)",
               "LON": "VARCHAR", "N": "NUMBER(9,0)"}  # fmt: skip
    made = plan(columns, drop_columns="N")
    (said,) = [each for each in made.warnings if "may mean nothing" in each]
    assert "LAT (name has LAT), AGE (name has AGE)." in said
    assert remedies(said) == (Remedy("drop_columns", "N,LAT,AGE"),)
    assert [made.flag(c) for c in made.columns if c.name in ("LAT", "LON", "AGE_ID")] == [
        "its sum may mean nothing: name has LAT",
        "looks like an identifier: name ends in ID",
        "",
    ]
    assert not plan(columns, drop_columns="N,LAT,AGE,AGE_ID").warnings
    assert not plan(columns, sum_columns="LAT,AGE,AGE_ID,N").warnings


def test_a_unique_number_is_no_identifier() -> None:
    sample: dict[str, list[object]] = {
        "D": ["2024-01-01"] * 5_000,
        "POPULATION": list(range(5_000)),
    }
    columns = {"D": "DATE", "POPULATION": "NUMBER(12,0)"}
    made = plan(columns, sample, drop_identifiers=True)
    assert [c.name for c in made.sums] == ["POPULATION"]
    assert not made.warnings


def test_names_that_differ_by_case_or_that_spark_refuses_are_flagged() -> None:
    columns = {"D": "DATE", "Name": "VARCHAR", "NAME": "VARCHAR", "a b": "VARCHAR", "x=y": "FLOAT"}
    by_case, refused = plan(columns).warnings
    assert "differ only by case: Name, NAME" in by_case
    assert "Spark and Athena refuse: 'a b', 'x=y'" in refused
    assert not plan(columns, key_columns="NAME", drop_columns="x=y").warnings


def test_a_file_of_nothing_but_months_says_so() -> None:
    columns = {"D": "DATE", "N": "NUMBER(9,0)", "K": "VARCHAR"}
    (said,) = plan(columns, drop_columns="N,K").warnings
    assert said.startswith("The file holds the months of D and nothing else")
    assert not plan(columns, drop_columns="K").warnings
