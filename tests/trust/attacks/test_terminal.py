"""No name and no answer of a server reaches the terminal otherwise than as text on our own lines.

The program runs on a pseudo terminal, and every byte that it sends there is looked at.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from core.query.statement import quote
from core.runtime.characters import escape_hidden
from tests.support.deliveries import execute
from tests.support.programs.batch_runs import place, program
from tests.support.programs.ptys import PAYLOADS, lines_of, on_terminal, shown
from tests.trust.hostile.liar import Answer, Lie, lying
from tests.trust.hostile.s3_service import NOTHING, Service

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

TABLE = "HOSTILE" + "".join(PAYLOADS[name] for name in ("clipboard", "clear by C1", "line"))
LONELY = "HOSTILE" + PAYLOADS["reversed"] + PAYLOADS["unseen"]
EVERYTHING = "".join(PAYLOADS.values())


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> Iterator[str]:
    """A table whose name, columns and values hold all of it."""
    texts = ", ".join(f"{quote(f'{name} {text}')} VARCHAR" for name, text in PAYLOADS.items())
    sums = ", ".join(f"{quote(f'{name} {text} ID')} NUMBER" for name, text in PAYLOADS.items())
    values = ", ".join(["'k' || SEQ4()"] * len(PAYLOADS) + ["SEQ4()"] * len(PAYLOADS))
    dates = "', '".join(f"2024-01-{day:02}" for day in range(1, 31))
    day = quote(f"DAY {EVERYTHING}")
    execute(
        sandbox,
        f"CREATE TABLE {quote(TABLE)} ({day} VARCHAR, {texts}, {sums})",
        f"INSERT INTO {quote(TABLE)} SELECT GET(ARRAY_CONSTRUCT('{dates}'), SEQ4())::VARCHAR, "
        f"{values} FROM TABLE(GENERATOR(ROWCOUNT => 30))",
        f"INSERT INTO {quote(TABLE)} ({day}) VALUES ('{EVERYTHING}')",
        f"CREATE TABLE {quote(LONELY)} (D DATE, N NUMBER)",
    )
    yield quote(TABLE)
    execute(sandbox, f"DROP TABLE {quote(TABLE)}", f"DROP TABLE {quote(LONELY)}")


@pytest.fixture
def env(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    return {**place(sandbox), "AMPLIFY_STATE_DIR": str(tmp_path)}


@pytest.mark.parametrize("engine", ["stream", "pushdown", "unload"])
def test_a_dry_run(sandbox: Sandbox, table: str, env: dict[str, str], engine: str) -> None:
    way = {"AMPLIFY_STORAGE_INTEGRATION": str(sandbox.unload["storage_integration"])}
    code, written = on_terminal(
        *("--dry-run", "--table", table, "--engine", engine, "--on-bad-date", "null"),
        env={**env, **(way if engine == "unload" else {})},
    )
    lines = lines_of(written)
    assert code == 0, lines
    for name, text in PAYLOADS.items():
        # Its row among the columns, and its name in the statement.
        assert [x for x in lines if x.startswith(escape_hidden(f"{name} {text}  "))], name
        assert shown(lines, f'"{escape_hidden(f"{name} {text}")}" AS '), name


@pytest.mark.parametrize("debug", ["0", "1"])
def test_a_delivery(table: str, env: dict[str, str], debug: str) -> None:
    code, written = on_terminal(
        *("--batch", "--table", table, "--on-bad-date", "null", "--file-name", "{run_id}.{ext}"),
        env={**env, "AMPLIFY_DEBUG": debug},
    )
    lines = lines_of(written)
    assert code == 0, lines
    assert shown(
        lines, f"Plan: month of {escape_hidden(f'DAY {EVERYTHING}')}; sums clipboard \\x1b]52"
    )
    assert shown(lines, "Warning: Summed although they look like identifiers: clipboard \\x1b]52")
    assert shown(lines, "cannot be parsed")
    assert '"row_count": ' in lines[-2]


def test_what_no_terminal_reads_is_the_same(table: str, env: dict[str, str]) -> None:
    asked = ("--dry-run", "--table", table, "--on-bad-date", "null")
    piped = subprocess.run(
        program(*asked), env=env | {"LC_ALL": "C.UTF-8"}, capture_output=True, check=True
    ).stdout
    lines = lines_of(piped)
    assert lines[-2].startswith("Dry run: ")
    assert f'"{escape_hidden("line " + PAYLOADS["line"])}" AS ' in piped.decode()


@pytest.mark.parametrize("run", ["--dry-run", "--batch"])
def test_lines_of_json(table: str, env: dict[str, str], run: str) -> None:
    code, written = on_terminal(
        *(run, "--table", table, "--on-bad-date", "null", "--file-name", "{run_id}.{ext}"),
        *("--log-format", "json"),
        env=env,
    )
    lines = [line for line in lines_of(written) if line]
    assert code == 0, lines
    assert "".join(lines).isascii()
    for line in lines:
        assert isinstance(json.loads(line), dict)
    assert shown(lines, "\\u007f")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--table", f"{TABLE}x".replace("\n", "")], 4, "Nearest: "),  # names that exist
        (["--table", LONELY.replace("HOSTILE", "HOSTIL")], 4, "Nearest: "),
        (["--table", f"NO.{EVERYTHING}.T"], 4, ""),
        (["--table", f"{EVERYTHING}...."], 2, "is not a table name"),
        (["--sum-columns", f'"clipboard {EVERYTHING}"'], 2, "Nearest: "),
        (["--sum-columns", f'"line {PAYLOADS["line"]}"'], 2, "cannot be summed"),
        (["--date-format", EVERYTHING], 2, ""),
        (["--bucket", EVERYTHING], 2, "is not an S3 destination"),
        (["--file-name", EVERYTHING], 2, ""),
        (["--connection", EVERYTHING], 2, ""),
        (["--log-format", EVERYTHING], 2, "Invalid value"),
        (["--port", EVERYTHING], 2, "Invalid value"),
        ([f"--{EVERYTHING}"], 2, "No such option"),
        ([EVERYTHING], 2, "unexpected extra argument"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, list) else "",
)
def test_a_mistake(
    table: str, env: dict[str, str], arguments: list[str], code: int, said: str
) -> None:
    given = () if arguments[0] == "--table" else ("--table", table)
    ended, written = on_terminal("--batch", *given, *arguments, env=env)
    lines = lines_of(written)
    assert ended == code, lines
    (error,) = [line for line in lines if line.startswith("Error")]
    assert said in written.decode(), error


MESSAGES = {
    "002003": f"SQL error in one line: Object '{EVERYTHING.replace(chr(10), '')}' does not exist",
    "003001": f"Insufficient privileges to operate on '{EVERYTHING}'",
    "000904": f"SQL error in one line: invalid identifier '{EVERYTHING.replace(chr(10), '')}'",
    "999999": EVERYTHING,
}


def refused_start(code: str) -> Lie:
    """The statement fails at its start, under an invalid id."""

    def lie(answer: Answer) -> None:
        if answer.path == "/queries/v1/query-request":
            data = {"queryId": f"01{EVERYTHING}", "sqlState": "42S02", "errorCode": code}
            told = {"success": False, "code": code, "message": MESSAGES[code], "data": data}
            answer.body = json.dumps(told).encode()

    return lie


def failed_statement(code: str) -> Lie:
    """It was begun, and failed."""

    def lie(answer: Answer) -> None:
        if answer.path.startswith("/monitoring/queries"):
            told = answer.json
            for query in told["data"]["queries"]:
                failure = {"errorCode": code, "errorMessage": MESSAGES[code]}
                query |= {"status": "FAILED_WITH_ERROR", "sqlState": "42S02", **failure}
            answer.body = json.dumps(told).encode()
        elif answer.path.startswith("/queries/") and answer.path.endswith("/result"):
            told = {"success": False, "code": code, "message": MESSAGES[code], "data": {}}
            answer.body = json.dumps(told).encode()

    return lie


@pytest.mark.parametrize("lie", [refused_start, failed_statement])
@pytest.mark.parametrize("code", MESSAGES)
def test_an_error_of_snowflake(
    sandbox: Sandbox, env: dict[str, str], code: str, lie: Callable[[str], Lie]
) -> None:
    for debug in ("0", "1"):
        with lying(sandbox, lie(code)) as server:
            ended, written = on_terminal(
                *("--batch", "--table", "LOCATIONS_595", "--max-retry-time", "0"),
                env=env | {"SNOWFLAKE_PORT": str(server.server_port), "AMPLIFY_DEBUG": debug},
            )
        lines = lines_of(written)
        assert ended in (2, 3, 4, 5), lines
        assert len([line for line in lines if line.startswith("Error (")]) == 1
        assert shown(lines, "| Traceback") == (debug == "1")
        if lie is failed_statement:
            # A name in a text of one line is shown to all, the text to whoever debugs only.
            named = debug == "1" or code in ("002003", "000904")
            assert shown(lines, "\\x1b]52;c;") == named, "\n".join(lines)


def test_an_error_of_the_sign_in(sandbox: Sandbox, env: dict[str, str]) -> None:
    def lie(answer: Answer) -> None:
        if "login-request" in answer.path:
            told = {"success": False, "code": "390100", "message": EVERYTHING, "data": {}}
            answer.body = json.dumps(told).encode()

    with lying(sandbox, lie) as server:
        ended, written = on_terminal(
            *("--batch", "--table", "LOCATIONS_595", "--max-retry-time", "0"),
            env=env | {"SNOWFLAKE_PORT": str(server.server_port), "AMPLIFY_DEBUG": "1"},
        )
    assert ended == 3
    assert shown(lines_of(written), "Error (source_sign_in)")


# What the connector's core lets an address hold: it refuses C0 and blanks.
IN_ADDRESS = PAYLOADS["clear by C1"] + PAYLOADS["reversed"] + PAYLOADS["unseen"]


class SignInPage:
    """Names a page for a sign-in, and then acts as the browser that comes back from there."""

    def __init__(self) -> None:
        self._back = ""

    def lie(self, answer: Answer) -> None:
        if answer.path.endswith("/authenticator-request"):
            answer.status, answer.headers["content-type"] = 200, "application/json"
            page = {"ssoUrl": f"https://sign.in/{IN_ADDRESS}", "tokenUrl": "https://sign.in/t"}
            told = {"success": True, "data": {**page, "proofKey": "proof"}}
            answer.body = json.dumps(told).encode()
            port = int(answer.asked["data"]["BROWSER_MODE_REDIRECT_PORT"])
            self._back = f"http://127.0.0.1:{port}/?token=t"

    def come_back(self, written: bytes) -> None:
        """Once the address is on the terminal."""
        if self._back and b"//sign.in/" in written:
            back, self._back = self._back, ""
            urlopen(back, timeout=60).close()


@pytest.mark.parametrize("debug", ["0", "1"])
@pytest.mark.parametrize("style", [(), ("--quiet",), ("--log-format", "json")], ids=str)
def test_the_address_of_a_sign_in(
    sandbox: Sandbox, env: dict[str, str], style: tuple[str, ...], debug: str
) -> None:
    """The connector's native core writes it to descriptor 2; a person needs it, quiet or not."""
    interactive = {
        "SNOWFLAKE_AUTHENTICATOR": "externalbrowser",
        "SF_TEST_BROWSER_OPENER": "noop",  # the connector's own way to start none
        "BROWSER": "false",
    }
    page = SignInPage()
    with lying(sandbox, page.lie) as server:
        ended, written = on_terminal(
            *("--batch", "--table", "LOCATIONS_595", "--max-retry-time", "0", *style),
            env=env
            | interactive
            | {"SNOWFLAKE_PORT": str(server.server_port), "AMPLIFY_DEBUG": debug},
            look=page.come_back,
        )
    lines = lines_of(written)
    assert ended == 3, lines  # the sandbox knows no such sign-in
    told = [line for line in lines if "https://sign.in/" in line]
    if "json" in style and debug == "0":
        (line,) = told
        assert json.loads(line)["message"] == f"https://sign.in/{IN_ADDRESS}"
    else:
        assert told[0] == f"https://sign.in/{escape_hidden(IN_ADDRESS)}"
    assert len([line for line in lines if "source_sign_in" in line]) == 1


