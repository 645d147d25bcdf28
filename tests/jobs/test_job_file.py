"""Job files: what they mean, and their mistakes, all at once with their lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from core import ConfigurationError, UsageError
from core.jobs.job_file import Job, list_months, read_job
from core.jobs.schema import make_schema
from core.request.options import OPTIONS
from core.request.sizes import MEBIBYTE
from tests.support.programs.batch_runs import run

Write = Callable[..., Path]
DESTINATION = (
    '[destinations.partner]\nbucket = "inbox"\nprefix = "p"\nformat = "csv"\ngzip = true\n'
)
MONTHLY = """\
[defaults]
connection = "prod"
to = "partner"
last_months = 1
tags = {project = "sales"}
schema = "frozen"
memory_limit = "900MB"

[[transfers]]
name = "orders"
table = "SALES.PUBLIC.ORDERS"
sum_columns = ["AMOUNT", "QUANTITY"]

[[transfers]]
name = "returns"
table = "SALES.PUBLIC.RETURNS"
bucket = "s3://other"
since = "2024-01"
format = "ndjson"
schema = "free"
"""


def read(write: Write, text: str, **more: Any) -> Job:
    return read_job(write(text), **more)


def mistakes(write: Write, text: str) -> list[str]:
    """What is wrong in a job file, without its path."""
    path = write(text)
    with pytest.raises(ConfigurationError) as caught:
        read_job(path)
    assert all(each.startswith(f"{path}, line ") for each in caught.value.mistakes)
    return [each.removeprefix(f"{path}, line ") for each in caught.value.mistakes]


class TestMeaning:
    def test_own_options_win_over_the_defaults_and_both_over_the_destination(
        self, write: Write
    ) -> None:
        write(DESTINATION, "amplify.toml")
        job = read(write, MONTHLY)
        orders, returns = job.transfers
        assert (orders.name, orders.frozen, returns.frozen) == ("orders", True, False)
        assert orders.request.destination == "partner"
        assert orders.request.bucket == "s3://inbox/p/"
        assert (orders.request.format, orders.request.gzip) == ("csv", True)
        assert orders.request.sum_columns == ("AMOUNT", "QUANTITY")
        assert (orders.request.last_months, orders.request.connection) == (1, "prod")
        assert (returns.request.bucket, returns.request.destination) == ("s3://other", None)
        assert (returns.request.since, returns.request.last_months) == ("2024-01", None)
        assert (returns.request.format, returns.request.tags) == ("ndjson", {"project": "sales"})
        assert job.memory_limit == 900 * MEBIBYTE

    def test_options_that_are_given_win_over_all(self, write: Write) -> None:
        write(DESTINATION, "amplify.toml")
        job = read(
            write, MONTHLY, given={"last_months": 3, "format": "json", "memory_limit": "1GB"}
        )
        assert [each.request.format for each in job.transfers] == ["json", "json"]
        assert [each.request.last_months for each in job.transfers] == [3, 3]
        assert job.memory_limit == 1024 * MEBIBYTE
        with pytest.raises(UsageError, match="its own bucket, table"):
            read(write, MONTHLY, given={"table": "T", "bucket": "b"})
        with pytest.raises(UsageError, match="format: must be"):
            read(write, MONTHLY, given={"format": "cvs"})

    def test_variables(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WHERE", "inbox")
        monkeypatch.setenv("N", "2")
        (one,) = read(
            write,
            '[[transfers]]\nname = "a"\ntable = "T"\nbucket = "s3://${WHERE}/${WHERE}"\n'
            'last_months = "${N}"\nmetadata = {cost = "$${N} ${N}$"}\n',
        ).transfers
        assert one.request.bucket == "s3://inbox/inbox"
        assert (one.request.last_months, one.request.metadata) == (2, {"cost": "${N} 2$"})

    def test_a_backfill_is_a_transfer_a_month(self, write: Write) -> None:
        job = read(
            write,
            '[defaults]\nlast_months = 1\nbucket = "s3://bbb"\n[[transfers]]\nname = "t"\n'
            'table = "T"\nbackfill = "2023-11..2024-01"\n[[transfers]]\nname = "u"\ntable = "U"\n',
        )
        assert [each.name for each in job.transfers] == ["t-2023-11", "t-2023-12", "t-2024-01", "u"]
        first = job.transfers[0].request
        assert (first.since, first.until, first.last_months) == ("2023-11", "2023-11", None)
        assert first.file_name == "{table}_monthly_{month}.{ext}"
        path = job.path
        for only, names in (
            ({"u"}, ["u"]),
            ({"t"}, [f"t-{m}" for m in ("2023-11", "2023-12", "2024-01")]),
        ):
            assert [each.name for each in read_job(path, only=only).transfers] == names
        assert [each.name for each in read_job(path, only={"t-2023-12"}).transfers] == ["t-2023-12"]
        with pytest.raises(UsageError, match=r"no transfer 'tt'. Nearest: t\."):
            read_job(path, only={"tt"})

    @pytest.mark.parametrize(
        "wrong", ["2023-01", "2023-02..2023-01", "2023-1..2023-02", "1000-01..2023-01", 5, ".."]
    )
    def test_what_is_no_backfill(self, wrong: object) -> None:
        with pytest.raises(ValueError, match="month"):
            list_months(wrong)


class TestMistakes:
    def test_all_at_once(self, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("NOT_SET_ANYWHERE", raising=False)
        write(DESTINATION, "amplify.toml")
        text = """\
[default]
[defaults]
to = "partnr"
last_month = 1
region = 3
[[transfers]]
name = "a"
tabel = "T"
tags = {x = "${NOT_SET_ANYWHERE}"}

