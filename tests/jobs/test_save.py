"""Saving a transfer as an entry of a job file."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import ConfigurationError, LocalResourceError, Request, UsageError
from core.jobs.job_file import read_job
from core.jobs.save import add_transfer, save_transfer

Write = Callable[..., Path]
RICH: dict[str, Any] = {
    "table": 'db.s."my ""odd"" table"',
    "bucket": "s3://partner-inbox/from us/it's",
    "date_column": "when ${HOME}, [/b]",
    "date_format": "%d.%m.%Y",
    "sum_columns": '"A,B",NONE,"q""q"',
    "key_columns": "none",
    "drop_columns": ("-x", "a\nb", "'''", "ü€"),
    "drop_identifiers": True,
    "format": "csv",
    "gzip": True,
    "file_name": "{table}-{month}.{ext}",
    "last_months": "1",
    "connection": "prod",
    "tags": "with blank=a b,empty=",
    "metadata": {"contract": '4711 "or" not ${x}'},
    "verify": True,
    "memory_limit": "500MB",
    "engine": "unload",
    "stage": "@S/p",
    "stream_limit": "12,3KB",
}
FILE = """\
# Monthly deliveries.   (spaces kept)
[defaults]
format    = "csv"   # agreed in 2025

[[transfers]]
name = 'orders'   # the first
table = "ORDERS"
bucket = "s3://bbb"

# at the end
"""


def saved(path: Path, name: str) -> Request:
    (found,) = (each.request for each in read_job(path).transfers if each.name == name)
    return found


def test_a_new_file_gives_the_same_request(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    assert save_transfer(path, RICH) == "my__odd__table"
    assert saved(path, "my__odd__table") == Request.of(**RICH)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert text.startswith("# A job file of amplify-transfer.\n\n[[transfers]]\nname = ")
    assert text.endswith('"\n')
    assert save_transfer(path, {**RICH, "file_name": "{run_id}"}) == "my__odd__table-2"
    assert saved(path, "my__odd__table") == Request.of(**RICH)


def test_comments_and_forms_of_an_existing_file_are_kept(write: Write) -> None:
    path = write(FILE)
    path.chmod(0o644)
    options = {"table": "S.RETURNS", "bucket": "s3://bbb", "gzip": True, "format": "csv"}
    assert save_transfer(path, options) == "returns"
    text = path.read_text()
    assert text.startswith(FILE)
    assert text.removeprefix(FILE).lstrip("\n") == (
        '[[transfers]]\nname = "returns"\ntable = "S.RETURNS"\nbucket = "s3://bbb"\n'
        'format = "csv"\ngzip = true\n'
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    again = path.read_text()
    assert save_transfer(path, {**options, "table": "X"}) == "x"
    assert path.read_text().startswith(again)
    assert [each.name for each in read_job(path).transfers] == ["orders", "returns", "x"]


def test_a_configured_destination_is_saved_by_its_name(write: Write, tmp_path: Path) -> None:
    write('[destinations.partner]\nbucket = "inbox"\nformat = "ndjson"\n', "amplify.toml")
    path = tmp_path / "new.toml"
    save_transfer(path, {"table": "T", "bucket": "partner", "verify": True})
    (entry,) = tomllib.loads(path.read_text())["transfers"]
    assert entry == {"name": "t", "table": "T", "to": "partner", "verify": True}
    assert saved(path, "t").bucket == "s3://inbox/"


@pytest.mark.parametrize(
    "before", ["", "# only", "[defaults]\ngzip = false", "[defaults]\nkey_columns = 'none'\n\n"]
)
def test_a_file_without_transfers_gets_its_first(write: Write, before: str) -> None:
    path, options = write(before), {"table": "T", "bucket": "s3://bbb", "key_columns": "A"}
    save_transfer(path, options)
    assert path.read_text() == (
        before
        + "\n" * (2 - len(before) + len(before.rstrip("\n")))
        + '[[transfers]]\nname = "t"\ntable = "T"\nbucket = "s3://bbb"\nkey_columns = ["A"]\n'
    )
    assert saved(path, "t") == Request.of(**options)


def test_defaults_of_the_file_do_not_change_the_transfer(write: Write) -> None:
    path = write(FILE)
    save_transfer(path, {"table": "T", "bucket": "s3://bbb"})  # parquet, not the csv of the file
    assert saved(path, "t") == Request.of(table="T", bucket="s3://bbb")
    path = write(FILE.replace('format    = "csv"', "last_months = 1"))
    before = path.read_text()
    with pytest.raises(UsageError, match="give each transfer last_months"):
        save_transfer(path, {"table": "T", "bucket": "s3://bbb"})
    assert path.read_text() == before


def test_what_cannot_be_saved(write: Write, tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    plain = {"table": "T", "bucket": "s3://bbb"}
    for secret in ({"connection": {"password": "x"}}, {"s3_options": {"region_name": "x"}}):
        with pytest.raises(UsageError, match="no secrets"):
            save_transfer(path, {**plain, **secret})
    with pytest.raises(UsageError, match="bucket: is missing"):
        save_transfer(path, {"table": "T"})
    with pytest.raises(ConfigurationError, match="the object may have the name"):
        save_transfer(write(FILE), {"table": "orders", "bucket": "s3://bbb", "format": "csv"})
    with pytest.raises(ConfigurationError, match="line 5: there is no key"):
        save_transfer(write(FILE.replace("[[transfers]]", "x = 1\n[[transfers]]")), plain)
    with pytest.raises(UsageError, match="not valid TOML"):
        save_transfer(write("[[transfers]"), plain)
    rows = 'transfers = [{name = "a", table = "A", bucket = "s3://bbb"}]\n'
    with pytest.raises(UsageError, match="in a list"):
        save_transfer(write(rows), plain)
    with pytest.raises(LocalResourceError, match="cannot be written"):
        save_transfer(tmp_path / "no" / "job.toml", plain)
    assert not path.exists()


def test_a_link_stays_a_link_and_nothing_is_written_by_a_check(
    write: Write, tmp_path: Path
) -> None:
    path, link = write(FILE), tmp_path / "link.toml"
    link.symlink_to(path)
    name, text = add_transfer(link, {"table": "T", "bucket": "s3://bbb"})
    assert (name, path.read_text()) == ("t", FILE)
    save_transfer(link, {"table": "T", "bucket": "s3://bbb"})
    assert link.is_symlink()
    assert path.read_text() == text
