"""Sessions of boto3, and the code of a second factor (MFA) that a profile's role may demand.

A profile with `mfa_serial` assumes its role with a code that a person types. botocore asks for it
on the terminal, from whichever thread signs the first request, and so would garble the app, hang
in cron, and ask again in each process. Here the front end that has somebody to ask says so with
`ask_for_codes`; without one, a profile that needs a code is an error. The credentials are kept
where the AWS CLI keeps them (docs.aws.amazon.com, "Use an IAM role in the AWS CLI", about the
cache), so one code serves all runs, and the CLI, until they expire.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.errors import SignInError

if TYPE_CHECKING:
    from boto3.session import Session

Ask = Callable[[str], str]
_CACHE: Final = Path(".aws", "cli", "cache")  # below the home directory
_one_at_a_time = threading.Lock()
_asking = threading.Event()
_ask: Ask | None = None


def ask_for_codes(ask: Ask | None) -> None:
    """Set how the code of a second factor is obtained.

    Args:
        ask: is called from a background thread with the serial number or the ARN of the device,
            and returns the code; its errors end the request. None if there is nobody to ask.
    """
    global _ask
    _ask = ask


def is_asking() -> bool:
    """Return whether a person is being asked for a code, which takes as long as it takes."""
    return _asking.is_set()


def make_session(profile: str | None) -> Session:
    """Return a boto3 session that asks for codes as `ask_for_codes` has set.

    Args:
        profile: a profile of the AWS configuration files; boto3's own rules if None.

    Raises:
        BotoCoreError: the profile does not exist or is invalid.
    """
    import boto3

    return boto3.session.Session(botocore_session=make_core_session(profile))


def make_core_session(profile: str | None) -> Any:
    """Return a session of botocore like that of `make_session`."""
    from botocore.utils import JSONFileCache

    core = make_plain_session(profile)
    provider = core.get_component("credential_provider").get_provider("assume-role")
    provider.cache = JSONFileCache(str(Path.home() / _CACHE))
    provider._prompter = _get_code
    return core


def make_plain_session(profile: str | None) -> Any:
    """Return a session of botocore like that of `make_session` for other sources of credentials."""
    from botocore.session import Session

    from core.runtime.aws.models import use_models

    session = Session(profile=profile)
    use_models(session)
    return session


def sign_in(session: Any) -> None:
    """Fetch the credentials of a session now, if they are those of a role.

    A person may need a minute for the code, and the time limit of a request would end the wait.

    Raises:
        SignInError: a code is needed and there is nobody to ask.
        BotoCoreError, ClientError: AWS refuses the credentials or the code.
    """
    credentials = session.get_credentials()
    if credentials is not None and credentials.method == "assume-role":
        with _one_at_a_time:  # a second thread finds the first one's credentials in the cache
            credentials.get_frozen_credentials()


def _get_code(text: str) -> str:
    """Return the code for botocore, whose text is "Enter MFA code for SERIAL: "."""
    serial = text.rpartition(" for ")[2].strip(" :")
    if _ask is None:
        raise SignInError(
            f"The AWS profile needs a code of the MFA device {serial}, and there is nobody to ask.",
            "Run once in a terminal, or `aws sts get-caller-identity` with this profile: the "
            "credentials then serve until they expire. For runs without a person, use a profile "
            "without MFA.",
        )
    _asking.set()
    try:
        return _ask(serial)
    finally:
        _asking.clear()
