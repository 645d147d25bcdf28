"""Changing an entry of a job file, and the options with which a request is saved."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import ConfigurationError, Request, UsageError
from core.configuration.destinations import fill_options
from core.jobs.change import change_transfer, list_job_options
from core.jobs.entries import read_entries
from core.jobs.job_file import read_job
from core.jobs.save import save_transfer

Write = Callable[..., Path]
FILE = """\
# Monthly deliveries.
[defaults]
connection = "prod"   # the service's
format = "csv"

[[transfers]]
name = 'orders'   # the first
table = "S.ORDERS"
bucket = "s3://bbb/${FOLDER}/"  # agreed
drop_columns = ["NOTE"]

# what follows is about the second

[[transfers]]
name = "returns"
table = "S.RETURNS"
schema = "frozen"
bucket = "s3://bbb"
last_months = 1
file_name = "{table}_{month}.{ext}"
"""


@pytest.fixture
def file(write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOLDER", "from-us")
    return write(FILE)


def saved(path: Path, name: str) -> Request:
    return next(each.request for each in read_job(path).transfers if each.entry == name)


def change(path: Path, name: str, **options: Any) -> Request:
    request = Request.of(**{**saved(path, name).as_options(), **options})
    change_transfer(path, name, request)
    return request


def test_the_entries_of_a_file_have_their_lines(file: Path) -> None:
    orders, returns = read_entries(file)
    assert (orders.name, orders.line, returns.line) == ("orders", 6, 14)
    assert orders.text.splitlines()[-1] == 'drop_columns = ["NOTE"]'
    assert returns.text.endswith('file_name = "{table}_{month}.{ext}"')
    assert [each.frozen for each in returns.transfers] == [True]
    assert not orders.is_backfill


def test_only_the_keys_that_change_are_written(file: Path) -> None:
    wanted = change(file, "orders", gzip=True, drop_columns=(), engine="pushdown")
    assert saved(file, "orders") == wanted
    removed = FILE.replace('drop_columns = ["NOTE"]\n', "")
    # Its own keys come before the comment that belongs to the next transfer.
    assert file.read_text() == removed.replace(
        "# agreed\n", '# agreed\ngzip = true\nengine = "pushdown"\n'
    )
    same = file.read_text()
    change(file, "orders")
    assert file.read_text() == same


def test_a_value_of_the_defaults_is_overruled_or_kept(file: Path) -> None:
    assert saved(file, "orders").format == "csv"
    change(file, "orders", format="parquet")  # the default of the option, not that of the file
    (orders, _) = tomllib.loads(file.read_text())["transfers"]
    assert orders["format"] == "parquet"
    change(file, "orders", format="csv", table="S.OTHER")
    assert saved(file, "orders").format == "csv"
    assert saved(file, "orders").table == "S.OTHER"
    assert "# agreed" in file.read_text()
    defaults = FILE.replace('format = "csv"', "min_rows = 5")
    file.write_text(defaults)
    with pytest.raises(UsageError, match="give orders min_rows"):
        change(file, "orders", min_rows=None)
    assert file.read_text() == defaults


def test_the_services_stay_those_of_the_file(file: Path) -> None:
    change(file, "returns", connection={"account": "x", "password": "hunter2"}, last_months=2)
    assert saved(file, "returns").connection == "prod"
    assert saved(file, "returns").last_months == 2
    assert "hunter2" not in file.read_text()
    assert 'schema = "frozen"' in file.read_text()


def test_a_named_destination_takes_the_place_of_the_bucket(file: Path, write: Write) -> None:
    write(
        '[destinations.partner]\nbucket = "inbox"\nacl = "bucket-owner-full-control"\n',
        "amplify.toml",
    )
    request = saved(file, "orders")
    filled = fill_options({**request.replace(acl=None).as_data(), "bucket": "partner"})
    change_transfer(file, "orders", Request.of(**filled))
    (orders, _) = tomllib.loads(file.read_text())["transfers"]
    assert (orders["to"], "bucket" in orders, "acl" in orders) == ("partner", False, False)
    assert saved(file, "orders").acl == "bucket-owner-full-control"
    change(file, "orders", bucket="s3://other/", acl=None)
    (orders, _) = tomllib.loads(file.read_text())["transfers"]
    assert (orders["bucket"], "to" in orders) == ("s3://other/", False)


def test_a_backfill_keeps_its_months(file: Path) -> None:
    file.write_text(FILE.replace("last_months = 1", 'backfill = "2024-01..2024-03"'))
    (_, returns) = read_entries(file)
    assert returns.is_backfill
    assert [each.name for each in returns.transfers] == [f"returns-2024-0{n}" for n in (1, 2, 3)]
    change(file, "returns", gzip=True)
    assert all(each.request.gzip for each in read_entries(file)[1].transfers)
    with pytest.raises(UsageError, match="a transfer a month"):
        change(file, "returns", until="2024-02")


def test_what_cannot_be_changed(file: Path, tmp_path: Path, write: Write) -> None:
    request = saved(file, "orders")
    with pytest.raises(UsageError, match="no transfer 'order'") as refused:
        change_transfer(file, "order", request)
    assert "orders" in refused.value.hint
    with pytest.raises(UsageError, match="does not exist"):
        change_transfer(tmp_path / "no.toml", "orders", request)
    with pytest.raises(UsageError, match="does not exist"):
        read_entries(tmp_path / "no.toml")
    with pytest.raises(ConfigurationError, match="may have the name"):
        change(file, "returns", table="S.ORDERS", bucket="s3://bbb/from-us/", file_name=None)
    assert file.read_text() == FILE
    write(FILE.replace("drop_columns", "drop_column"))
    with pytest.raises(ConfigurationError, match=r"line 10: .* did you mean drop_columns"):
        read_entries(file)


def test_a_request_is_saved_without_defaults_and_secrets(write: Write, tmp_path: Path) -> None:
    write('[destinations.partner]\nbucket = "inbox"\nformat = "csv"\ngzip = true\n', "amplify.toml")
    options = {"table": "T", "connection": {"password": "hunter2"}, "s3_options": {"a": "b"}}
    plain = Request.of(**options, bucket="s3://bbb", notify=["exec:x", "https://x.test/secret"])
    assert list_job_options(plain) == {
        "table": "T",
        "bucket": "s3://bbb",
        "notify": ("exec:x",),
    }
    named = Request.of(**fill_options({**options, "bucket": "partner", "verify": True}))
    assert list_job_options(named) == {"table": "T", "bucket": "partner", "verify": True}
    other = Request.of(**{**named.as_options(), "format": "json"}, destination="partner")
    assert list_job_options(other)["format"] == "json"
    path = tmp_path / "new.toml"
    assert save_transfer(path, list_job_options(other), name="mine") == "mine"
    where: dict[str, Any] = {"connection": None, "s3_options": None, "destination": None}
    assert saved(path, "mine").replace(**where) == other.replace(**where)
