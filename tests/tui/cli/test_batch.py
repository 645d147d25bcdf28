"""`--batch` from outside: results, streams, exit codes; against the sandbox."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet
import pytest

from tests.support.programs.batch_runs import (
    LOCATIONS,
    SECONDS,
    left_behind,
    nothing_delivered,
    program,
    run,
)
from tui.cli import batch
from tui.cli.standard_output import print_lines

if TYPE_CHECKING:
    pass


class TestDelivered:
    def test_stdout_is_the_result_and_nothing_else(self, env: dict[str, str], bucket: Any) -> None:
        ended = run("--batch", "--table", "ORDERS_100K", env=env)
        assert ended.code == 0, ended.err
        assert list(ended.result) == ["file_name", "row_count", "timestamp"]
        assert ended.out.endswith('Z"}\n')
        body = io.BytesIO(bucket.Object(ended.result["file_name"]).get()["Body"].read())
        assert pyarrow.parquet.read_metadata(body).num_rows == ended.result["row_count"] > 0
        assert "Reading" in ended.err
        assert (
            "Engine: stream (100,000 rows: below the 50M-row / 5 GB streaming limit)" in ended.err
        )
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
        assert "streaming limit" in planned["engine_why"]
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


class TestDemo:
    def test_the_delivered_file_is_kept(self, alone: dict[str, str]) -> None:
        ended = run(*LOCATIONS, "--demo", "--log-format", "json", env=alone)
        assert ended.code == 0, ended.err
        (file,) = [event["file"] for event in ended.events if "file" in event]
        assert file.startswith(alone["AMPLIFY_DATA_DIR"])
        assert file.endswith(ended.result["file_name"])
        assert pyarrow.parquet.read_metadata(file).num_rows == ended.result["row_count"]


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
        assert "stream: 595 rows: below the 50M-row / 5 GB streaming limit" in ended.out
        assert "not among your sum columns" in ended.out
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
        assert shown["engine_why"] == "595 rows: above the 500-row streaming limit"
        assert "GROUP BY GROUPING SETS" in shown["sql"]

    def test_it_needs_nothing_of_aws(self, env: dict[str, str]) -> None:
        without = {key: value for key, value in env.items() if not key.startswith("AWS_")}
        without["AMPLIFY_ENDPOINT_URL"] = "http://127.0.0.1:9"
        assert run(*self.ORIGINAL, env=without).code == 0
        ended = run(*self.ORIGINAL[:-1], "--ddl", "redshift", env=without)
        assert ended.code == 0, ended.err
        assert '  "dob" DATE,\n' in ended.out
        assert 'CREATE TABLE "locations_595" (' in ended.out
        assert '  "area_km2" DECIMAL(38,' in ended.out


class TestRefused:
    @pytest.mark.parametrize(
        ("arguments", "changed", "code", "said"),
        [
            (["--table", "LOCATION_595"], {}, 4, "LOCATIONS_595"),
            (["--table", "NOPE.NOPE.T"], {}, 4, "NOPE"),
            ([], {"SNOWFLAKE_PASSWORD": "hidden-wrong"}, 3, "password is wrong"),
            (["--max-retry-time", "0"], {"SNOWFLAKE_PORT": "9"}, 5, "Snowflake"),
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


@pytest.mark.parametrize("debug", ["0", "1"])
def test_where_an_error_arose_is_shown_for_debugging_only(
    debug: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPLIFY_DEBUG", debug)
    assert batch.run({"table": "T", "format": "xml"}, batch.Manner()) == 2
    assert ("Traceback" in capsys.readouterr().err) is (debug == "1")


def test_a_mistake_is_told_before_the_demo_starts(capsys: pytest.CaptureFixture[str]) -> None:
    assert batch.run({"table": "T", "format": "xml"}, batch.Manner(demo=True)) == 2
    told = capsys.readouterr().err
    assert "must be parquet, json" in told
    assert "Starting" not in told


def test_what_a_library_writes_to_stderr_is_a_message() -> None:
    """Native code prints the address of a sign-in there."""
    code = "import os, tui.cli.batch as batch, tui.cli.signals as signals\n"
    code += "batch._run = lambda *_: os.write(2, b'Open https://example.com\\n') * 0\n"
    code += "signals.leave(batch.run({}, batch.Manner(json=True)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=True
    )
    line = json.loads(done.stderr)
    assert (line["level"], line["message"]) == ("info", "Open https://example.com")


def test_a_closed_stdout_does_not_lose_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    console = batch.TextConsole(stream := io.StringIO(), quiet=False)
    monkeypatch.setattr("sys.stdout", None)
    print_lines(["the result"], console)
    assert stream.getvalue() == "stdout is closed; the result is\nthe result\n"
