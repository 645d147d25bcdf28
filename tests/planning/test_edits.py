"""A change by hand changes the role of one column, and of no other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.planning import edits
from core.planning.plan import Plan, Role, make_plan
from core.request.request import Request
from tests.support.sources import request, source

COLUMNS = {
    "ID": "NUMBER(10,0)",
    "CREATED": "DATE",
    "SHIPPED": "DATE",
    "AMOUNT": "NUMBER(12,2)",
    "F": "FLOAT",
    "NAME": "VARCHAR",
    "name": "VARCHAR",
    "OK": "BOOLEAN",
    "ZIP": "NUMBER(5,0)",
}
TABLE = source(COLUMNS)
SAMPLE = {"NAME": ["a", "b"], "name": ["2024-01-01", None]}
REQUESTS: list[dict[str, Any]] = [
    {},
    {"drop_identifiers": True},
    {"sum_columns": "AMOUNT,ID"},
    {"key_columns": "none"},
    {"key_columns": "NAME,ID", "sum_columns": "F", "drop_identifiers": True},
    {"drop_columns": "CREATED,F"},
    {"date_column": "name", "date_format": "%Y-%m-%d"},
]


def make(asked: Request) -> Plan:
    return make_plan(TABLE, SAMPLE, asked)


def roles(plan: Plan) -> dict[str, Role]:
    return {column.name: column.role for column in plan.columns}


def test_valid_roles() -> None:
    plan = make(request())
    assert edits.valid_roles(plan, "CREATED") == (Role.MONTH,)
    assert edits.valid_roles(plan, "SHIPPED") == (Role.MONTH, Role.KEY, Role.DROP)
    assert edits.valid_roles(plan, "AMOUNT") == (Role.MONTH, Role.SUM, Role.KEY, Role.DROP)
    assert edits.valid_roles(plan, "OK") == (Role.KEY, Role.DROP)
    with pytest.raises(UsageError):
        edits.valid_roles(plan, "NOWHERE")


@given(
    options=st.sampled_from(REQUESTS),
    steps=st.lists(st.tuples(st.sampled_from(list(COLUMNS)), st.sampled_from(list(Role)))),
)
def test_only_what_is_changed_changes(
    options: dict[str, Any], steps: list[tuple[str, Role]]
) -> None:
    asked = request(**options)
    for column, role in steps:
        plan = make(asked)
        month_of_another = role is Role.MONTH and column not in ("SHIPPED", "CREATED")
        if role not in edits.valid_roles(plan, column) or month_of_another:
            continue
        before = roles(plan)
        asked = edits.with_role(asked, plan, column, role)
        expected = {**before, column: role}
        if role is Role.MONTH and plan.month.name != column:
            numeric = plan.month.source.type.numeric
            expected[plan.month.name] = Role.SUM if numeric else Role.KEY
        assert roles(make(asked)) == expected
        assert Request.of(**asked.as_options()) == asked


def test_the_shortest_request() -> None:
    plan = make(request())
    assert edits.with_role(request(), plan, "AMOUNT", Role.SUM) == request()
    dropped = edits.with_role(request(), plan, "F", Role.DROP)
    assert dropped == request(drop_columns="F")
    assert edits.with_role(dropped, make(dropped), "F", Role.SUM) == request()


def test_identifiers_stay_left_out_by_one_option() -> None:
    """As long as none of them is summed: those of next month's columns are left out too."""
    asked = request(drop_identifiers=True)
    changed = edits.with_role(asked, make(asked), "F", Role.DROP)
    assert changed == request(drop_columns="F", drop_identifiers=True)


def test_one_identifier_of_several_is_summed_again() -> None:
    asked = edits.drop_identifiers(request())
    assert roles(make(asked))["ID"] is roles(make(asked))["ZIP"] is Role.DROP
    changed = edits.with_role(asked, make(asked), "ZIP", Role.SUM)
    assert changed == request(drop_columns="ID")


@pytest.mark.parametrize(
    "options",
    [{"key_columns": "NAME,ID"}, {"drop_columns": "ID"}, {"date_column": "ID"}],
)
def test_a_named_identifier_is_summed_again(options: dict[str, Any]) -> None:
    epochs = {"date_format": "epoch_s"} if "date_column" in options else {}
    asked = request(**options, **epochs, drop_identifiers=True)
    column, role = ("SHIPPED", Role.MONTH) if epochs else ("ID", Role.SUM)
    changed = make(edits.with_role(asked, make(asked), column, role))
    assert (roles(changed)["ID"], roles(changed)["ZIP"]) == (Role.SUM, Role.DROP)


