"""Every engine in every format, from sign-in to bucket."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import UsageError
from core.request.request import Request
from core.transfer import run_transfer
from tests.parity.comparing import compare
from tests.parity.engines import Bench, Ran
from tests.parity.oracle import expect
from tests.parity.tables import Column, Table
from tests.support.deliveries import download, objects, options

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

ROWS = (
    (date(2024, 1, 31), "eu", True, "[1]", 10**37, Decimal("0.10")),
    (date(2024, 1, 1), "eu", True, "[1]", 10**37, Decimal("-0.30")),
    (date(2024, 2, 29), "", None, '{"a":"\\"ä"}', None, None),
    (date(9999, 12, 31), 'a,"b"\r\n😀', False, None, -1, Decimal("9999999999.99")),
    (None, None, None, "null", None, None),
    (None, " \u3000", None, None, None, None),
    (None, "NULL", False, "null", 0, 0),
)
COLUMNS = (
    ("D", "DATE"), ("a.b ü", "VARCHAR"), ("OK", "BOOLEAN"), ("V", "VARIANT"),
    ("BIG", "NUMBER(38,0)"), ("AMT", "NUMBER(12,2)"),
)  # fmt: skip
TABLE = Table(
    tuple(
        Column(name, kind, values)
        for (name, kind), values in zip(COLUMNS, zip(*ROWS, strict=True), strict=True)
    ),
    "D",
    ("a.b ü", "OK", "V"),
    ("BIG", "AMT"),
)
UNLOAD = {"engine": "unload", "storage_integration": "SANDBOX_S3"}


def asked(box: Sandbox, engine: str, form: str) -> Request:
    way: dict[str, Any] = UNLOAD if engine == "unload" else {"engine": engine}
    name = {"table": "PARITY_FORMATS", "file_name": f"formats/{engine}-{form}/{{run_id}}.{{ext}}"}
    bucket = {"bucket": box.s3["bucket"], "format": form}
    return Request.of(**name, **bucket, **way, **TABLE.request(), **options(box))


@pytest.fixture(scope="module", autouse=True)
def loaded(parity: Bench) -> None:
    """The table of this module."""
    parity.load(TABLE, "PARITY_FORMATS")


@pytest.mark.parametrize("form", ["parquet", "json", "ndjson", "csv"])
@pytest.mark.parametrize("engine", ["stream", "pushdown", "unload"])
def test_every_format(sandbox: Sandbox, engine: str, form: str) -> None:
    request = asked(sandbox, engine, form)
    if (engine, form) == ("unload", "json"):
        with pytest.raises(UsageError, match="Engine unload cannot write a json array"):
            run_transfer(request)
        assert not objects(sandbox, "formats/unload-json/")
        return
    outcome = run_transfer(request)
    expected = expect(TABLE)
    assert outcome.row_count == len(expected.rows)
    ran = Ran(download(sandbox, outcome.result), outcome.totals, outcome.first_rows)
    compare(engine, TABLE, outcome.plan, form, expected, ran)
