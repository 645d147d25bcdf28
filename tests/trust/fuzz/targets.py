"""What is fuzzed: every parser of what people and services write.

A target takes bytes. It returns where they mean something, or where the parser refuses them with
the error that its docstring names; anything else that is raised is a finding, and so is an answer
that does not keep the parser's promise.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from core.bucket.destination import Destination, file_name
from core.connections import discovery, saved
from core.connections.secret_refs import SOURCES
from core.connections.secrets import SECRETS
from core.engines.write_access import _parse_stage_url, _split_stage
from core.errors import IntegrityError, UsageError
from core.output.csv_injection import MARK, STARTS, escape_formula
from core.planning.date_directives import shape, shape_of_pattern
from core.planning.date_formats import ISO, EpochUnit, TextFormat, parse_format
from core.planning.date_recognition import fit_values, recognise_epoch, recognise_text
from core.planning.names import find_name, parse_table, write_name
from core.planning.source import ColumnType
from core.request.lists import format_names, split_names
from core.request.reproduce import as_command, as_python
from core.request.request import Request, parse_seconds
from core.request.sizes import StreamLimit, parse_size
from core.warehouse.statement import parse_count

MOMENT = datetime(2026, 11, 23, 9, 8, 7, 654321, tzinfo=UTC)


@dataclass(frozen=True)
class Target:
    """A parser under test.

    Attributes:
        run: gives it some bytes.
        seeds: what it understands, or once did not; to begin with, and to try in every run.
    """

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


TARGETS: dict[str, Target] = {}


def target(*seeds: str | bytes) -> Callable[[Callable[[bytes], None]], Callable[[bytes], None]]:
    """Make a target of a function, under its name."""

    def added(run: Callable[[bytes], None]) -> Callable[[bytes], None]:
        given = (seed.encode() if isinstance(seed, str) else seed for seed in seeds)
        TARGETS[run.__name__] = Target(run, tuple(given))
        return run

    return added


def text_of(data: bytes) -> str:
    """Text as the command line gives it, with lone surrogates for what is no UTF-8."""
    return data.decode(errors="surrogateescape")


@target("ORDERS", "sales.public.orders", '"my ""table""".x', ' a."b.c" ', "ß.ñ", "a. .b", ". ")
def table(data: bytes) -> None:
    """The name of a table reads back as it is written."""
    with suppress(UsageError):
        parts = parse_table(text_of(data))
        assert 1 <= len(parts) <= 3
        assert all(parts)
        assert parse_table(".".join(map(write_name, parts))) == parts
        assert find_name(parts[-1], parts, "part") == parts[-1]


@target(
    *("inbox", "s3://inbox/from-us/", "s3://inbox/a/../b\nx", "s3://INBOX\nx.csv", "1.2.3.4"),
    "arn:aws:s3:eu-west-1:123456789012:accesspoint/inbox/from-us\na/b.csv",
)
def destination(data: bytes) -> None:
    """No file name leaves the prefix, and a destination reads back from its URL."""
    where, _, name = text_of(data).partition("\n")
    with suppress(UsageError):
        found = Destination.parse(where)
        assert Destination.parse(found.url()) == found
        key = found.key(name)
        assert key.startswith(found.prefix)
        assert len(key.encode()) <= 1024
        assert not {"", ".", ".."} & set(key.split("/"))


@target("{table}_{date}.{ext}", "{schema}/{database}/{run_id}{{}}\n../x", "{table!r:>9}", "..\n.")
def template(data: bytes) -> None:
    """Of a file's name, only the template makes folders; never the name of a table."""
    wanted, _, name = text_of(data).partition("\n")
    with suppress(UsageError):
        made = file_name(
            wanted, table=name, schema=name, database=name, timestamp=MOMENT, run_id="r", ext="csv"
        )
        assert made.count("/") == wanted.count("/")
        key = Destination("inbox", "from-us/").key(made)
        assert key.startswith("from-us/")
        assert not {"", ".", ".."} & set(key.split("/"))


def number(parse: Callable[[Any], Any], text: str) -> Any:
    """What the text means; None where it is refused in the words of the parser itself."""
    try:
        return parse(text)
    except ValueError as error:
        if not str(error).startswith(repr(text)):
            raise
        return None


@target(
    "600MB",
    "1.5 GiB",
    "10m",
    "90s",
    "1h",
    "0",
    "50M,5GB",
    "1.5k",
    "9\u017f",
    "999999999999999999TB",
)
def numbers(data: bytes) -> None:
    """Sizes, times and limits are whole and not negative, and a limit reads back as written."""
    text = text_of(data)
    for parse in (parse_size, parse_seconds):
        found = number(parse, text)
        assert found is None or (type(found) is int and found >= 0)
    limit = number(StreamLimit.parse, text)
    assert limit is None or StreamLimit.parse(str(limit)) == limit