def test_a_column_that_is_a_key_again_is_not_detected_as_the_date() -> None:
    asked = request(drop_columns="CREATED")
    plan = make(asked)
    assert plan.month.name == "SHIPPED"
    changed = edits.with_role(asked, plan, "CREATED", Role.KEY)
    assert changed == request(date_column="SHIPPED")
    assert make(changed).month.name == "SHIPPED"


@pytest.mark.parametrize("role", [Role.KEY, Role.DROP])
def test_several_columns_at_once_are_those_one_after_the_other(role: Role) -> None:
    plan = make(request())
    columns = [c.name for c in plan.columns if role in edits.valid_roles(plan, c.name)]
    assert len(columns) > 2
    together = make(edits.with_roles(request(), plan, columns, role))
    asked = request()
    for column in columns:
        asked = edits.with_role(asked, make(asked), column, role)
    assert together.columns == make(asked).columns
    assert {c.role for c in together.columns if c.name in columns} == {role}


def test_several_columns_cannot_be_the_month_nor_have_a_role_that_one_cannot() -> None:
    plan = make(request())
    with pytest.raises(UsageError, match="Only one column"):
        edits.with_roles(request(), plan, ["CREATED", "SHIPPED"], Role.MONTH)
    with pytest.raises(UsageError, match="NAME cannot be sum"):
        edits.with_roles(request(), plan, ["AMOUNT", "NAME"], Role.SUM)


def test_a_column_is_renamed_and_gets_its_own_name_again() -> None:
    plan = make(request(rename={"amount": "pieces"}))
    renames = edits.rename_column(plan, "F", "total")
    assert renames == {"AMOUNT": "pieces", "F": "total"}
    plan = make(request(rename=renames))
    assert [c.delivered_name for c in plan.columns if c.renamed] == ["pieces", "total"]
    assert edits.rename_column(plan, "AMOUNT", "") == {"F": "total"}
    assert edits.rename_column(plan, "AMOUNT", "AMOUNT") == {"F": "total"}


@pytest.mark.parametrize("new", ["F", "pieces", " x", "a=b", "a\x00b"])
def test_a_name_that_another_column_has_or_no_column_can_have(new: str) -> None:
    plan = make(request(rename={"AMOUNT": "pieces"}))
    with pytest.raises(UsageError):
        edits.rename_column(plan, "OK", new)


def test_another_month_column_resets_the_format() -> None:
    asked = request(date_column="name", date_format="%Y-%m-%d")
    changed = edits.with_role(asked, make(asked), "SHIPPED", Role.MONTH)
    assert (changed.date_column, changed.date_format) == ("SHIPPED", None)
    assert roles(make(changed))["name"] is Role.KEY


def test_the_month_cannot_be_left_out() -> None:
    with pytest.raises(UsageError) as caught:
        edits.with_role(request(), make(request()), "CREATED", Role.DROP)
    assert caught.value.hint
    with pytest.raises(UsageError):
        edits.with_role(request(), make(request()), "NAME", Role.SUM)


def test_the_format_of_the_month_column() -> None:
    asked = edits.with_date_format(request(date_column="name"), make(request(date_column="name")),
                                  "%d.%m.%Y")  # fmt: skip
    assert edits.get_date_format(make(asked)) == "%d.%m.%Y"
    again = edits.with_date_format(asked, make(asked), None)
    assert edits.get_date_format(make(again)) == "iso"
    assert edits.get_date_format(make(request())) is None
    epoch = request(date_column="AMOUNT", date_format="epoch_ms")
    assert edits.get_date_format(make(epoch)) == "epoch_ms"


def test_restore_defaults() -> None:
    asked = request(
        date_column="SHIPPED", sum_columns="F", key_columns="none", drop_columns="ZIP",
        drop_identifiers=True, on_bad_date="null", format="csv", gzip=True,
    )  # fmt: skip
    assert edits.restore_defaults(asked) == request(format="csv", gzip=True)
