"""Stages and storage integrations: where COPY INTO may write, and with which rights.

Rules: docs.snowflake.com CREATE STAGE, CREATE STORAGE INTEGRATION, COPY INTO <location>. All stages
are external, in S3; every s3:// address is in the sandbox bucket's server.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from core.sandbox.warehouse import failures
from core.sandbox.warehouse.catalog.catalog import Path as ObjectPath
from core.sandbox.warehouse.catalog.catalog import format_path, now
from core.sandbox.warehouse.engine.execution import Execution
from core.sandbox.warehouse.unload.clauses import Clauses, inner, text
from core.sandbox.warehouse.unload.s3 import Place, stage_failure

SANDBOX_INTEGRATION = "SANDBOX_S3"
SANDBOX_STAGE: ObjectPath = ("DEMO", "PUBLIC", "PARTNER_INBOX")
WAY_TO_BUCKET = {"storage_integration": SANDBOX_INTEGRATION, "stage": format_path(SANDBOX_STAGE)}
CONNECT_SECONDS = 10.0  # in which the launcher must send the address of the bucket's server
ACCESS = {"STORAGE_INTEGRATION", "CREDENTIALS", "ENCRYPTION"}
# A bucket's name and nothing else: the ARN of an access point has another host.
_URL = re.compile(r"s3(?:gov|china)?://(?P<bucket>[\w.-]+)(?:/(?P<key>.*))?", re.S | re.ASCII)
_STAGE = re.compile(r'@((?:"(?:[^"]|"")+"|[\w$.])+)(?:/(.*))?', re.S)
_PART = re.compile(r'"((?:[^"]|"")+)"|([\w$]+)')
_KEYS = {
    "AWS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_KEY": "aws_secret_access_key",
    "AWS_TOKEN": "aws_session_token",
}
Named = tuple[str, ...]


@dataclass(frozen=True)
class Integration:
    """A storage integration: what it may be used for. Its rights are the bucket owner's."""

    name: str
    allowed: tuple[str, ...]
    blocked: tuple[str, ...] = ()
    enabled: bool = True
    role_arn: str = ""
    comment: str = ""
    created_on: datetime = field(default_factory=now)

    @property
    def path(self) -> Named:
        """Under which grants on it are kept."""
        return integration_path(self.name)

    def check(self, url: str) -> None:
        """Raise Failure 3127 unless the integration may be used for `url`."""
        inside = any(each == "*" or _within(url, each) for each in self.allowed)
        if not inside or any(_within(url, each) for each in self.blocked):
            raise failures.invalid(
                f"Location '{url}' is not allowed by integration {self.name}. Please use DESC"
                " INTEGRATION to check out allowed and blocked locations.",
                3127,
                "42601",
            )


def integration_path(name: str) -> Named:
    """Return the path of an integration for grants; no other object has such a path."""
    return ("<integration>", name)


def _within(url: str, location: str) -> bool:
    folder = location.rstrip("/")
    return url == folder or url.startswith(f"{folder}/")


@dataclass(frozen=True)
class Stage:
    """A named external stage."""

    path: ObjectPath
    url: str
    integration: str = ""
    credentials: Clauses = field(default_factory=dict, repr=False)
    encryption: Clauses = field(default_factory=dict)
    comment: str = ""
    created_on: datetime = field(default_factory=now)


