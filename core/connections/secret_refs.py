"""Secrets that are given by their place: in a file, or in AWS.

For a secret parameter, such as `password`, a connection may have `password_file`, the path of a
file that only its owner can read, and `password_arn`, the ARN of a secret in AWS Secrets Manager or
of a parameter in SSM Parameter Store. The first that is given is used: the value, the file, the
ARN, the keyring. It is read at each sign-in and not before, and the others are not read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from core.connections.file_trust import check_way
from core.connections.keyring_store import KeptSecret
from core.connections.local_paths import expand_path, explain_escapes
from core.connections.secrets import SECRETS, Secret, hide
from core.errors import UsageError

_SLASHES: Final = os.sep + (os.altsep or "")
_LARGEST: Final = 64 * 1024  # bytes, as at Secrets Manager
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
# A private_key_file is a parameter of the connector, which reads the file itself.
_IN_FILES: Final = SECRETS - {"private_key", "private_key_raw"}
SOURCES: Final = frozenset(
    {f"{name}_file" for name in _IN_FILES} | {f"{name}_arn" for name in SECRETS}
)


class FileSecret(Secret):
    """A secret in a file, which is read when the secret is revealed.

    Args:
        parameter: the connection parameter that names the file, such as `password_file`.
        path: the file; `~` is the home directory.
    """

    __slots__ = ("_parameter", "_path")

    def __init__(self, parameter: str, path: str) -> None:
        super().__init__(f"{parameter} {path}")  # for comparison; not the secret
        self._parameter = parameter
        self._path = path

    def _open(self) -> str:
        """Read the secret; one line break at its end is not part of it.

        Raises:
            UsageError: the file is missing, is no regular file, is accessible to other users, or
                holds no text.
        """
        return _read(self._parameter, self._path)


class AwsSecret(Secret):
    """A secret in AWS, which is fetched when the secret is revealed.

    Args:
        parameter: the connection parameter that holds the ARN, such as `password_arn`.
        arn: the ARN of a secret or a parameter; `#key` at its end selects that text of a JSON
            object.
        profile: a profile of the AWS configuration files; boto3's own rules if None.
    """

    __slots__ = ("_arn", "_parameter", "_profile")

    def __init__(self, parameter: str, arn: str, profile: str | None = None) -> None:
        super().__init__(f"{parameter} {arn}")  # for comparison; not the secret
        self._parameter = parameter
        self._arn = arn
        self._profile = profile

    def with_profile(self, profile: str | None) -> AwsSecret:
        """Return the same secret, to be fetched with the credentials of a profile."""
        return AwsSecret(self._parameter, self._arn, profile)

    def _open(self) -> str:
        """Fetch the secret, from the region of its ARN.

        Raises:
            UsageError: the ARN is invalid, or there is no such secret, key or profile.
            SignInError: AWS refuses the credentials or the secret, or there are no credentials.
            TemporaryError: AWS could not be reached in time.
        """
        from core.connections.aws_secrets import fetch  # botocore takes a while to import

        return fetch(self._parameter, self._arn, self._profile)


def choose_secrets(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the parameters that give the place of a secret by the secret.

    Args:
        parameters: parameters of the connector, and any of SOURCES.

    Returns:
        The connector's parameters; every secret value is a `Secret`.

    Example:
        >>> choose_secrets({"user": "me", "password_file": "~/.password"})
        {'user': 'me', 'password': Secret('**********')}
    """
    found = {k: hide(k, value) for k, value in parameters.items() if k not in SOURCES}
    for name in SECRETS:
        given = found.get(name)
        if given and not isinstance(given, KeptSecret):
            continue
        in_file, at_aws = f"{name}_file", f"{name}_arn"
        if name in _IN_FILES and (path := parameters.get(in_file)):
            found[name] = FileSecret(in_file, str(path))
        elif arn := parameters.get(at_aws):
            found[name] = AwsSecret(at_aws, str(arn))
    return found


def _read(parameter: str, path: str) -> str:
    """Return the text of a secret file. No error holds any of the content."""
    path = expand_path(path)
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            _check(parameter, path, os.fstat(file.fileno()))
            text = file.read(_LARGEST).decode()
    except UnicodeDecodeError:
        raise UsageError(f"{parameter}: {path} is not text (UTF-8).", "Correct the file.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such file"
        raise UsageError(
            f"{parameter}: {_show_path(path)} cannot be read ({reason}).",
            explain_escapes(path)
            or "Give the path of a file that holds the secret, not the secret itself.",
        ) from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise UsageError(f"{parameter}: {path} is empty.", "Write the secret into it.")
    return text


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file without waiting: it may be a pipe that has no writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check(parameter: str, path: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{parameter}: {path} is no regular file.", "Name the file of the secret.")
    if os.name == "posix" and found.st_mode & _OTHERS:
        raise UsageError(
            f"{parameter}: {path} is accessible to other users, so it is not secret.",
            f"Close it with: chmod 600 {path}",
        )
    check_way(Path(path), found)
    if found.st_size > _LARGEST:
        raise UsageError(f"{parameter}: {path} is too large for a secret.", "Correct the file.")


def _show_path(path: str) -> str:
    """Return a path for messages, or a description if it may be the secret itself.

    A secret may have been given by mistake: that is a text without an existing directory.
    """
    directory = os.path.dirname(path)  # noqa: PTH120  as typed
    inner = os.path.splitdrive(directory)[1].strip(_SLASHES)  # not a root, which many texts have
    known = inner and os.path.isdir(directory)  # noqa: PTH112
    return path if known else "the file that it names"
