"""Destinations made, changed and removed in the file, which is otherwise left as it is."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from core import ConfigurationError, UsageError
from core.configuration.destinations import list_destinations
from core.configuration.edit import (
    get_destination_text,
    parse_destination,
    remove_destination,
    write_destination,
)

TEXT = """\
# Partners.

[destinations.one]   # the first
bucket = "one-inbox"
tags = {a = "b"}   # theirs
sum = 1

# The second.
[destinations.two]
bucket = "two-inbox"
prefix = "from-us/"

[destinations.two.s3_options]
region_name = "eu-central-1"
""".replace("sum = 1\n", "")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(tmp_path))
    tmp_path.chmod(0o700)
    path = tmp_path / "amplify.toml"
    path.write_text(TEXT)
    path.chmod(0o600)
    return path


def test_the_text_of_each_is_its_own(file: Path) -> None:
    assert get_destination_text("one") == 'bucket = "one-inbox"\ntags = {a = "b"}   # theirs'
    assert get_destination_text("two") == 'bucket = "two-inbox"\nprefix = "from-us/"'
    with pytest.raises(UsageError, match="has no destination three"):
        get_destination_text("three")


def test_comments_below_its_keys_are_its_own(file: Path) -> None:
    body = 'bucket = "three-inbox"\n# acl = "bucket-owner-full-control"\n\n# later'
    write_destination("three", body)
    assert get_destination_text("three") == body
    write_destination("four", 'bucket = "four-inbox"')
    assert (
        get_destination_text("three")
        == 'bucket = "three-inbox"\n# acl = "bucket-owner-full-control"\n\n# later'
    )
    write_destination("one", body.partition("\n\n")[0], former="one")
    assert get_destination_text("one").endswith('full-control"')


def test_a_change_leaves_the_rest(file: Path) -> None:
    body = get_destination_text("one") + '\nformat = "csv"\n# agreed'
    write_destination("one", body, former="one")
    assert file.read_text() == TEXT.replace(
        "[destinations.one]   # the first", "[destinations.one]"
    ).replace("# theirs\n", '# theirs\nformat = "csv"\n# agreed\n')
    assert list_destinations()["one"].options["format"] == "csv"
    write_destination("second", get_destination_text("two"), former="two")
    known = list_destinations()
    assert list(known) == ["one", "second"]
    assert known["second"].options["s3_options"] == {"region_name": "eu-central-1"}


def test_new_ones_are_added_and_the_file_is_made(file: Path) -> None:
    write_destination("three", 'bucket = "three-inbox"\n')
    assert file.read_text() == f'{TEXT}\n[destinations.three]\nbucket = "three-inbox"\n'
    file.unlink()
    write_destination("four", 'bucket = "s3://four-inbox/x/"')
    assert file.read_text() == '[destinations.four]\nbucket = "s3://four-inbox/x/"\n'
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list_destinations()["four"].url == "s3://four-inbox/x/"


def test_a_removal_takes_only_its_own(file: Path) -> None:
    with pytest.raises(UsageError, match="several headings"):
        remove_destination("two")
    remove_destination("one")
    assert list(list_destinations()) == ["two"]
    assert file.read_text() == "# Partners.\n\n" + TEXT[TEXT.index("# The second") :]


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("a b", 'bucket = "inbox"', "letters, digits"),
        ("a.b", 'bucket = "inbox"', "letters, digits"),
        ("new", 'bucket = "inbox"\nformt = "csv"', "line 3: there is no key 'formt'"),
        ("new", 'format = "csv"', "bucket is missing"),
        ("new", 'bucket = "inbox', "not valid TOML"),
        ("new", '[destinations.x]\nbucket = "inbox"', "bucket is missing"),
    ],
)
def test_what_is_wrong_is_not_written(file: Path, name: str, body: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_destination(name, body)
    with pytest.raises(UsageError, match=said):
        write_destination(name, body)
    with pytest.raises(UsageError, match="a destination two already"):
        write_destination("two", 'bucket = "inbox"', former="one")
    assert file.read_text() == TEXT


def test_a_file_with_mistakes_is_left_alone(file: Path) -> None:
    file.write_text(TEXT.replace("prefix", "prefx"))
    before = file.read_text()
    with pytest.raises(ConfigurationError, match="did you mean prefix"):
        write_destination("three", 'bucket = "three-inbox"')
    file.write_text('destinations.dotted.bucket = "inbox"\n')
    with pytest.raises(UsageError, match="no heading"):
        get_destination_text("dotted")
    assert "prefx" in before
