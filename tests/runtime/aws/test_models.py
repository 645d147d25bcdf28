"""The descriptions of AWS's services are those of botocore, and are read once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import UnknownServiceError
from botocore.loaders import create_loader
from botocore.session import Session

from core.runtime.aws.sessions import make_core_session, make_session

# Those whose clients are made here, and those with which botocore fetches credentials.
SERVICES = ("s3", "secretsmanager", "ssm", "sts", "sso", "sso-oidc")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1"])
def test_a_description_is_that_of_botocore(
    service: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))  # with it, nothing was read before
    ours: Any = make_core_session(None).get_component("data_loader")
    theirs = create_loader(str(tmp_path))  # those of the tests' sessions are shared, and changed
    assert ours.load_service_model(service, kind) == theirs.load_service_model(service, kind)
    found = ours.load_service_model(service, kind)
    assert json.dumps(found) == json.dumps(theirs.load_service_model(service, kind))  # in order


def test_sessions_share_what_is_read() -> None:
    one, other = (make_core_session(None).get_component("data_loader") for _ in range(2))
    assert one.load_service_model("s3", "service-2") is other.load_service_model("s3", "service-2")


def test_sessions_of_boto3_add_no_directory() -> None:
    before = list(make_core_session(None).get_component("data_loader").search_paths)
    make_session(None)
    assert make_core_session(None).get_component("data_loader").search_paths == before


def test_the_services_are_those_of_botocore() -> None:
    assert set(Session().get_available_services()) <= set(
        make_core_session(None).get_available_services()
    )
    with pytest.raises(UnknownServiceError):
        make_core_session(None).create_client("s4", region_name="eu-central-1")


def test_descriptions_of_the_user_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "archive" / "2024-01-01" / "service-2.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"version": "2.0"}')
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    models = make_core_session(None).get_component("data_loader")
    assert models.load_service_model("archive", "service-2") == {"version": "2.0"}
