"""Exact sums, and rounded ones where those overflow; the failures come from a warehouse."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from core.errors import NumericOverflowError, ObjectMissingError, SourceDataError
from core.query import Field, Statement
from core.warehouse.catalog import find
from core.warehouse.connect import connect, sign_out
from core.warehouse.results.read_result import read_columns
from core.warehouse.rounded_sums import with_rounded_sums

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from core.sandbox.launcher import Sandbox

_VALUE = f"{9 * 10**37}::NUMBER(38,0)"
WIDE = f"SELECT SUM(X{{cast}}) AS S FROM (SELECT {_VALUE} AS X UNION ALL SELECT {_VALUE})"


@pytest.fixture(scope="module")
def connection(sandbox: Sandbox) -> Iterator[SnowflakeConnection]:
    opened = connect(sandbox.snowflake, query_tag="rounded sums")
    yield opened
    sign_out(opened)


class Attempts:
    """Runs a sum of 39 digits, and notes how."""

    def __init__(self, connection: SnowflakeConnection, *, always: bool = False) -> None:
        self.connection, self.always = connection, always
        self.rounded: list[bool] = []

    def __call__(self, rounded: bool) -> object:
        self.rounded.append(rounded)
        cast = "::FLOAT" if rounded and not self.always else ""
        return first_value(self.connection, WIDE.format(cast=cast))


def first_value(connection: SnowflakeConnection, sql: str) -> object:
    statement = Statement(sql, fields=(Field("S", "S"),))
    ((value, *_),) = read_columns(connection, statement, threading.Event())
    return value


def test_a_sum_of_39_digits_is_rounded(connection: SnowflakeConnection) -> None:
    attempts = Attempts(connection)
    assert with_rounded_sums(attempts) == 1.8e38
    assert attempts.rounded == [False, True]


def test_a_sum_that_overflows_when_rounded_too(connection: SnowflakeConnection) -> None:
    attempts = Attempts(connection, always=True)
    with pytest.raises(NumericOverflowError):
        with_rounded_sums(attempts)
    assert attempts.rounded == [False, True]


def test_no_other_failure_is_tried_again(connection: SnowflakeConnection) -> None:
    attempts: list[bool] = []

    def attempt(rounded: bool) -> None:
        attempts.append(rounded)
        find(connection, "DEMO.PUBLIC.NO_SUCH_TABLE", threading.Event())

    with pytest.raises(ObjectMissingError):
        with_rounded_sums(attempt)
    assert attempts == [False]


def test_the_other_failures_of_a_name_have_other_classes(connection: SnowflakeConnection) -> None:
    with pytest.raises(SourceDataError) as caught:
        first_value(connection, 'SELECT "nope" AS S FROM DEMO.PUBLIC.ORDERS_100K')
    assert type(caught.value) is SourceDataError