# What XML can hold of it: no controls but tab, line feed, return, DEL and C1.
IN_XML = "".join(c for c in EVERYTHING if c.isprintable() or ord(c) >= 0x7F or c in "\n\r")


@pytest.mark.parametrize("debug", ["0", "1"])
@pytest.mark.parametrize("status", [301, 400, 403, 404, 409, 503])
def test_an_error_of_s3(env: dict[str, str], status: int, debug: str) -> None:
    said = "".join(f"&#{ord(c)};" for c in IN_XML)
    body = f"<Error><Code>A{said}</Code><Message>{said}</Message><Region>{said}</Region></Error>"
    headers = {"x-amz-bucket-region": "\x9b2J\x1b[2J", "x-amz-request-id": "\x1b]0;forged\x07"}

    def answer(command: str) -> tuple[int, dict[str, str], bytes]:
        return (status, headers, body.encode()) if command != "HEAD" else NOTHING

    with Service.running(answer) as service:
        ended, written = on_terminal(
            *("--batch", "--table", "LOCATIONS_595", "--max-retry-time", "0"),
            env=env | {"AMPLIFY_ENDPOINT_URL": service.url, "AMPLIFY_DEBUG": debug},
        )
    lines = lines_of(written)
    assert ended in (2, 5, 6), lines
    assert len([line for line in lines if line.startswith("Error (")]) == 1


def test_names_that_cannot_be_seen_are_flagged(
    sandbox: Sandbox, table: str, env: dict[str, str], tmp_path: Path
) -> None:
    """The table, its columns and the destination; by a dry run, a run and its report."""
    report = tmp_path / "report.json"
    asked = ("--table", quote(LONELY), "--bucket", f"s3://{sandbox.s3['bucket']}/in\u202e/")
    warned = (
        "Names with characters that cannot be seen, or that change how text is shown: table "
        f"DEMO.PUBLIC.{escape_hidden(quote(LONELY))}."
    )
    there = "shown: destination s3://" + f"{sandbox.s3['bucket']}/in\\u202e/"
    for more in (("--dry-run",), ("--batch", "--report", str(report))):
        code, written = on_terminal(*asked, *more, "--file-name", f"{tmp_path.name}.csv", env=env)
        lines = lines_of(written)
        assert code == 0, lines
        assert shown(lines, f"Warning: {warned}")
        assert shown(lines, there)
    flags = json.loads(report.read_text())["warnings"]
    assert any(flag.startswith(warned) for flag in flags)
    assert any(there in flag for flag in flags)
