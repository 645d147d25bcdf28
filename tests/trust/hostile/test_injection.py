"""No name and no value can change a statement: what is not meant as SQL never becomes SQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bucket.destination import Destination, file_name
from core.errors import TransferError, UsageError
from core.planning.names import TableName, parse_table
from core.query.statement import literal, quote
from core.request.options import OPTIONS
from core.request.request import Request
from tests.support.deliveries import connect, execute, transfer

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

CANARY = "INJECTION_CANARY"
# Each would drop the canary, if it got out of its quotes by one way or another.
ENDINGS = ("'", '"', "\\'", '\\"', "''", '""', "')", '")', "$$", "*/", "\n--\n", "'\\", "`")
PAYLOADS = tuple(f"x{end}; DROP TABLE {CANARY}; --" for end in ENDINGS)
texts = st.text(
    st.sampled_from([*"'\"\\`$;-/*\n\r\t\0.% _x?:{}@()", "\u2019", "\uff07", "é"]),
    max_size=30,
)


@pytest.fixture(scope="module")
def canary(sandbox: Sandbox) -> Iterator[str]:
    execute(
        sandbox,
        f"CREATE OR REPLACE TABLE {CANARY} AS SELECT '2024-01-05' AS D, 'k' AS K, 1 AS N",
    )
    yield CANARY
    (alive,) = execute(sandbox, f"SELECT COUNT(*) FROM {CANARY}")
    assert alive == (1,)
    execute(sandbox, f"DROP TABLE {CANARY}")


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, min_size=8, max_size=8))
def test_a_literal_is_read_as_it_was_written(sandbox: Sandbox, values: list[str]) -> None:
    """By the warehouse's own parser; a statement holds several, as COPY INTO does."""
    values = [value.replace("\0", "0") for value in values]
    with connect(sandbox) as connection:
        cursor = connection.cursor()
        columns = ", ".join(
            f"{literal(value)} AS {quote(f'{n}{value}')}" for n, value in enumerate(values)
        )
        row = cursor.execute(f"SELECT {columns}").fetchone()
        assert list(row) == values
        assert [column.name for column in cursor.description] == [
            f"{n}{value}" for n, value in enumerate(values)
        ]


@given(st.lists(texts.filter(bool), min_size=3, max_size=3))
def test_a_name_that_is_written_is_read_as_the_same(parts: list[str]) -> None:
    assert parse_table(str(TableName(*parts))) == tuple(parts)


@given(texts)
def test_what_is_no_name_is_refused(text: str) -> None:
    try:
        parts = parse_table(text)
    except UsageError:
        return
    assert 1 <= len(parts) <= 3
    assert all(parts)


def ended(sandbox: Sandbox, table: str, **options: object) -> int:
    """The exit code of a transfer."""
    try:
        transfer(sandbox, table, **options)
    except TransferError as error:
        return error.exit_code
    return 0


NAMES = ("table", "date_column", "sum_columns", "key_columns", "drop_columns")
VALUES = ("date_format", "timezone", "file_name", "warehouse", "role", "kms_key_id")


@pytest.mark.parametrize("option", [*NAMES, *VALUES])
def test_no_option_reaches_the_canary(sandbox: Sandbox, canary: str, option: str) -> None:
    for payload in PAYLOADS if option in ("table", "date_format") else PAYLOADS[:2]:
        given: dict[str, object] = {option: payload}
        table = str(given.pop("table", canary))
        assert ended(sandbox, table, **given) in (0, 2, 3, 4), payload


@pytest.mark.parametrize("option", ["storage_integration", "stage", "kms_key_id"])
def test_no_option_of_unload_reaches_the_canary(sandbox: Sandbox, canary: str, option: str) -> None:
    way = {"storage_integration": sandbox.unload["storage_integration"]}
    for payload in PAYLOADS[:3]:
        given = {option: payload} if option != "kms_key_id" else {**way, option: payload}
        name = f"{uuid.uuid4().hex}'; DROP TABLE {CANARY}; --.{{ext}}"
        code = ended(sandbox, canary, engine="unload", file_name=name, **given)
        assert code in (0, 2, 3, 4, 6), payload


def test_names_of_the_table_itself(sandbox: Sandbox, canary: str) -> None:
    """Every name of the source is hostile, and each engine delivers it all the same."""
    name = quote(PAYLOADS[1])
    columns = ", ".join(f"{quote(p)} VARCHAR" for p in PAYLOADS)
    execute(
        sandbox,
        f"CREATE OR REPLACE TABLE {name} (D DATE, {columns})",
        f"INSERT INTO {name} SELECT '2024-01-05', {', '.join(map(literal, PAYLOADS))}",
    )
    for engine in ("stream", "pushdown", "unload"):
        way = {"storage_integration": sandbox.unload["storage_integration"]}
        more = way if engine == "unload" else {}
        assert transfer(sandbox, name, engine=engine, **more)["row_count"] == 1
    execute(sandbox, f"DROP TABLE {name}")


WHEN = datetime(2024, 1, 5, tzinfo=UTC)


@settings(max_examples=200)
@given(template=texts | st.none(), table=texts, prefix=texts)
def test_no_file_name_leaves_the_prefix(template: str | None, table: str, prefix: str) -> None:
    try:
        destination = Destination.parse(f"s3://partner-inbox/{prefix}")
        name = file_name(
            template,
            table=table,
            schema=table,
            database=table,
            timestamp=WHEN,
            run_id="r",
            ext="csv",
        )
        key = destination.key(name)
    except UsageError:
        return
    assert key.startswith(destination.prefix)
    assert not {"", ".", ".."} & set(key.split("/"))
    assert key.isprintable()


@pytest.mark.parametrize("table", ["../../x", "/etc/passwd", "..", ".", "a/b", "\0", "\\..\\x"])
def test_the_name_of_a_table_is_one_part(table: str) -> None:
    name = file_name(
        "{table}.{ext}", table=table, schema="", database="", timestamp=WHEN, run_id="", ext="csv"
    )
    assert "/" not in name
    assert "\\" not in name
    assert name.removesuffix(".csv").strip(".")


@given(st.dictionaries(st.sampled_from(sorted(OPTIONS)), texts | st.none()))
def test_no_request_fails_otherwise_than_by_a_usage_error(options: dict[str, object]) -> None:
    with suppress(UsageError):
        Request.of(**{"table": "T", "bucket": "b", **options})