[[transfers]]
name = "a"
table = "T"
date-column = "D"
schema = "solid"
[[transfers]]
name = "b c"
table = "T"
to = "s3://x"
bucket = "y"
metadata = {a = "${", b = 1}
"""
        assert mistakes(write, text) == [
            "1: there is no key 'default' here; did you mean defaults?",
            "3: there is no destination 'partnr' in amplify.toml; did you mean partner?; a bucket "
            "is written s3://partnr",
            "4: there is no key 'last_month' here; did you mean last_months?",
            "5: region: must be text",
            "6: table is missing",
            "8: there is no key 'tabel' here; did you mean table?",
            "9: the environment has no variable NOT_SET_ANYWHERE",
            "12: the name 'a' is taken by line 6",
            "14: there is no key 'date-column' here; did you mean date_column?",
            "15: schema: must be free or frozen",
            "17: name: must have letters, digits and . _ - only",
            "19: to and bucket are the same option",
            "21: ${ begins the name of a variable, as in ${MONTH}; write $${ for ${",
            "21: metadata: must be text",
        ]

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("", "1: there is no transfer: each begins with [[transfers]]"),
            ("transfers = 1", "1: there is no transfer: each begins with [[transfers]]"),
            ("[transfers]\nname = 'a'", "1: there is no transfer: each begins with [[transfers]]"),
            ("defaults = 1\n[[transfers]]\nname = 'a'", "1: defaults must be a table"),
            (
                "[[transfers]]\nname = 'a'\ntable = 'T'\nbucket = 's3://bbb'\n"
                "connection = {password = 'canary'}",
                "5: connection: must be the name of a connection, which is where secrets belong",
            ),
            (
                "[[transfers]]\nname = 'a'\ntable = 'T'\nbucket = 's3://bbb'\nsince = '2024-01'\n"
                "backfill = '2024-01..2024-02'",
                "6: backfill and since exclude each other",
            ),
            (
                "[[transfers]]\nname = 'a'\ntable = 'T'\nbucket = 's3://bbb'\n"
                "file_name = 'x.{ext}'\nbackfill = '2024-01..2024-02'",
                "5: a backfill has an object a month: put {month} into the file name",
            ),
            (
                "[[transfers]]\nname = 'a'\ntable = 'T'\nbucket = 's3://bbb'\nlast_months = 1\n"
                "since = '2024-01'",
                "1: last_months and since exclude each other",
            ),
        ],
    )
    def test_one_at_a_time(self, write: Write, text: str, found: str) -> None:
        assert found in mistakes(write, text)
        assert "canary" not in " ".join(mistakes(write, text))

    @pytest.mark.parametrize(
        ("more", "other", "same"),
        [
            ("", "", True),
            ("file_name = 'x.{ext}'", "file_name = 'x.{ext}'", True),
            ("file_name = 'x.{ext}'", "file_name = 'x.{ext}'\nformat = 'csv'", False),
            ("file_name = '{run_id}'", "file_name = '{run_id}'", False),
            ("file_name = '{month}'\nlast_months = 1", "file_name = '{month}'", False),
        ],
    )
    def test_objects_of_one_name(self, write: Write, more: str, other: str, same: bool) -> None:
        text = (
            f"[defaults]\nbucket = 's3://bbb'\nsince = '2024-01'\nuntil = '2024-01'\n"
            f"[[transfers]]\nname = 'a'\ntable = 'T'\n{more}\n[[transfers]]\nname = 'b'\n"
            f"table = 't'\n{other}\n"
        )
        if same:
            (mistake,) = mistakes(write, text)
            assert "the object may have the name of that of 'a'" in mistake
        else:
            assert len(read(write, text).transfers) == 2

    def test_files_that_cannot_be_read(self, write: Write, tmp_path: Path) -> None:
        for path, message in (
            (tmp_path / "missing.toml", "does not exist"),
            (tmp_path, "cannot be read: Is a directory"),
            (write("[[transfers]\n"), r"not valid TOML \(at line 1, column 12\)"),
        ):
            with pytest.raises(UsageError, match=message):
                read_job(path)
        job = "\ufeff[[transfers]]\r\nname = 'a'\r\ntable = 'T'\r\nbucket = 's3://bbb'\r\n"
        assert len(read(write, job).transfers) == 1


class TestSchema:
    def test_it_accepts_job_files_and_refuses_mistakes(self) -> None:
        import tomllib

        schema = make_schema()
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        validator.validate(tomllib.loads(MONTHLY))
        variables = {"name": "a", "last_months": "${N}", "gzip": "${Z}", "format": "${F}"}
        validator.validate({"transfers": [variables]})
        for wrong in (
            {"transfers": []},
            {"transfers": [{"table": "T"}]},
            {"transfers": [{"name": "a", "tabel": "T"}]},
            {"transfers": [{"name": "a", "last_months": "one"}]},
            {"transfers": [{"name": "a", "format": "cvs"}]},
            {"transfers": [{"name": "a", "gzip": 1}]},
            {"transfers": [{"name": "a", "connection": {"password": "x"}}]},
            {"default": {}, "transfers": [{"name": "a"}]},
        ):
            assert not validator.is_valid(wrong), wrong

    def test_it_has_every_option_and_is_printed(self) -> None:
        printed = run("--schema")
        assert printed.code == 0, printed.err
        schema = json.loads(printed.out)
        assert schema == make_schema()
        options = schema["properties"]["transfers"]["items"]["properties"]
        assert options.keys() == {*OPTIONS, "to", "name", "schema", "backfill"}
        examples = {name: option.examples for name, option in OPTIONS.items() if option.examples}
        for name, texts in examples.items():
            for text in texts:
                number = [int(text)] if text.isdecimal() else []
                valid = [
                    jsonschema.Draft202012Validator(options[name]).is_valid(each)
                    for each in (text, *number)
                ]
                assert any(valid), (name, text)
