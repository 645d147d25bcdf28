"""Renaming and removing the transfers of a job file: what stands around them stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core import ConfigurationError, Request, UsageError
from core.jobs.entries import read_entries
from core.jobs.manage import remove_transfer, rename_transfer
from core.jobs.save import save_transfer

Write = Callable[..., Path]
HEAD = """\
# Monthly deliveries.

[defaults]
bucket = "s3://bbb"

"""
ORDERS = """\
# The orders,
# as agreed.
[[transfers]]
name = 'orders'   # the first
table = "S.ORDERS"
[transfers.rename]
O_ORDERDATE = "month"  # as they call it

"""
RETURNS = (
    """\
[[transfers]]
name = "returns"
table = "S.RETURNS"
file_name = """
    + '"""'
    + """\
{table}"""
    + "\\"
    + """
  .{ext}"""
    + '"""'
    + """
# no more

# About the last.
"""
)
STOCK = """\
[[transfers]]
name = "stock"
table = "S.STOCK"
"""
FILE = HEAD + ORDERS + RETURNS + STOCK


def list_names(path: Path) -> list[str]:
    return [each.name for each in read_entries(path)]


def test_an_entry_is_removed_with_its_comments_only(write: Write) -> None:
    path = write(FILE)
    remove_transfer(path, "orders")
    assert path.read_text() == HEAD + RETURNS + STOCK
    remove_transfer(path, "returns")
    assert path.read_text() == HEAD + "# no more\n\n# About the last.\n" + STOCK
    remove_transfer(path, "stock")
    assert path.read_text() == HEAD + "# no more\n"
    assert list_names(path) == []
    request = {"table": "S.ORDERS", "bucket": "s3://bbb"}
    assert save_transfer(path, request) == "orders"
    assert read_entries(path)[0].transfers[0].request == Request.of(**request)


def test_what_follows_the_last_entry_stays(write: Write) -> None:
    after = '# for all\n[defaults]\nbucket = "s3://bbb"\n'
    path = write(STOCK + after)
    remove_transfer(path, "stock")
    assert path.read_text() == after


def test_an_entry_is_renamed(write: Write) -> None:
    path = write(FILE)
    rename_transfer(path, "orders", "all-orders")
    assert path.read_text() == FILE.replace("name = 'orders' ", 'name = "all-orders" ')
    assert list_names(path) == ["all-orders", "returns", "stock"]


def test_what_cannot_be_done_changes_nothing(write: Write) -> None:
    path = write(FILE)
    with pytest.raises(ConfigurationError, match="stock"):
        rename_transfer(path, "orders", "stock")
    with pytest.raises(UsageError, match="cannot be the name"):
        rename_transfer(path, "orders", "a b")
    for change in (lambda: rename_transfer(path, "x", "y"), lambda: remove_transfer(path, "x")):
        with pytest.raises(UsageError, match="no transfer 'x'"):
            change()
    assert path.read_text() == FILE
    # A line of a text that looks like the heading of a table.
    odd = STOCK + "file_name = " + '"""' + "\\\n[x]{ext}" + '"""' + "\n"
    write(HEAD + odd)
    with pytest.raises(UsageError, match=r"cannot be cut out|TOML"):
        remove_transfer(path, "stock")
    assert path.read_text() == HEAD + odd
    inline = (
        HEAD.replace("[defaults]\n", "defaults.") + 'transfers = [{name = "stock", table = "S"}]\n'
    )
    write(inline)
    with pytest.raises(UsageError, match="in a list"):
        remove_transfer(path, "stock")
    assert path.read_text() == inline
