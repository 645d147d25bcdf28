"""The boto3 client of a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.errors import UsageError
from core.runtime import redaction
from core.runtime.library_logging import hush
from core.runtime.urls import ENDPOINT_FORM, is_plain_endpoint

CONNECT_TIMEOUT_SECONDS = 10
READ_TIMEOUT_SECONDS = 60
CLIENT_OPTIONS: Final = frozenset(
    {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "region_name",
        "endpoint_url",
    }
)


def make_client(profile: str | None, options: Mapping[str, str]) -> Any:
    """Return an S3 client without retries of its own: those of `core.runtime.retry` are shown.

    Args:
        profile: a profile of the AWS configuration files; boto3's own rules if None.
        options: arguments of boto3's client, among CLIENT_OPTIONS.

    Raises:
        UsageError: boto3 rejects the options, or the endpoint that AWS's variables or files name
            is no plain URL.
        BotoCoreError: the profile does not exist or is invalid; see `failures.translate`.
    """
    hush()
    for secret in ("aws_secret_access_key", "aws_session_token"):
        redaction.learn(options.get(secret))
    import boto3
    from botocore.config import Config

    from core.runtime.aws.answers import bound

    session = boto3.session.Session(profile_name=profile)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        tcp_keepalive=True,
        # This package sends checksums as headers, not as trailers, which many stores reject.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        client = session.client("s3", config=config, **options)
    except ValueError as error:
        raise UsageError(
            "The S3 client rejects its configuration.", "Check the endpoint URL and the region."
        ) from error
    if not is_plain_endpoint(client.meta.endpoint_url):
        client.close()
        raise UsageError(
            f"The endpoint URL of S3 in AWS's variables or files {ENDPOINT_FORM}.",
            "Check AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL and the endpoint of the AWS profile.",
        )
    bound(client)
    if redaction.watching():
        _learn_credentials(session, client)
    for operation in ("PutObject", "UploadPart"):
        client.meta.events.register(f"before-send.s3.{operation}", _begin_sending)
    return client


def _learn_credentials(session: Any, client: Any) -> None:
    """Register the keys and tokens that sign requests for redaction, renewed ones too."""

    def learn(**_: Any) -> None:
        held = session.get_credentials()
        if held is not None:
            used = held.get_frozen_credentials()
            redaction.learn(used.secret_key)
            redaction.learn(used.token)

    client.meta.events.register("before-send.s3", learn)


def _begin_sending(request: Any, **_: Any) -> None:
    """Mark the body as being sent: what was read before, was read to be signed."""
    begin = getattr(request.body, "begin", None)
    if begin:
        begin()
