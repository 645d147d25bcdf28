"""Another user of the machine gets nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from core.sandbox.launcher import Sandbox
from tests.trust.attacks.sandbox.raw_http import (
    CONTENT,
    s3_port,
)

NOBODY = 65534  # the user that owns nothing

# Run by another user: what it can send without a password, and what it can read.
STRANGER = """
import encodings.idna, http.client, json, os, sys  # nobody may not read this interpreter's files
nobody, ports, paths = json.loads(sys.argv[1])
os.setgroups([])
os.setresgid(nobody, nobody, nobody)
os.setresuid(nobody, nobody, nobody)
seen = []
for port in ports:
    for method, target in (
        ("GET", "/moto-api/data.json"), ("GET", "/"), ("GET", "/partner-inbox/kept.txt"),
        ("PUT", "/partner-inbox/kept.txt"), ("DELETE", "/partner-inbox"),
        ("POST", "/moto-api/reset"), ("POST", "/queries/v1/query-request?requestId=1"),
    ):
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        asked.request(method, target, b"x" if method in ("PUT", "POST") else None)
        answer = asked.getresponse()
        seen.append((port, method, target, answer.status, answer.read().decode()))
        asked.close()
readable = []
for path in paths:
    try:
        readable.append(os.listdir(path) if os.path.isdir(path) else open(path).read())
    except PermissionError:
        pass
print(json.dumps([seen, readable]))
"""


def test_another_user_of_the_machine_gets_nothing(box: Sandbox, data: Path) -> None:
    ports = [s3_port(box), int(box.snowflake["port"])]
    children = [child.pid for child in box._children]
    private = [str(data / "bucket"), str(data / "warehouse")]
    private += [f"/proc/{child}/environ" for child in children]
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, json.dumps([NOBODY, ports, private])],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    seen, readable = json.loads(done.stdout)
    assert readable == []
    secrets = [box.s3["aws_secret_access_key"], box.snowflake["password"], CONTENT.decode()]
    for port, *_, status, body in seen:
        if port == ports[0]:
            assert status == 403
        else:
            assert status in (404, 405) or json.loads(body)["success"] is False
        assert not [secret for secret in secrets if secret in body]
    for child in children:
        assert not [s for s in secrets if s in Path(f"/proc/{child}/cmdline").read_text()]
