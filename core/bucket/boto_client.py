"""The boto3 client of a bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
_SESSION_NAME: Final = "amplify-transfer"  # of an assumed role, as CloudTrail shows it
# Where STS is asked if no region is configured; its answers hold in every region of AWS.
_STS_REGION: Final = "us-east-1"


@dataclass(frozen=True)
class Role:
    """An IAM role to assume.

    Attributes:
        arn: its ARN.
        external_id: the external id that its owner demands, if any.
    """

    arn: str
    external_id: str | None = None


def make_client(profile: str | None, options: Mapping[str, str], role: Role | None = None) -> Any:
    """Return an S3 client without retries of its own: those of `core.runtime.retry` are shown.

    Args:
        profile: a profile of the AWS configuration files; boto3's own rules if None.
        options: arguments of boto3's client, among CLIENT_OPTIONS.
        role: the role to assume with these credentials; its own are renewed before they expire.

    Raises:
        UsageError: boto3 rejects the options, or the endpoint that AWS's variables or files name
            is no plain URL.
        SignInError: the profile needs a code of a second factor, and there is nobody to ask.
        BotoCoreError: the profile does not exist or is invalid; see `failures.translate`.
    """
    hush()
    for secret in ("aws_secret_access_key", "aws_session_token"):
        redaction.learn(options.get(secret))
    from botocore.config import Config

    from core.runtime.aws.answers import bound
    from core.runtime.aws.sessions import make_session, sign_in

    session = make_session(profile)
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        tcp_keepalive=True,
        # This package sends checksums as headers, not as trailers, which many stores reject.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    if role is not None:
        session, options = _assume(role, profile, options, config)
    elif "aws_access_key_id" not in options:
        sign_in(session)
    try:
        client = session.client("s3", config=config, **options)
    except ValueError as error:
        raise UsageError(
            "The S3 client rejects its configuration.", "Check the endpoint URL and the region."
        ) from error
    _check_endpoint(client, "S3")
    bound(client)
    if redaction.watching():
        _learn_credentials(session, client)
    for operation in ("PutObject", "UploadPart"):
        client.meta.events.register(f"before-send.s3.{operation}", _begin_sending)
    return client


def _check_endpoint(client: Any, service: str) -> None:
    """Raise `UsageError` if the endpoint that AWS's variables or files name is no plain URL."""
    if not is_plain_endpoint(client.meta.endpoint_url):
        client.close()
        raise UsageError(
            f"The endpoint URL of {service} in AWS's variables or files {ENDPOINT_FORM}.",
            f"Check AWS_ENDPOINT_URL_{service}, AWS_ENDPOINT_URL and the endpoint of the AWS "
            "profile.",
        )


def _assume(
    role: Role, profile: str | None, options: Mapping[str, str], config: Any
) -> tuple[Any, dict[str, str]]:
    """Return a session whose credentials are those of a role, and the options without keys.

    botocore asks STS for new ones 15 minutes before they expire, whenever a request is signed.
    """
    import boto3
    from botocore import credentials as boto
    from botocore.exceptions import NoCredentialsError

    from core.runtime.aws.answers import bound
    from core.runtime.aws.sessions import make_core_session, make_plain_session, sign_in

    core = make_core_session(profile)
    rest = {name: value for name, value in options.items() if not name.startswith("aws_")}
    if key := options.get("aws_access_key_id"):
        secret, token = options.get("aws_secret_access_key"), options.get("aws_session_token")
        source = boto.Credentials(key, secret, token)
    else:
        sign_in(core)
        source = core.get_credentials()
    if source is None:
        raise NoCredentialsError
    region = options.get("region_name") or core.get_config_variable("region") or _STS_REGION

    def create_client(service: str, **keys: Any) -> Any:
        redaction.learn(keys.get("aws_secret_access_key"))
        client = core.create_client(service, region_name=region, config=config, **keys)
        _check_endpoint(client, "STS")
        bound(client)
        return client

    external = {"ExternalId": role.external_id} if role.external_id else {}
    fetcher = boto.AssumeRoleCredentialFetcher(
        create_client, source, role.arn, {"RoleSessionName": _SESSION_NAME, **external}
    )

    class RoleProvider(boto.CredentialProvider):  # type: ignore[misc]
        def load(self) -> Any:
            """Return credentials that are fetched on first use."""
            return boto.DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

    assumed = make_plain_session(profile)
    assumed.register_component("credential_provider", boto.CredentialResolver([RoleProvider()]))
    return boto3.session.Session(botocore_session=assumed), rest


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
