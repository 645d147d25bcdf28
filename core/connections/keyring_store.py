"""Secrets in the system's keyring.

A keyring may ask its user to unlock it, and wait for ever without an answer: each call is made in a
separate thread and abandoned after ten seconds. The secrets of a connection are requested only when
that connection is used.

Not every backend of `keyring` protects secrets: some store nothing (`fail`, `null`), others store
them in a file that can be decoded without a key (`keyrings.alt`). Those are skipped, whether
`keyring` has selected them, PYTHON_KEYRING_BACKEND or keyringrc.cfg names them, or they are members
of a chain of keyrings, of which only the members that encrypt are used.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from core.connections.secrets import Secret
from core.errors import LocalResourceError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

Answer = TypeVar("Answer")

_SECONDS: Final = 10.0
_SERVICE: Final = "amplify-transfer:snowflake:"
# Backends that store nothing, or store it in a file that can be decoded without a key. The
# encrypted file of keyrings.alt asks for its password on the terminal, which the app uses.
_UNFIT: Final = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")
_UNFIT_NAME: Final = re.compile("plain_?text|uncrypted|unencrypted|base64", re.IGNORECASE)


class KeptSecret(Secret):
    """A secret that is in the keyring, and is fetched when it is revealed.

    Args:
        connection: the connection it belongs to.
        field: the parameter of that connection.
    """

    __slots__ = ("_connection", "_field")

    def __init__(self, connection: str, field: str) -> None:
        super().__init__(f"{connection}/{field}")  # for comparison; not the secret
        self._connection = connection
        self._field = field

    def _open(self) -> str:
        """Fetch the secret.

        Raises:
            LocalResourceError: the keyring does not have it, is locked or does not answer.
        """
        return fetch(self._connection, self._field)


def is_available() -> bool:
    """Whether there is a keyring that encrypts secrets. It may be locked."""
    try:
        return _ask(lambda: bool(_find_backends()))
    except LocalResourceError:
        return False


def store(connection: str, field: str, secret: Secret) -> None:
    """Put a secret into the keyring, and read it back.

    Raises:
        LocalResourceError: there is no keyring, it is locked, or it did not store the secret.
    """

    def put() -> bool:
        value = secret.reveal()
        for backend in _find_backends():
            try:
                backend.set_password(_SERVICE + connection, field, value)
            except (
                NotImplementedError
            ):  # a backend that is read-only, such as those of package registries
                continue
            return backend.get_password(_SERVICE + connection, field) == value
        return False

    if not _ask(put):
        raise LocalResourceError(
            "There is no keyring on this machine that stores secrets encrypted.",
            "The secret is asked for each time.",
        )


def fetch(connection: str, field: str) -> str:
    """Return a secret from the keyring.

    Raises:
        LocalResourceError: the keyring does not have it, is locked or does not answer.
    """

    def get() -> str | None:
        found = (each.get_password(_SERVICE + connection, field) for each in _find_backends())
        return next((value for value in found if value is not None), None)

    value = _ask(get)
    if value is None:
        raise LocalResourceError(
            f"The system's keyring has no {field} for connection {connection}.",
            "Make the connection again in the app, or set "
            f"SNOWFLAKE_CONNECTIONS_{connection.upper()}_{field.upper()}.",
        )
    return value


def discard(connection: str, field: str) -> None:
    """Remove a secret from the keyring, if it is there.

    Raises:
        LocalResourceError: the keyring is locked or does not answer.
    """

    def remove() -> None:
        for backend in _find_backends():
            if backend.get_password(_SERVICE + connection, field) is not None:
                backend.delete_password(_SERVICE + connection, field)

    _ask(remove)


def _find_backends() -> list[KeyringBackend]:
    """Return the keyrings that encrypt what they store, the preferred one first."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    backend = keyring.get_keyring()
    chained = backend.backends if isinstance(backend, ChainerBackend) else [backend]
    return [each for each in chained if is_fit(type(each))]


def is_fit(backend: type[KeyringBackend]) -> bool:
    """Whether a class of keyrings stores secrets, and encrypts them.

    A class that derives from one that does not is not fit either, whatever its name.
    """
    return not any(
        each.__module__.startswith(_UNFIT) or _UNFIT_NAME.search(each.__name__)
        for each in backend.__mro__
    )


def _ask(question: Callable[[], Answer]) -> Answer:
    """Return the answer of the keyring.

    Raises:
        LocalResourceError: the keyring failed, or did not answer in time.
    """
    answers: list[Answer] = []
    errors: list[Exception] = []

    def call() -> None:
        try:
            answers.append(question())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=call, name="keyring", daemon=True)
    thread.start()
    thread.join(_SECONDS)
    if answers:
        return answers[0]
    if errors:
        raise LocalResourceError(
            f"The system's keyring cannot be used ({type(errors[0]).__name__}).",
            "Unlock it, or give the secret each time.",
        ) from errors[0]
    raise LocalResourceError(
        f"The system's keyring did not answer in {_SECONDS:.0f} seconds.",
        "Check whether it asks to be unlocked.",
    )
