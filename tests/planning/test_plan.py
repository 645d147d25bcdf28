"""The plan of a request: the role of each column, warnings, and invalid requests."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import SourceDataError, UsageError
from core.planning.plan import Plan, PlannedColumn, Role
from tests.support.sources import ORDERS, plan, source


def roles(made: Plan) -> dict[str, str]:
    return {column.name: str(column.role) for column in made.columns}


def test_the_default_sums_every_number_and_keeps_the_rest() -> None:
    assert roles(plan(ORDERS)) == {
        "O_ORDERKEY": "sum",
        "O_ORDERSTATUS": "key",
        "O_TOTALPRICE": "sum",
        "O_ORDERDATE": "month",
    }


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({"sum_columns": "o_totalprice"}, {"O_ORDERKEY": "drop"}),
        ({"sum_columns": "none"}, {"O_ORDERKEY": "drop", "O_TOTALPRICE": "drop"}),
        ({"key_columns": "none"}, {"O_ORDERSTATUS": "drop"}),
        ({"key_columns": "O_ORDERKEY"}, {"O_ORDERKEY": "key", "O_ORDERSTATUS": "drop"}),
        ({"drop_columns": "O_ORDERKEY"}, {"O_ORDERKEY": "drop"}),
        ({"drop_identifiers": True}, {"O_ORDERKEY": "drop"}),
        ({"drop_identifiers": True, "sum_columns": "O_ORDERKEY"}, {"O_TOTALPRICE": "drop"}),
    ],
)
def test_a_request_changes_roles(options: dict[str, Any], changed: dict[str, str]) -> None:
    assert roles(plan(ORDERS, **options)) == {**roles(plan(ORDERS)), **changed}


def test_identifiers_are_flagged_and_warned_of() -> None:
    made = plan(ORDERS)
    assert made.columns[0].identifier
    assert any("O_ORDERKEY" in said and "drop_identifiers" in said for said in made.warnings)
    assert not plan(ORDERS, drop_identifiers=True).warnings
    assert not plan(ORDERS, sum_columns="O_ORDERKEY,O_TOTALPRICE").warnings


def test_alternatives_to_the_date_are_warned_of() -> None:
    made = plan({"A_DATE": "DATE", "B_DATE": "TIMESTAMP_NTZ(9)", "N": "NUMBER(3,0)"})
    assert made.month.name == "A_DATE"
    assert any("B_DATE" in said and "date_column" in said for said in made.warnings)


def test_months_after_the_current_one_are_a_warning() -> None:
    made = plan({"D": "VARCHAR(9)"}, {"D": ["01/31/24", "01/31/69"]}, date_column="D")

    (said,) = made.warnings
    assert said.startswith("1 of 2 sampled dates of D are after the current month")
    assert "date_format" in said


def test_a_column_requested_as_a_key_is_not_detected_as_the_date() -> None:
    made = plan({"D": "DATE", "E": "DATE"}, key_columns="D")
    assert roles(made) == {"D": "key", "E": "month"}


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"sum_columns": "O_ORDERSTATUS"}, UsageError, "cannot be summed"),
        ({"sum_columns": "PRICE"}, UsageError, "no column 'PRICE'"),
        ({"date_column": "WHEN"}, UsageError, "no column 'WHEN'"),
        ({"sum_columns": "O_TOTALPRICE,o_totalprice"}, UsageError, "named twice"),
        (
            {"sum_columns": "O_TOTALPRICE", "drop_columns": "O_TOTALPRICE"},
            UsageError,
            "named twice: as sum and as drop",
        ),
        ({"drop_columns": "O_ORDERDATE"}, SourceDataError, "date"),
    ],
)
def test_invalid_roles_are_refused(
    options: dict[str, Any], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        plan(ORDERS, **options)


def test_a_plan_is_valid_by_construction() -> None:
    table = source({"D": "DATE", "T": "VARCHAR(3)"})
    date, text = table.columns
    month = PlannedColumn(date, Role.MONTH, "")
    for columns in (
        (month,),
        (PlannedColumn(date, Role.KEY, ""), PlannedColumn(text, Role.KEY, "")),
        (month, PlannedColumn(text, Role.SUM, "")),
    ):
        with pytest.raises(ValueError, match=r"plan|sum"):
            Plan(table, columns)