class Storage:
    """All stages and integrations of a warehouse, and the way to its cloud storage.

    Args:
        spool: a directory for the rows of files that are being made.
    """

    def __init__(self, spool: Path) -> None:
        self.spool = spool
        self.integrations: dict[str, Integration] = {}
        self.stages: dict[ObjectPath, Stage] = {}
        self._server: dict[str, str] = {}
        self._connected = threading.Event()

    def connect(self, s3: dict[str, str]) -> None:
        """Set the bucket's server, and create the integration and the stage of its bucket.

        Args:
            s3: the `bucket`, and the arguments of a boto3 client with its owner's keys.
        """
        self._server = {name: value for name, value in s3.items() if name != "bucket"}
        url = f"s3://{s3['bucket']}/"
        self.integrations[SANDBOX_INTEGRATION] = Integration(SANDBOX_INTEGRATION, (url,))
        self.stages[SANDBOX_STAGE] = Stage(SANDBOX_STAGE, url, SANDBOX_INTEGRATION)
        self._connected.set()

    def ready(self) -> None:
        """Wait until the bucket's server is known.

        Raises:
            Failure: 91003 if there is no such server.
        """
        if not self._connected.wait(CONNECT_SECONDS):
            raise stage_failure("The sandbox warehouse runs without a bucket")

    def integration(self, execution: Execution, name: str) -> Integration:
        """Return an integration that the session's role may use.

        Raises:
            Failure: 2003 for one that is not there or not granted, 3001 where it is switched off.
        """
        found = self.integrations.get(name)
        granted = {"OWNERSHIP", "USAGE"}
        role, catalog = execution.state.role, execution.catalog
        if found is None or not catalog.privileges(role, found.path) & granted:
            raise failures.missing_object("Integration", name)
        if not found.enabled:
            raise failures.invalid(f"Integration '{name}' is not enabled.", 3115, "42601")
        return found

    def stage(self, execution: Execution, names: Named) -> Stage:
        """Return a stage that the session's role may use.

        Raises:
            Failure: 2003 for one that is not there or not granted.
        """
        path = execution.names.path(names)
        granted = {"OWNERSHIP", "USAGE"}
        found = self.stages.get(path)
        if found is None or not execution.catalog.privileges(execution.state.role, path) & granted:
            raise failures.missing_object("Stage", format_path(path))
        return found

    def place(self, execution: Execution, location: str, clauses: Clauses) -> Place:
        """Return the place of `location`: `@stage/path`, or `s3://...` with access by `clauses`.

        Raises:
            Failure: 2003, 3127, 1011 for an address that is not one, 1007 for rights given with a
            stage, which has its own.
        """
        self.ready()
        if location.startswith("@"):
            if clauses.keys() & ACCESS:
                raise failures.invalid(
                    f"{', '.join(sorted(clauses.keys() & ACCESS))} cannot be specified with a stage"
                )
            names, path = _parse_stage(location)
            stage = self.stage(execution, names)
            own: Clauses = {"CREDENTIALS": stage.credentials, "ENCRYPTION": stage.encryption}
            if stage.integration:
                own["STORAGE_INTEGRATION"] = stage.integration
            url = stage.url + ("/" if path and not stage.url.endswith("/") else "") + path
            return self._place(execution, url, own, location)
        return self._place(execution, location, clauses, location)

    def _place(self, execution: Execution, url: str, clauses: Clauses, shown: str) -> Place:
        match = _URL.fullmatch(url)
        if match is None:
            raise failures.invalid(f"invalid URL prefix found in: '{url}'", 1011, "42601")
        name = text(clauses, "STORAGE_INTEGRATION")
        access = {each: self._server[each] for each in ("endpoint_url", "region_name")}
        if name:
            self.integration(execution, name).check(url)
            access = self._server
        else:
            access |= keys(inner(clauses, "CREDENTIALS"))
        encryption = server_side(inner(clauses, "ENCRYPTION"))
        return Place(match["bucket"], match["key"] or "", shown, access, encryption)


def _parse_stage(location: str) -> tuple[Named, str]:
    match = _STAGE.fullmatch(location)
    if match is None:
        raise failures.unsupported(f"internal stage {location}")
    parts = [
        quoted.replace('""', '"') or plain.upper() for quoted, plain in _PART.findall(match[1])
    ]
    return tuple(parts), match[2] or ""


def keys(credentials: Clauses) -> dict[str, str]:
    """Convert CREDENTIALS to the arguments of a boto3 client.

    Raises:
        Failure: 1008 without both AWS_KEY_ID and AWS_SECRET_KEY.
    """
    if {"AWS_KEY_ID", "AWS_SECRET_KEY"} - credentials.keys() or credentials.keys() - _KEYS.keys():
        raise failures.invalid(
            "invalid credentials: AWS_KEY_ID and AWS_SECRET_KEY, or a STORAGE_INTEGRATION, needed",
            1008,
        )
    return {_KEYS[name]: text(credentials, name) for name in credentials}


def server_side(encryption: Clauses) -> dict[str, str]:
    """Convert ENCRYPTION to the arguments of PutObject.

    Raises:
        Failure: 2 for client-side encryption, which the sandbox lacks.
    """
    kind = text(encryption, "TYPE", "NONE").upper()
    if kind == "AWS_SSE_S3":
        return {"ServerSideEncryption": "AES256"}
    if kind == "AWS_SSE_KMS":
        key = text(encryption, "KMS_KEY_ID")
        return {"ServerSideEncryption": "aws:kms"} | ({"SSEKMSKeyId": key} if key else {})
    if kind != "NONE" or "MASTER_KEY" in encryption:
        raise failures.unsupported(f"ENCRYPTION TYPE {kind}")
    return {}
