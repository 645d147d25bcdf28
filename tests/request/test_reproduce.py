"""The command and the Python call of a request make the same request when they are run."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.request.reproduce import as_command, as_python
from core.request.request import Request
from tests.support.programs.batch_runs import SECONDS, place
from tests.support.sources import request

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

EVERYTHING: dict[str, Any] = {
    "table": 'DB.S."my ""odd"" table"',
    "bucket": "s3://partner-inbox/from us/it's",
    "date_column": "when, [/b]",
    "date_format": "%d.%m.%Y",
    "sum_columns": ("A,B", "NONE", "c d", 'q"q'),
    "key_columns": (),
    "drop_columns": ("-x", "$HOME", "`id`", "a\nb"),
    "drop_identifiers": True,
    "rename": {"a=b, c": "it's", 'q"q': "!month"},
    "timestamp_unit": "ns",
    "csv_delimiter": "\t",
    "csv_null": r"\N",
    "csv_bom": True,
    "xlsx_text_numbers": True,
    "csv_decimal_comma": True,
    "json_large_numbers": "text",
    "format": "csv",
    "gzip": True,
    "encrypt_to": ("partner, inc.asc", "~/keys"),
    "file_name": "{table}.{ext}",
    "manifest": True,
    "success_file": True,
    "if_exists": "overwrite",
    "on_bad_date": "null",
    "timezone": "Europe/Zurich",
    "connection": "prod",
    "warehouse": "W",
    "role": "R",
    "aws_profile": "p",
    "endpoint_url": "http://127.0.0.1:1",
    "expected_bucket_owner": "123456789012",
    "region": "eu-central-1",
    "role_arn": "arn:aws:iam::123456789012:role/a/b",
    "external_id": "it=4711",
    "request_payer": True,
    "checksums": "required-only",
    "acl": "bucket-owner-full-control",
    "sse": "aws:kms:dsse",
    "kms_key_id": "alias/ours",
    "storage_class": "STANDARD_IA",
    "tags": {"with blank": "a=b", "empty": ""},
    "metadata": {"contract": '4711, "or" not', "x": "$HOME"},
    "min_rows": 0,
    "max_rows": 10_000_000,
    "max_change": "20%",
    "verify": True,
    "report": "proof of it.json",
    "memory_limit": 500 * 1024 * 1024,
    "engine": "pushdown",
    "stream_limit": "12,3KB",
    "notify": ("exec:/bin/announce 'it, all'", "env:HOOK"),
    "notify_on": "failure",
}


def parse_command(command: str) -> Request:
    """Return the request that the program makes of a command."""
    code = "import json, sys; import tui.cli.batch as b; from core import Request\n"
    code += (
        "b.run = lambda options, manner: print(json.dumps(Request.of(**options).as_data())) or 0\n"
    )
    code += "from tui.cli.main import main; main()"
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {command}"], capture_output=True, text=True, check=True
    ).stdout.split("\0")
    done = subprocess.run(
        [sys.executable, "-c", code, *words[1:-1]],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return Request.of(**json.loads(done.stdout))


def parse_call(code: str) -> Request:
    """Return the request of a `transfer_data` call."""
    (call,) = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)
               and getattr(node.func, "id", "") == "transfer_data")  # fmt: skip
    table, bucket = (ast.literal_eval(argument) for argument in call.args)
    more = {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg}
    return Request.of(table=table, bucket=bucket, **more)


@pytest.mark.parametrize("options", [{}, EVERYTHING, {"drop_columns": "-x"}])
def test_a_command_does_the_same(options: dict[str, Any]) -> None:
    asked = request(**options)
    assert parse_command(as_command(asked)) == asked


def test_the_shortest_command() -> None:
    assert as_command(request()) == "amplify-transfer --batch --table T --bucket partner-inbox"
    shown = as_command(request(connection="x"), demo=True)
    assert shown == "amplify-transfer --batch --demo --table T --bucket partner-inbox"


NAMES = st.lists(st.text(min_size=1), max_size=4)


@given(table=st.text(min_size=1), sums=st.none() | NAMES, drops=NAMES, bucket=st.text(min_size=1))
def test_a_call_does_the_same(
    table: str, sums: list[str] | None, drops: list[str], bucket: str
) -> None:
    asked = request(table=table, bucket=bucket, sum_columns=sums, drop_columns=drops)
    assert parse_call(as_python(asked)) == asked


def test_a_call_with_everything() -> None:
    asked = request(**EVERYTHING)
    assert parse_call(as_python(asked)) == asked


@pytest.mark.parametrize("write", [as_command, as_python])
def test_no_secret_is_written(write: Any) -> None:
    hidden = {"password": "hunter2", "account": "secret-account"}
    shown = write(request(connection=hidden, s3_options={"aws_secret_access_key": "hunter3"}))
    for word in ("hunter", "secret", "connection", "s3_options"):
        assert word not in shown


def test_a_pasted_call_runs(sandbox: Sandbox) -> None:
    asked = request(
        table="LOCATIONS_595", date_column="DOB", bucket=sandbox.s3["bucket"],
        file_name="recipe/{run_id}.{ext}", endpoint_url=sandbox.s3["endpoint_url"],
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", as_python(asked)],
        env={**os.environ, **place(sandbox)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert ast.literal_eval(done.stdout)["row_count"] > 0