@target("A,B", '"A,B",c', "none", ' " a ""b"" " ,', "a\nb", '"a\nb"')
def names(data: bytes) -> None:
    """A list of names reads back as it is written."""
    text = text_of(data)
    try:
        found = split_names(text)
    except ValueError as error:
        if str(error) != "not a list of names such as A,B":
            raise
        return
    assert all(name and name == name.strip() for name in found)
    assert split_names(format_names(found)) == found


@target(
    *("%d.%m.%Y\n3.4.2024", "%Y-%m-%dT%H:%M:%S.%f%:z\n2024", "epoch_ms\n17", "%F %T"),
    *("%b%%%y\nJan%7", "iso\n2024-01-02t03:04,5", "%Y%m%d\n20240102"),
)
def date_format(data: bytes) -> None:
    """A format reads what Python writes in it, and only texts of its shape."""
    pattern, _, text = text_of(data).partition("\n")
    with suppress(UsageError):
        known = parse_format(pattern)
        assert parse_format(str(known)) == known
        day = known.read(text)
        if isinstance(known, EpochUnit) or known is ISO:
            return
        assert day is None or shape(text) == shape_of_pattern(known.pattern)
        # What the whole expression accepts, the other one takes apart.
        whole, parts = (re.compile(e, re.I | re.A) for e in (known.whole, known.parts))
        assert not whole.fullmatch(text) or parts.fullmatch(text)
        writes_back(known)


def writes_back(known: TextFormat) -> None:
    """The format reads its own; texts of digits without a limit between them are left out."""
    pattern = known.pattern
    literal = pattern
    for directive in ("%%", "%:z", *(f"%{letter}" for letter in "YymdbBaAHIMSfpzZ")):
        literal = literal.replace(directive, "")
    plain = literal.isascii() and literal.isprintable() and not any(map(str.isdigit, literal))
    if plain and "%:z" not in pattern:
        day = MOMENT.day if "d" in known.order else 1
        wanted = date(MOMENT.year, MOMENT.month, day)
        assert known.read(MOMENT.strftime(pattern)) == wanted, pattern


@target(
    "2024-01-02\n2024-1-3",
    "01/02/2024",
    "3. Mai 2024",
    "Jan 2024",
    "20240102T030405Z",
    "\u0663/\u0661/24",
)
def recognised_text(data: bytes) -> None:
    """A format that is found fits as many of the values as is told of it."""
    values = [line for line in map(str.strip, text_of(data).split("\n")) if line]
    found = recognise_text(values)
    if found is None:
        return
    assert 0 < found.fitting <= found.total == len(values)
    assert fit_values(found.format, values).fitting >= found.fitting
    assert isinstance(found.format, EpochUnit) or all(
        rival.order != found.format.order for rival in found.rivals
    )


@target("1704067200", "1704067200000\n0", "NaN\n-Infinity", "1e400", "1E+16384", "9" * 38)
def recognised_epoch(data: bytes) -> None:
    """Numbers of every kind are looked at."""
    values: list[object] = []
    for line in text_of(data).split("\n"):
        for read in (int, float, Decimal):
            with suppress(ValueError, InvalidOperation):
                values.append(read(line.lower().removeprefix("s")))  # nobody stores signalling NaNs
    assert recognise_epoch(values) in {None, *EpochUnit}


@target("=1+1", "-", "\t@", "\r", "a", "\uff1d1")
def formulas(data: bytes) -> None:
    """A cell begins with none of the signs, and is the text but for the mark."""
    text = text_of(data)
    cell = escape_formula(text)
    assert not cell.startswith(tuple(STARTS))
    assert cell in (text, MARK + text)


@target("17", '"17"', "null", "-1", "1e3", '"\\u0663"', "[]", "true", '""', "99999999999999999999")
def counts(data: bytes) -> None:
    """What an answer tells as a count is one, or none, or refused."""
    with suppress(ValueError, RecursionError):  # no JSON
        value = json.loads(data)
        with suppress(IntegrityError):
            found = parse_count(value)
            assert found is None or (type(found) is int and 0 <= found < 10**20)


@target(
    *("@DEMO.PUBLIC.INBOX/from-us/", 'a."b/""c"/d', "@a//", '"a', "@/"),
    '@"a' + '""a' * 28,  # once there were as many ways to read it as two has to that power
)
def stages(data: bytes) -> None:
    """The name of a stage ends where its path begins."""
    text = text_of(data)
    with suppress(UsageError):
        reference, path = _split_stage(text)
        assert reference in text
        assert text.strip().endswith(path)
        assert all(parse_table(reference))


