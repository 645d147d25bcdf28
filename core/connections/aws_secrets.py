"""Secrets in AWS Secrets Manager and in the Parameter Store of AWS Systems Manager.

A request goes to the service and the region that the ARN names, with boto3's own chain of
credentials. An answer holds the secret, so no error repeats any part of an answer.
Imports botocore, so this module is imported only when such a secret is needed.
"""

from __future__ import annotations

import concurrent.futures
import json
import re
from typing import Any, Final

from botocore import exceptions as boto
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from core.errors import SignInError, TemporaryError, TransferError, UsageError
from core.runtime import redaction
from core.runtime.aws.answers import bound
from core.runtime.aws.errors import CREDENTIALS, OF_PROXY, get_code, get_status, is_temporary
from core.runtime.aws.sessions import is_asking, make_session
from core.runtime.background import start
from core.runtime.certificates import find_refusal
from core.runtime.library_logging import hush
from core.runtime.urls import ENDPOINT_FORM, is_plain_endpoint

_REGION: Final = r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}"
# docs.aws.amazon.com, "Service Authorization Reference"; a parameter's may end in its version.
_ARN: Final = re.compile(
    rf"(arn:aws[a-z-]*:(?:secretsmanager:{_REGION}:\d{{12}}:secret:[\w/+=.@-]+"
    rf"|ssm:{_REGION}:\d{{12}}:parameter/[\w/.-]+(?::[\w.-]+)?))(?:#(.+))?",
    re.ASCII,
)
_ANSWER_SECONDS: Final = 10
_SECONDS: Final = 30.0  # includes the search for credentials, which may send requests too
_MISSING: Final = frozenset(
    {
        "ResourceNotFoundException",
        "InvalidRequestException",  # marked for deletion, or without a value yet
        "ParameterNotFound",
        "ParameterVersionNotFound",
    }
)


def fetch(parameter: str, arn: str, profile: str | None) -> str:
    """Return a secret, within half a minute.

    Args:
        parameter: the connection parameter that holds the ARN, for errors.
        arn: the ARN of a secret or a parameter; `#key` at its end selects that text of a JSON
            object.
        profile: a profile of the AWS configuration files; boto3's own rules if None.

    Raises:
        UsageError: the ARN is invalid, or there is no such secret, key or profile.
        SignInError: AWS refuses the credentials or the secret, or there are no credentials.
        TemporaryError: AWS could not be reached in time.
    """
    match = _ARN.fullmatch(arn)
    if match is None:  # not shown: it may be the secret, put there by mistake
        raise UsageError(
            f"{parameter} is not the ARN of a secret.",
            "Give that of a secret (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME) or of a "
            "parameter (arn:aws:ssm:REGION:ACCOUNT:parameter/NAME).",
        )
    source = f"{match[1]} ({parameter})"
    asked = start(_ask, match[1], profile, source)
    while not concurrent.futures.wait([asked], _SECONDS).done:
        if is_asking():
            continue
        raise TemporaryError(
            f"AWS did not answer for {source} in {_SECONDS:.0f} seconds.",
            "Check the network and the AWS profile; then try again.",
            why="no answer from AWS",
            again=True,
        )
    kept = asked.result()
    if isinstance(kept, str):
        redaction.learn(kept)
    text = _extract_member(kept, match[2], source) if match[2] else kept
    if not isinstance(text, str) or not text:
        raise UsageError(
            f"{source} has no text" + (f" {match[2]!r}." if match[2] else "."),
            "Write #key behind the ARN for one text of a JSON object. Binary secrets cannot be "
            "used.",
        )
    return text


def _ask(arn: str, profile: str | None, source: str) -> Any:
    hush()  # botocore logs whole answers at DEBUG
    service, region = arn.split(":")[2:4]
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 1},  # the sign-in is retried as a whole
        connect_timeout=_ANSWER_SECONDS,
        read_timeout=_ANSWER_SECONDS,
    )
    try:
        session = make_session(profile)
        client = session.client(service, region_name=region, config=config)
        bound(client)
        if not is_plain_endpoint(client.meta.endpoint_url):
            raise UsageError(
                f"The endpoint URL of {service} in AWS's variables or files {ENDPOINT_FORM}.",
                "Check AWS_ENDPOINT_URL and the AWS profile.",
            )
        if service == "ssm":
            return client.get_parameter(Name=arn, WithDecryption=True)["Parameter"]["Value"]
        answer = client.get_secret_value(SecretId=arn)
        return answer.get("SecretString") or answer["SecretBinary"]
    except ClientError as error:
        raise _translate_refusal(error, source) from error
    except BotoCoreError as error:
        raise _translate_failure(error, source) from error
    except (ResponseParserError, ValueError, KeyError, TypeError, RecursionError):
        raise TemporaryError(
            f"The answer for {source} did not come from AWS.",
            "Check whether a proxy or a sign-in page of the network answers instead, and "
            "AWS_ENDPOINT_URL; then try again.",
        ) from None


def _translate_refusal(error: ClientError, source: str) -> TransferError:
    """Return the error of core.errors for an error that AWS reports."""
    code, status = get_code(error.response), get_status(error.response)
    if code in _MISSING:
        return UsageError(
            f"AWS has no value for {source} ({code}).",
            "Check the ARN: its region, its account and its name.",
        )
    if is_temporary(error.response):
        return TemporaryError(
            f"AWS is temporarily unable to return {source} ({code or status}).",
            "Try again later.",
            why=f"{code or status} from AWS",
            again=True,
        )
    if code in CREDENTIALS:
        return SignInError(f"AWS refuses the credentials for {source} ({code}).", CREDENTIALS[code])
    return SignInError(
        f"AWS refuses access to {source} ({code or status}).",
        "The credentials need secretsmanager:GetSecretValue or ssm:GetParameter for it, and "
        "kms:Decrypt if it is encrypted with a customer managed key.",
    )


def _translate_failure(error: BotoCoreError, source: str) -> TransferError:
    """Return the error of core.errors for an error that boto3 raised itself."""
    if isinstance(error, boto.ProfileNotFound):
        return UsageError(
            f"The AWS profile with which to fetch {source} does not exist.",
            "`aws configure list-profiles` lists them.",
        )
    if refused := find_refusal(error):
        return SignInError(
            f"The certificate of AWS's service for {source} is not trusted: {refused}.", OF_PROXY
        )
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
        return TemporaryError(
            f"AWS could not be reached for {source} ({type(error).__name__}).",
            "Check the network, and the region of the ARN; then try again.",
            why=f"{type(error).__name__} at AWS",
            again=True,
        )
    return SignInError(
        f"There are no AWS credentials to fetch {source} with ({type(error).__name__}).",
        "Name an AWS profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run on a "
        "machine that has a role, or sign in again with `aws sso login`.",
    )


def _extract_member(text: object, key: str, source: str) -> object:
    """Return one member of a secret that is a JSON object."""
    try:
        table = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        table = None
    for each in table.values() if isinstance(table, dict) else ():
        redaction.learn(each if isinstance(each, str) else None)
    if not isinstance(table, dict):
        raise UsageError(f"{source} is not a JSON object.", f"Remove #{key} from the ARN.")
    return table.get(key)
