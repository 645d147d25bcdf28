"""Secrets in the system's keyring.

A keyring may ask its user to unlock it, and wait for ever if nobody is there: each call is made in
a thread of its own and given up after ten seconds. It is asked for the secrets of a connection
only when that connection is used.

What `keyring` offers is not always a keyring: it may be nothing (`fail`, `null`), or a file that
anybody can decode (`keyrings.alt`, installed beside others). Those are passed over, wherever the
choice comes from: the best one found, PYTHON_KEYRING_BACKEND, keyringrc.cfg, or among others in a
chain of keyrings, of which only the members that encrypt are used.
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
# What calls itself a keyring but keeps nothing, or keeps it in a file that anybody can decode. An
# encrypted file of keyrings.alt asks for its own password on the terminal, where the app is.
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
        super().__init__(f"{connection}/{field}")  # what it is compared by, not the secret
        self._connection = connection
        self._field = field

    def _open(self) -> str:
        """Fetch the secret.

        Raises:
            LocalResourceError: the keyring does not have it, is locked or does not answer.
        """
        return fetch(self._connection, self._field)


def available() -> bool:
    """Whether there is a keyring that keeps secrets. It may still be locked."""
    try:
        return _ask(lambda: bool(_backends()))
    except LocalResourceError:
        return False


def store(connection: str, field: str, secret: Secret) -> None:
    """Put a secret into the keyring, and look whether it is there.

    Raises:
        LocalResourceError: there is no keyring, it is locked, or it did not keep the secret.
    """

    def put() -> bool:
        value = secret.reveal()
        for backend in _backends():
            try:
                backend.set_password(_SERVICE + connection, field, value)
            except NotImplementedError:  # one that only gives, as those of package registries
                continue
            return backend.get_password(_SERVICE + connection, field) == value
        return False

    if not _ask(put):
        raise LocalResourceError(
            "There is no keyring on this machine that keeps secrets, and encrypts them.",
            "The secret is asked for each time.",
        )


def fetch(connection: str, field: str) -> str:
    """Get a secret from the keyring.

    Raises:
        LocalResourceError: the keyring does not have it, is locked or does not answer.
    """

    def get() -> str | None:
        found = (each.get_password(_SERVICE + connection, field) for each in _backends())
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
    """Remove a secret from the keyring; it need not be there.

    Raises:
        LocalResourceError: the keyring is locked or does not answer.
    """

    def remove() -> None:
        for backend in _backends():
            if backend.get_password(_SERVICE + connection, field) is not None:
                backend.delete_password(_SERVICE + connection, field)

    _ask(remove)


def _backends() -> list[KeyringBackend]:
    """The keyrings that keep secrets and encrypt them, the preferred one first."""
    import keyring
    from keyring.backends.chainer import ChainerBackend

    backend = keyring.get_keyring()
    chained = backend.backends if isinstance(backend, ChainerBackend) else [backend]
    return [each for each in chained if is_fit(type(each))]


def is_fit(backend: type[KeyringBackend]) -> bool:
    """Whether a class of keyrings keeps what it is given, and encrypts it.

    What derives from one that does not is not fit either, whatever it is called.
    """
    return not any(
        each.__module__.startswith(_UNFIT) or _UNFIT_NAME.search(each.__name__)
        for each in backend.__mro__
    )


def _ask(question: Callable[[], Answer]) -> Answer:
    """Call the keyring, whatever it raises and however long it takes."""
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
        "Look whether it asks to be unlocked.",
    )
