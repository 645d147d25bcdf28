"""A job that a signal stops: what was delivered is listed, and nothing else is left."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from tests.support.programs.batch_runs import left_behind, stop_when_told
from tests.support.services.buckets import Proxy, stall
from tests.support.waiting import AT_ONCE


def test_ctrl_c_stops_all_and_lists_what_was_delivered(
    env: dict[str, str], bucket: Any, tmp_path: Path
) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    env["AMPLIFY_STATE_DIR"] = str(tmp_path / "state")
    env["OWN_BUCKET"] = env.pop("AMPLIFY_BUCKET")
    path = tmp_path / "job.toml"
    path.write_text(
        '[defaults]\nbucket = "s3://${OWN_BUCKET}"\nfile_name = "{table}.{ext}"\n'
        '[[transfers]]\nname = "first"\ntable = "LOCATIONS_595"\ndate_column = "DOB"\n'
        '[[transfers]]\nname = "second"\ntable = "ORDERS_100K"\n'
        '[[transfers]]\nname = "third"\ntable = "ORDERS_1998"\n'
    )
    path.chmod(0o600)
    with Proxy(env["AMPLIFY_ENDPOINT_URL"]) as s3:
        s3.on("PUT .*ORDERS_100K", stall)  # it is not delivered before the signal comes
        ended, seconds = stop_when_told(
            *("--batch", "--job", str(path)),
            env={**env, "AMPLIFY_ENDPOINT_URL": s3.url},
            steps=[('"name": "second", "phase": "plan"', signal.SIGINT)],
        )
    assert ended.code == 130, ended.err
    assert seconds < AT_ONCE
    lines = list(map(json.loads, ended.out.splitlines()))
    assert [each["name"] for each in lines] == ["first", "second", "third"]
    assert lines[0]["file_name"] == "LOCATIONS_595.parquet"
    assert [each.get("exit_code") for each in lines[1:]] == [130, 130]
    url = f"s3://{bucket.name}/LOCATIONS_595.parquet"
    assert any(f"first: {url}" in each.get("message", "") for each in ended.events)
    assert [each.key for each in bucket.objects.all()] == ["LOCATIONS_595.parquet"]
    assert not list(bucket.multipart_uploads.all())
    assert left_behind(env) == []