@target("NUMBER(12,2)", "TIMESTAMP_NTZ(9)", "VARCHAR(16777216)", "", "(1)", f"NUMBER({'9' * 5000})")
def types(data: bytes) -> None:
    """A type that Snowflake tells is of some kind, and remains as it was told."""
    text = text_of(data)
    found = ColumnType.parse(text)
    assert found.text == text
    assert found.kind == found.kind.upper() or found.kind == text
    assert (found.precision is not None) == (found.kind == "FIXED")


@target('["s3://inbox/"]', "s3://inbox", "[1, 2]", "[]", "[" * 5000)
def stage_urls(data: bytes) -> None:
    """The URL of a stage, however it is told, is text."""
    assert isinstance(_parse_stage_url(text_of(data)), str)


@target(
    "table=T\nbucket=inbox\nsum_columns=A,B\nkey_columns=none\ngzip=true\nformat=csv",
    "table=T\nbucket=b\nmemory_limit=1GB\nstream_limit=5M\ntimezone=Europe/Zurich\nverify=1",
    'table=T\nbucket=b\nengine=unload\nstage=@s\nmax_retry_time=10m\ndrop_columns=["a", "b"]',
    'table=T\nbucket=b\nconnection={"user": "x"}\ndate_format=%Y\nrole=r',
    "table=T\nbucket=b\ntimezone=1",
    "table=T\nbucket=b\nfile_name=-x\"'.{ext}\nif_exists=overwrite\nmax_file_size=9MB\nreport=-",
)
def request(data: bytes) -> None:
    """Options are a request, which can be told as a command and as Python, or are refused."""
    options: dict[str, Any] = {}
    for line in text_of(data).split("\n"):
        name, _, value = line.partition("=")
        try:
            options[name] = json.loads(value)
        except (ValueError, RecursionError):
            options[name] = value
    with suppress(UsageError):
        made = Request.of(**options)
        assert as_command(made)
        compile(as_python(made).encode(errors="replace"), "recipe", "exec")


@contextmanager
def _home(**files: bytes) -> Any:
    """A home of Snowflake's files."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as home:
        before = dict(os.environ)
        for name in [name for name in before if name.startswith("SNOWFLAKE_")]:
            del os.environ[name]
        os.environ.update(SNOWFLAKE_HOME=home, AMPLIFY_CONFIG_DIR=f"{home}/own")
        try:
            for name, content in files.items():
                path = Path(home, f"{name}.toml")
                path.write_bytes(content)
                path.chmod(0o600)
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


@target(
    '[a]\nuser = "x"\npassword = "secret"\nport = "443"',
    'default_connection_name = "a"\n[connections.a]\nprivate_key_path = "~/k"\nin_keyring = []',
    "[a]\nport = " + "9" * 5000,
    '[a]\nport = "' + "9" * 5000 + '"',
    "a = " + "[" * 5000,
)
def connections(data: bytes) -> None:
    """Files of connections are read, or refused by name."""
    with _home(connections=data, config=data):
        with suppress(UsageError):
            found = discovery.list_connections()
            assert all(name == each.name for name, each in found.items())
            told = [item for each in found.values() for item in each.parameters.items()]
            assert not any(key in SECRETS and isinstance(value, str) for key, value in told)
        with suppress(UsageError):
            assert discovery.resolve(None).name == discovery.find_default_name()


@target(
    "prod\nuser=x\naccount=a-b",
    'a"b \ud7ff\nport=443\nno_proxy=\x7f\\\t\x00\nROLE=\u2028\nrole=x\nprotocol=[]',
    b"prod\nuser=\xff",
    "prod\nlogin_timeout=9\nproxy_port=\u0663\noauth_disable_pkce=TRUE\nprivate_key_file=~/k",
)
def kept(data: bytes) -> None:
    """A connection that is kept is read as it was given, beside what was there before."""
    name, *lines = text_of(data).split("\n")
    given = dict(line.partition("=")[::2] for line in lines)
    keys = discovery._KEYS - SECRETS - SOURCES - discovery._ALIASES.keys()
    plain = {key: value for key, value in given.items() if value and key in keys}
    with _home(), suppress(UsageError):
        saved.remember("before", {"user": "y"})
        saved.remember(name, plain)
        found = saved.list_own_connections()
        assert found.keys() == {"before", name.strip()}
        read = {key: str(value) for key, value in found[name.strip()].parameters.items()}
        assert read.keys() == plain.keys()
        assert all(
            read[key] in (value, str(int(value)) if value.isdecimal() else value)
            for key, value in plain.items()
            if not key.startswith(("oauth", "private"))
        )
