"""The delivered columns: their types in words and in Arrow, and the names that a request gives."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from core.aggregation.arrow_types import delivered_schema
from core.engines import ENGINES, EngineName
from core.errors import UsageError
from core.planning.delivered import describe_columns
from core.remedy import Remedy, remedies
from tests.support.sources import EVERY_TYPE, ORDERS, plan, request

TYPES = {
    "day": ("DATE", pa.date32()),
    "n": ("DECIMAL(38,0)", pa.decimal128(38, 0)),
    "money": ("DECIMAL(38,2)", pa.decimal128(38, 2)),
    "f": ("DOUBLE", pa.float64()),
    "df": ("DOUBLE", pa.float64()),
    "txt": ("TEXT", pa.string()),
    "ok": ("BOOLEAN", pa.bool_()),
    "t": ("TIME(6)", pa.time64("us")),
    "ntz3": ("TIMESTAMP(6)", pa.timestamp("us")),
    "ntz9": ("TIMESTAMP(6)", pa.timestamp("us")),
    "ltz": ("TIMESTAMP(6) UTC", pa.timestamp("us", "UTC")),
    "tz": ("TIMESTAMP(6) UTC", pa.timestamp("us", "UTC")),
    "bin": ("BINARY", pa.binary()),
    "v": ("TEXT", pa.string()),
    "geo": ("TEXT", pa.string()),
}
NANOSECONDS = {
    "t": "TIME(9)",
    "ntz3": "TIMESTAMP(6)",
    "ntz9": "TIMESTAMP(9)",
    "ltz": "TIMESTAMP(6) UTC",
    "tz": "TIMESTAMP(9) UTC",
}


def types_of(made: Any) -> dict[str, str]:
    return {column.name: column.type for column in describe_columns(made)}


def test_each_type_in_words_and_in_arrow() -> None:
    made = plan(EVERY_TYPE, date_column="day")
    described = types_of(made)
    arrow = {field.name: field.type for field in delivered_schema(made)}
    assert list(described) == list(arrow) == list(EVERY_TYPE)
    assert {name: (described[name], arrow[name]) for name in TYPES} == TYPES


def test_nanoseconds_are_those_of_columns_that_declare_them() -> None:
    described = types_of(plan(EVERY_TYPE, date_column="day", timestamp_unit="ns"))
    assert {name: described[name] for name in NANOSECONDS} == NANOSECONDS


def test_a_whole_number_is_a_decimal_in_the_parquet_of_snowflake() -> None:
    made = plan({"D": "DATE", "N": "NUMBER(9,0)", "W": "NUMBER(30,0)"}, key_columns="N,W")
    way = {"engine": "unload", "stage": "S"}
    found = {
        (name, each): [
            column.type for column in ENGINES[name].schema(request(format=each, **way), made)
        ]
        for name in EngineName
        for each in ("parquet", "csv")
    }
    assert found.pop((EngineName.UNLOAD, "parquet")) == ["DATE", "DECIMAL(9,0)", "DECIMAL(38,0)"]
    assert set(map(tuple, found.values())) == {("DATE", "BIGINT", "DECIMAL(38,0)")}


class TestNames:
    def test_the_delivery_has_the_new_names(self) -> None:
        names = {"o_orderdate": "month", "O_ORDERSTATUS": "O_ORDERKEY", "O_ORDERKEY": "a, b"}
        made = plan(ORDERS, rename=names)
        found = [(column.name, column.source) for column in describe_columns(made)]
        assert found == [
            ("a, b", "O_ORDERKEY"),
            ("O_ORDERKEY", "O_ORDERSTATUS"),
            ("O_TOTALPRICE", "O_TOTALPRICE"),
            ("month", "O_ORDERDATE"),
        ]
        assert delivered_schema(made).names == [name for name, _ in found]
        assert any("characters that Spark and Athena refuse: 'a, b'" in w for w in made.warnings)
        assert Remedy("rename") in remedies(*made.warnings)

    def test_a_column_that_is_left_out_needs_no_free_name(self) -> None:
        made = plan(ORDERS, rename={"O_ORDERKEY": "O_TOTALPRICE"}, drop_columns="O_ORDERKEY")
        assert [column.name for column in describe_columns(made)].count("O_TOTALPRICE") == 1

    @pytest.mark.parametrize(
        ("names", "message", "hint"),
        [
            ({"O_ORDERDAT": "m"}, "There is no column 'O_ORDERDAT'", "Nearest: O_ORDERDATE"),
            (
                "O_ORDERDATE=m,O_TOTALPRICE=m",
                "O_TOTALPRICE and O_ORDERDATE would both be",
                "rename",
            ),
            ("O_ORDERDATE=O_TOTALPRICE", "would both be called O_TOTALPRICE", "rename"),
            ("O_ORDERDATE=a,o_orderdate=b", "O_ORDERDATE is renamed twice: to a and to b", "once"),
        ],
    )
    def test_what_cannot_be_meant(self, names: Any, message: str, hint: str) -> None:
        with pytest.raises(UsageError, match=message) as caught:
            plan(ORDERS, rename=names)
        assert hint in caught.value.hint

    @pytest.mark.parametrize(
        "names",
        ["A", "=m", "A=", "A= ", "A=b,A=c", {"A": ""}, {"A": " b"}, {"A": "b=c"}, {"A": "b\n"}],
    )
    def test_what_is_no_name(self, names: Any) -> None:
        with pytest.raises(UsageError, match="rename"):
            request(rename=names)

    def test_a_name_in_the_table_may_hold_anything(self) -> None:
        assert request(rename='"a=b, c=d",E=f').rename == {"a=b, c": "d", "E": "f"}
