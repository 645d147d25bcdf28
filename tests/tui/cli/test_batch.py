"""`--batch` from outside: results, streams, exit codes, signals; against the sandbox."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import psutil
import pyarrow.parquet
import pytest

from core.errors import IntegrityError
from core.warehouse.connect import connect
from tests.support.batch_runs import SECONDS, Ended, place, program, run, stop_when_told
from tests.support.buckets import Proxy, hang
from tui.cli import batch
from tui.cli.signals import Stop

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

LOCATIONS = ("--batch", "--table", "LOCATIONS_595", "--date-column", "DOB")


@pytest.fixture
def bucket(sandbox: Sandbox) -> Iterator[Any]:
    """A bucket of the test's own."""
    options = {key: value for key, value in sandbox.s3.items() if key != "bucket"}
    s3 = boto3.resource("s3", **options)
    own = s3.Bucket(f"batch-{os.urandom(6).hex()}")
    own.create()
    yield own
    own.objects.delete()
    own.delete()


@pytest.fixture
def env(sandbox: Sandbox, bucket: Any, tmp_path: Path) -> dict[str, str]:
    return {**place(sandbox, bucket.name), "AMPLIFY_SPILL_DIR": str(tmp_path / "spill")}


@pytest.fixture(scope="module")
def slow_view(sandbox: Sandbox) -> Iterator[str]:
    """A view that would take minutes to read."""
    with closing(connect(sandbox.snowflake, query_tag="tests")) as session:
        session.cursor().execute(
            "CREATE OR REPLACE VIEW SLOW AS SELECT MAX(A.O_ORDERDATE) AS D, COUNT(*) AS N "
            "FROM ORDERS_100K A CROSS JOIN ORDERS_100K B WHERE A.O_ORDERKEY > B.O_CUSTKEY"
        )
        yield "SLOW"
        session.cursor().execute("DROP VIEW SLOW")


@pytest.fixture(scope="module")
def large_table(sandbox: Sandbox) -> Iterator[str]:
    """A table whose result comes in 150 batches."""
    with closing(connect(sandbox.snowflake, query_tag="tests")) as session:
        session.cursor().execute(
            "CREATE OR REPLACE TABLE LARGE AS SELECT A.O_ORDERDATE AS D, A.O_TOTALPRICE AS N "
            "FROM ORDERS_100K A CROSS JOIN (SELECT 1 FROM ORDERS_100K LIMIT 30) B"
        )
        yield "LARGE"
        session.cursor().execute("DROP TABLE LARGE")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Where a service takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server.getsockname()[1]


@pytest.fixture
def silent_endpoint(silent_port: int) -> str:
    """An S3 service that never answers."""
    return f"http://127.0.0.1:{silent_port}"


@pytest.fixture
def silent_warehouse(silent_port: int, tmp_path: Path) -> dict[str, str]:
    """The environment of a run whose warehouse never answers."""
    parameters = {"ACCOUNT": "a", "USER": "u", "PASSWORD": "p", "HOST": "127.0.0.1"}
    parameters |= {"PORT": str(silent_port), "PROTOCOL": "http"}
    return {
        **{f"SNOWFLAKE_{key}": value for key, value in parameters.items()},
        "AMPLIFY_BUCKET": "partner-inbox",
        "AMPLIFY_SPILL_DIR": str(tmp_path / "spill"),
    }


def left_behind(env: dict[str, str]) -> list[Path]:
    """The files that a run has left on disk."""
    return [path for path in Path(env["AMPLIFY_SPILL_DIR"]).rglob("*") if path.is_file()]


def nothing_delivered(bucket: Any) -> bool:
    return not [*bucket.objects.all(), *bucket.multipart_uploads.all()]


