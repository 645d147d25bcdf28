"""Sends a part, again until S3 has stored the bytes that the file has."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

from core.bucket.delivery import Order
from core.bucket.failures import DAMAGED, StrangeAnswerError, code_of, find_retry_reason
from core.bucket.parts import Digest, Part, PartBody
from core.errors import IntegrityError, TemporaryError
from core.runtime.retry import Retry

Response = dict[str, Any]

# How often one part may arrive damaged before the delivery fails.
TRIES = 3

_MD5_ETAG = re.compile(r"[0-9a-f]{32}(-\d+)?")


class _MisstoredError(IntegrityError):
    """The ETag of S3's answer is that of other bytes than were sent."""


class Sender:
    """Sends the parts of one file, from several threads at once, and counts the bytes.

    Args:
        order: the file, and the options of the upload.
        parts: its parts.
        retry: how often and how long requests are retried.

    Attributes:
        repeated: whether a part was sent again, so that an answer may have been lost.
    """

    def __init__(self, order: Order, parts: list[Part], retry: Retry) -> None:
        self.repeated = False
        self._order = order
        self._retry = retry
        self._sent = [0] * len(parts)
        self._stopped = threading.Event()

    @property
    def sent(self) -> int:
        """The bytes passed to the network; fewer when a part is sent again."""
        return sum(self._sent)

    def stop(self) -> None:
        """End all requests that are being sent, and retry none."""
        self._stopped.set()

    def send(
        self,
        request: Callable[..., Response],
        part: Part,
        expected: Digest,
        confirm: Callable[[], bool] = lambda: False,
        **arguments: Any,
    ) -> Response:
        """Send one part, again if it arrives damaged or the network fails.

        Args:
            request: the client's method.
            part: the range to send.
            expected: its digests.
            confirm: called if the ETag is that of other bytes; returns whether they are right.
            arguments: further arguments of the request.

        Returns:
            S3's answer.

        Raises:
            IntegrityError: every try stored wrong bytes.
            ClientError, BotoCoreError: the last try failed.
        """
        digests = {"ContentMD5": expected.md5_base64}
        digests |= self._order.with_checksums(ChecksumCRC32=expected.crc32_base64)

        def send_once() -> Response:
            with PartBody(self._order.path, part, self._stopped, self._count(part)) as body:
                response = request(Body=body, **self._order.target, **arguments, **digests)
            require(response, "ETag")
            if has_md5(response, expected.md5.hex()) or confirm():
                return response
            raise _MisstoredError(
                f"Part {part.number} of {len(self._sent)} was stored wrongly.",
                "Check the network between here and S3.",
            )

        damaged = 0

        def find_reason(error: Exception) -> TemporaryError | None:
            nonlocal damaged
            reason = None if self._stopped.is_set() else find_retry_reason(error)
            if code_of(error) in DAMAGED or isinstance(error, _MisstoredError):
                damaged += 1
                if damaged < TRIES:
                    reason = TemporaryError("it arrived damaged", again=True)
            self.repeated = self.repeated or reason is not None
            return reason

        what = f"Part {part.number} of {len(self._sent)}"
        return self._retry.tries(what, self._stopped, find_reason).call(send_once)

    def _count(self, part: Part) -> Callable[[int], None]:
        def count(sent: int) -> None:
            self._sent[part.number - 1] = sent

        return count


def require(response: Response, name: str) -> Response:
    """Return an answer that has a field which every answer of S3 has.

    Args:
        response: the answer.
        name: the field.

    Raises:
        StrangeAnswerError: the field is missing, as in a page of a proxy or a network.
    """
    if not response.get(name):
        raise StrangeAnswerError(name)
    return response


def etag_of(response: Response) -> str:
    """Return the ETag of an answer, without quotes."""
    return str(response.get("ETag", "")).strip('"')


def has_md5(response: Response, expected: str) -> bool:
    """Whether an ETag is the expected MD5, or no MD5 that could be compared with it.

    With KMS or a customer's key it is another value. Of a multipart object, some stores return the
    MD5 of all bytes, without the number of parts.
    """
    keyed = response.get("SSECustomerAlgorithm") or str(
        response.get("ServerSideEncryption", "")
    ).startswith("aws:kms")
    etag = etag_of(response)
    alike = _MD5_ETAG.fullmatch(etag) is not None and ("-" in etag) == ("-" in expected)
    return bool(keyed) or not alike or etag == expected
