"""The command line as a user meets it: real processes, exit codes and streams."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs.batch_runs import SECONDS, program, run
from tui.cli.main import main


def test_help_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tui", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    loaded = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()
    }
    assert "click" in loaded
    heavy = {"textual", "rich", "pydantic", "polars", "pyarrow", "boto3", "snowflake", "duckdb"}
    assert not heavy & loaded


def test_version() -> None:
    ended = run("--version")
    assert ended.code == 0
    assert ended.out.startswith("amplify-transfer 0.")


def test_without_a_terminal_it_asks_for_batch() -> None:
    ended = run()
    assert (ended.code, ended.out) == (2, "")
    assert "needs a terminal" in ended.err
    assert "--batch" in ended.err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_no_terminal(closed: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -m tui {closed}', sys.executable],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert ("needs a terminal" in done.stderr) == ("2>&-" not in closed)


def test_no_file_takes_the_place_of_a_closed_stream() -> None:
    script = (
        "import os, sys; from tui.cli.main import _open_closed_streams; _open_closed_streams(); "
        "sys.exit(any(os.readlink(f'/proc/self/fd/{n}') != os.devnull for n in range(3)))"
    )
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script], timeout=SECONDS
    )
    assert done.returncode == 0


def test_on_a_terminal_it_opens_the_app() -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, program())
    output = b""
    try:
        while piece := os.read(terminal, 1000):
            output += piece
            if b"New connection" in output:  # nothing is configured here: it asks where to
                os.write(terminal, b"\x11")  # ctrl+q
    except OSError:  # Linux: the other end has been closed
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert b"Traceback" not in output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--batch"], "--table and --bucket must be given"),
        (["--batch", "--table", "T"], "--bucket must be given"),
        (["--dry-run", "--bucket", "partner-inbox"], "--table must be given"),
        (["--batch", "--table", "T", "--bucket", "partner-inbox", "--format", "xml"], "format"),
        (["--batch", "--table", "T", "--bucket", "UP"], "not an S3 destination"),
        (["--batch", "--table", "T", "--bucket", "partner-inbox", "--memory-limit", "x"], "size"),
        (["--batch", "--table", "T", "--bucket", "partner-inbox", "--gzip"], "parquet"),
        (["--batch", "--log-format", "xml"], "'xml' is not one of 'text', 'json'"),
        (["--web", "--port", "80"], "'--port': 80 is not in the range 1024<=x<=65535"),
        (["--exact"], "--exact: requires --dry-run"),
        (["--batch", "--web"], "--web: serves the app"),
        (["--bogus"], "No such option"),
        (["stray"], "stray"),
    ],
)
def test_a_mistake_is_told_in_words_and_code_2(
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In this process, which has other packages loaded and goes on."""
    monkeypatch.setattr("sys.argv", ["amplify-transfer", *arguments])
    monkeypatch.setattr("gc.set_threshold", lambda *_: None)
    monkeypatch.setattr("tui.cli.main._leave_out", lambda *_: None)
    monkeypatch.setattr("tui.cli.signals.leave", sys.exit)
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    assert said in err


def test_a_mistake_as_json() -> None:
    (line,) = run("--batch", "--log-format", "json").events
    assert (line["error"], line["exit_code"]) == ("usage", 2)


def test_nothing_configured(tmp_path: Path) -> None:
    ended = run("--batch", "--table", "T", "--bucket", "partner-inbox", env={"HOME": str(tmp_path)})
    assert (ended.code, ended.out) == (2, "")
    assert "No Snowflake connection is configured" in ended.err
    assert "connections.toml" in ended.err


def test_an_unknown_connection_names_the_near_ones(tmp_path: Path) -> None:
    path = tmp_path / "connections.toml"
    path.write_text('[production]\naccount = "a"\npassword = "hidden"\n')
    arguments = ("--batch", "--table", "T", "--bucket", "partner-inbox", "--connection", "prod")
    ended = run(*arguments, env={"SNOWFLAKE_HOME": str(tmp_path)})
    assert (ended.code, ended.out) == (2, "")
    assert "production" in ended.err
    assert "hidden" not in ended.err


def test_ctrl_c_before_the_work_begins_ends_with_its_code() -> None:
    code = "import signal, tui.cli.batch as batch\n"
    code += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "batch.run = lambda options, manner: signal.raise_signal(signal.SIGINT)\n"
    code += "from tui.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--batch"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "")


def test_leaves_out_what_it_does_not_use() -> None:
    """Other packages import numpy and pandas wherever they are installed, as they are here."""
    code = "import sys, tui.cli.batch as batch\n"
    code += "def run(options, manner):\n"
    code += "    import pyarrow.compute, polars, snowflake.connector\n"
    code += "    print([sys.modules.get(name) for name in ('numpy', 'pandas')], flush=True)\n"
    code += "    return 0\n"
    code += "batch.run = run\n"
    code += "from tui.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--batch"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[None, None]\n", "")