class TestDelivered:
    def test_stdout_is_the_result_and_nothing_else(self, env: dict[str, str], bucket: Any) -> None:
        ended = run("--batch", "--table", "ORDERS_100K", env=env)
        assert ended.code == 0, ended.err
        assert list(ended.result) == ["file_name", "row_count", "timestamp"]
        assert ended.out.endswith('Z"}\n')
        body = io.BytesIO(bucket.Object(ended.result["file_name"]).get()["Body"].read())
        assert pyarrow.parquet.read_metadata(body).num_rows == ended.result["row_count"] > 0
        assert "Reading" in ended.err
        assert "Engine: stream (100,000 rows are within --stream-limit 50M,5GB)" in ended.err
        assert "\r" not in ended.err
        assert "--drop-identifiers" in ended.err
        assert f"s3://{bucket.name}/{ended.result['file_name']}" in ended.err
        assert left_behind(env) == []

    def test_json_lines(self, env: dict[str, str]) -> None:
        ended = run("--batch", "--table", "ORDERS_100K", "--log-format", "json", env=env)
        assert ended.code == 0, ended.err
        assert {event["event"] for event in ended.events} == {
            *("progress", "planned", "warning", "note")
        }
        phases = [e["phase"] for e in ended.events if e["event"] == "progress"]
        assert list(dict.fromkeys(phases)) == [
            *("connect", "plan", "query", "read", "write", "upload")
        ]
        planned = next(e for e in ended.events if e["event"] == "planned")
        assert planned["engine"] == "stream"
        assert "--stream-limit" in planned["engine_why"]
        reading = next(e for e in ended.events if e.get("phase") == "read")
        assert reading["total_rows"] == 100_000
        assert ended.events[-1]["rows"] == ended.result["row_count"]

    def test_a_delivery_that_is_verified(
        self, env: dict[str, str], bucket: Any, tmp_path: Path
    ) -> None:
        report = tmp_path / "report.json"
        ended = run(*LOCATIONS, "--verify", "--report", str(report), env=env)
        assert ended.code == 0, ended.err
        assert list(ended.result) == ["file_name", "row_count", "timestamp"]
        assert "Verified: 595 rows" in ended.err
        assert ended.err.index("Delivered s3://") < ended.err.index("Verified: ")
        told = json.loads(report.read_text())
        assert told["result"] == ended.result
        assert told["verdict"]["agrees"] is True
        assert [each.key for each in bucket.objects.all()] == [ended.result["file_name"]]

    def test_quiet(self, env: dict[str, str]) -> None:
        ended = run(*LOCATIONS, "--quiet", env=env)
        assert (ended.code, ended.err) == (0, "")
        assert ended.result["row_count"] > 0

    def test_every_option_by_its_variable(self, env: dict[str, str], bucket: Any) -> None:
        ended = run(
            env={
                **env,
                "AMPLIFY_BATCH": "1",
                "AMPLIFY_TABLE": "LOCATIONS_595",
                "AMPLIFY_DATE_COLUMN": "DOB",
                "AMPLIFY_SUM_COLUMNS": "AREA_KM2",
                "AMPLIFY_KEY_COLUMNS": "none",
                "AMPLIFY_FORMAT": "csv",
                "AMPLIFY_ENGINE": "pushdown",
                "AMPLIFY_FILE_NAME": "{table}.{ext}",
                "AMPLIFY_BUCKET": f"s3://{bucket.name}/in/",
                "AMPLIFY_QUIET": "true",
            }
        )
        assert ended.code == 0, ended.err
        assert ended.result["file_name"] == "in/LOCATIONS_595.csv"
        header = bucket.Object("in/LOCATIONS_595.csv").get()["Body"].read().splitlines()[0]
        assert sorted(header.decode().split(",")) == ["AREA_KM2", "DOB"]

    def test_a_result_that_nobody_takes(self, env: dict[str, str], bucket: Any) -> None:
        with subprocess.Popen(
            program(*LOCATIONS),
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            err = process.stderr.read()
            assert process.wait(SECONDS) == 0
        assert '"row_count"' in err
        assert "Traceback" not in err
        assert not nothing_delivered(bucket)


class TestDryRun:
    ORIGINAL = (
        *("--table_name", "LOCATIONS_595", "--sum_column", "AREA_KM2", "--group_column", "DOB"),
        "--dry-run",
    )

    def test_it_tells_the_plan_and_touches_nothing(self, env: dict[str, str], bucket: Any) -> None:
        ended = run(*self.ORIGINAL, env=env)
        assert ended.code == 0, ended.err
        assert "DEMO.PUBLIC.LOCATIONS_595: 595 rows" in ended.out
        assert f"s3://{bucket.name}/LOCATIONS_595_monthly_" in ended.out
        assert "SELECT" in ended.out
        assert "stream: 595 rows are within --stream-limit 50M,5GB" in ended.out
        assert "not among the sum columns asked for" in ended.out
        assert "nothing was written" in ended.out
        assert nothing_delivered(bucket)
        assert left_behind(env) == []

    def test_as_json_with_the_spellings_of_the_first_program(self, env: dict[str, str]) -> None:
        shown = run(*self.ORIGINAL, "--log-format", "json", env=env).result
        roles = {column["name"]: column["role"] for column in shown["columns"]}
        assert roles["DOB"] == "month"
        assert [name for name, role in roles.items() if role == "sum"] == ["AREA_KM2"]
        assert shown["estimated_rows"] == 595

    def test_the_statement_is_that_of_the_engine(self, env: dict[str, str]) -> None:
        limited = ("--stream-limit", "500", "--log-format", "json")
        shown = run(*self.ORIGINAL, *limited, env=env).result
        assert shown["engine"] == "pushdown"
        assert shown["engine_why"] == "595 rows are beyond --stream-limit 500"
        assert "GROUP BY GROUPING SETS" in shown["sql"]

    def test_it_needs_nothing_of_aws(self, env: dict[str, str]) -> None:
        without = {key: value for key, value in env.items() if not key.startswith("AWS_")}
        without["AMPLIFY_ENDPOINT_URL"] = "http://127.0.0.1:9"
        assert run(*self.ORIGINAL, env=without).code == 0


class TestRefused:
    @pytest.mark.parametrize(
        ("arguments", "changed", "code", "said"),
        [
            (["--table", "LOCATION_595"], {}, 4, "LOCATIONS_595"),
            (["--table", "NOPE.NOPE.T"], {}, 4, "NOPE"),
            ([], {"SNOWFLAKE_PASSWORD": "hidden-wrong"}, 3, "password is wrong"),
            ([], {"SNOWFLAKE_PORT": "9", "SNOWFLAKE_LOGIN_TIMEOUT": "1"}, 5, "Snowflake"),
            (["--bucket", "no-such-bucket-here"], {}, 6, "no-such-bucket-here"),
            ([], {"AWS_SECRET_ACCESS_KEY": "hidden-wrong"}, 6, ""),
            (["--sum-columns", "AREA_KM"], {}, 2, "AREA_KM2"),
            (["--key-columns", "DOB"], {}, 2, "DOB"),
        ],
    )
    def test_each_with_its_code(
        self,
        env: dict[str, str],
        bucket: Any,
        arguments: list[str],
        changed: dict[str, str],
        code: int,
        said: str,
    ) -> None:
        ended = run(*LOCATIONS, *arguments, env={**env, **changed})
        assert (ended.code, ended.out) == (code, ""), ended.err
        assert "Error (" in ended.err
        assert said in ended.err
        assert "Traceback" not in ended.err
        assert "hidden" not in ended.err
        assert nothing_delivered(bucket)
        assert left_behind(env) == []

    def test_no_credentials_for_aws(self, env: dict[str, str], tmp_path: Path) -> None:
        without = {key: value for key, value in env.items() if not key.startswith("AWS_")}
        ended = run(*LOCATIONS, env={**without, "HOME": str(tmp_path)})
        assert (ended.code, ended.out) == (6, ""), ended.err
        assert "credentials" in ended.err
        assert "Traceback" not in ended.err

    def test_an_object_that_exists(self, env: dict[str, str], bucket: Any) -> None:
        bucket.put_object(Key="there.parquet", Body=b"theirs")
        ended = run(*LOCATIONS, "--file-name", "there.{ext}", env=env)
        assert (ended.code, ended.out) == (7, "")
        assert bucket.Object("there.parquet").get()["Body"].read() == b"theirs"


class TestStopped:
    @pytest.mark.parametrize(
        ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
    )
    def test_while_the_warehouse_works(
        self,
        env: dict[str, str],
        bucket: Any,
        slow_view: str,
        number: signal.Signals,
        code: int,
    ) -> None:
        ended, seconds = stop_when_told(
            *("--batch", "--table", slow_view), env=env, steps=[('"plan"', number)]
        )
        self.assert_clean(ended, code, env)
        assert seconds < 2
        assert nothing_delivered(bucket)

    def test_while_rows_are_read(self, env: dict[str, str], bucket: Any, large_table: str) -> None:
        ended, seconds = stop_when_told(
            *("--batch", "--table", large_table), env=env, steps=[('"read"', signal.SIGINT)]
        )
        self.assert_clean(ended, 130, env)
        assert seconds < 2
        assert nothing_delivered(bucket)

    @pytest.mark.parametrize(
        ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
    )
    def test_while_the_warehouse_does_not_answer(
        self, silent_warehouse: dict[str, str], number: signal.Signals, code: int
    ) -> None:
        ended, seconds = stop_when_told(
            *LOCATIONS, env=silent_warehouse, steps=[('"connect"', number)]
        )
        self.assert_clean(ended, code, silent_warehouse)
        assert seconds < 2

    def test_nohup_is_respected(self, silent_warehouse: dict[str, str]) -> None:
        ended, _ = stop_when_told(
            *LOCATIONS,
            env={**silent_warehouse, "SNOWFLAKE_LOGIN_TIMEOUT": "1"},
            steps=[('"connect"', signal.SIGHUP)],
            launcher=("nohup",),
        )
        assert ended.code == 5

    def test_while_the_bucket_does_not_answer(
        self, env: dict[str, str], silent_endpoint: str
    ) -> None:
        ended, seconds = stop_when_told(
            *LOCATIONS,
            env={**env, "AMPLIFY_ENDPOINT_URL": silent_endpoint},
            steps=[('"planned"', signal.SIGTERM)],
        )
        self.assert_clean(ended, 143, env)
        assert seconds < 2

    def test_while_it_is_verified(self, sandbox: Sandbox, env: dict[str, str], bucket: Any) -> None:
        with Proxy(sandbox.s3["endpoint_url"]) as s3:
            s3.on("^GET /[^?]*/proof", hang)  # the object, not the list of objects
            ended, seconds = stop_when_told(
                *LOCATIONS,
                *("--verify", "--file-name", "proof.{ext}"),
                env={**env, "AMPLIFY_ENDPOINT_URL": s3.url},
                steps=[('"verify"', signal.SIGINT)],
            )
        assert ended.code == 130
        assert ended.out == ""
        assert seconds < 2
        assert "is delivered, but not verified" in ended.events[-1]["message"]
        assert "nothing was delivered" not in ended.err
        assert [each.key for each in bucket.objects.all()] == ["proof.parquet"]

    def test_a_second_interrupt_does_not_wait(self, silent_warehouse: dict[str, str]) -> None:
        ended, seconds = stop_when_told(
            *LOCATIONS,
            env=silent_warehouse,
            steps=[('"connect"', signal.SIGINT), ("Ctrl-C again", signal.SIGINT)],
        )
        assert ended.code == 130
        assert seconds < 1

    def assert_clean(self, ended: Ended, code: int, env: dict[str, str]) -> None:
        assert (ended.code, ended.out) == (code, "")
        assert ended.events[-1]["error"] == "cancelled"
        assert "Traceback" not in ended.err
        assert left_behind(env) == []


class TestDemo:
    @pytest.fixture
    def alone(self, tmp_path: Path) -> dict[str, str]:
        """An environment that knows no warehouse and no bucket."""
        return {"HOME": str(tmp_path), "AMPLIFY_DATA_DIR": str(tmp_path / "data")}

    def test_the_delivered_file_is_kept(self, alone: dict[str, str]) -> None:
        ended = run(*LOCATIONS, "--demo", "--log-format", "json", env=alone)
        assert ended.code == 0, ended.err
        (file,) = [event["file"] for event in ended.events if "file" in event]
        assert file.startswith(alone["AMPLIFY_DATA_DIR"])
        assert file.endswith(ended.result["file_name"])
        assert pyarrow.parquet.read_metadata(file).num_rows == ended.result["row_count"]

    @pytest.mark.parametrize(
        ("text", "number", "code"),
        [
            ("Starting the embedded", signal.SIGTERM, 143),
            ("Starting the embedded", signal.SIGINT, 130),
            ('"plan"', signal.SIGTERM, 143),
            ('"plan"', signal.SIGKILL, -signal.SIGKILL),
        ],
    )
    def test_no_server_outlives_the_run(
        self, alone: dict[str, str], text: str, number: signal.Signals, code: int
    ) -> None:
        ended, seconds = stop_when_told(
            *("--demo", "--batch", "--table", "ORDERS_100K"), env=alone, steps=[(text, number)]
        )
        assert ended.code == code
        assert ended.out == ""
        assert "Traceback" not in ended.err
        assert seconds < 2
        _, alive = psutil.wait_procs(processes_of(alone), timeout=10)
        assert alive == []


def processes_of(env: dict[str, str]) -> list[psutil.Process]:
    """The processes that were started with this environment, by whatever parent."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("AMPLIFY_DATA_DIR") == env["AMPLIFY_DATA_DIR"]:
                found.append(process)
    return found


class Broken(dict[str, Any]):
    """Options that a defect of ours would have spoilt."""

    def get(self, *_: object) -> Any:
        raise ValueError(" ".join(["hidden", "value"]))


class TestDefects:
    def test_one_is_told_without_its_text(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AMPLIFY_LOG_DIR", str(tmp_path))
        assert batch.run(Broken(), batch.Manner(json=True)) == 1
        out, err = capsys.readouterr()
        told = json.loads(err)
        assert "ValueError" in told["message"]
        assert str(tmp_path) in told["hint"]
        log = (tmp_path / "errors.log").read_text()
        assert "builtins.ValueError" in log
        assert "batch.py" in log
        assert "hidden value" not in out + err + log

    def test_its_text_is_shown_on_request(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AMPLIFY_DEBUG", "1")
        assert batch.run(Broken(), batch.Manner()) == 1
        assert "hidden value" in capsys.readouterr().err


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), IntegrityError("Rows are missing.")])
def test_what_a_signal_breaks_is_told_as_cancelled(
    failure: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """polars breaks off by itself on Ctrl-C, whichever thread it works in."""

    def work(options: Any, manner: batch.Manner, console: Any, stop: Stop) -> int:
        def break_off() -> int:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.cancel.wait(SECONDS)
            raise failure

        return stop.run(break_off)

    monkeypatch.setattr(batch, "_run", work)
    assert batch.run({}, batch.Manner()) == 130
    told = capsys.readouterr().err
    assert "Error (cancelled): Stopped by a signal; nothing was delivered." in told
    assert "Rows are missing" not in told


def test_a_mistake_is_told_before_the_demo_starts(capsys: pytest.CaptureFixture[str]) -> None:
    assert batch.run({"table": "T", "format": "xml"}, batch.Manner(demo=True)) == 2
    told = capsys.readouterr().err
    assert "must be parquet, json" in told
    assert "Starting" not in told


def test_a_closed_stdout_does_not_lose_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    console = batch.TextConsole(stream := io.StringIO(), quiet=False)
    monkeypatch.setattr("sys.stdout", None)
    batch._print(["the result"], console)
    assert stream.getvalue() == "stdout is closed; the result is\nthe result\n"
