"""Verify AWS Signature Version 4, as a server does.

Only the Authorization header is read. Presigned URLs and signed chunks, which this project does
not send, are refused.
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

from core.sandbox.bucket.refusal import Environ, RefusalError, denied

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_CLOCK_SKEW = timedelta(minutes=15)
# Bodies without a digest, which S3 takes: what clients send over TLS. No other service does.
UNSIGNED = ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
HEX_SHA256 = re.compile(r"[0-9a-f]{64}")

_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} Credential=(?P<key>\w+)/(?P<day>\d{{8}})/(?P<region>[a-z0-9-]+)/"
    r"(?P<service>[a-z0-9-]+)/aws4_request, ?SignedHeaders=(?P<headers>[^\s,]+), ?"
    r"Signature=(?P<signature>[0-9a-f]+)",
    re.ASCII,
)
_BLANKS = re.compile(r"[ \t]+")
_PRESIGNED = re.compile(r"(?:^|&)(?:X-Amz-(?:Algorithm|Credential|Signature)|Signature)=", re.I)


@dataclass(frozen=True)
class Signature:
    """The contents of an Authorization header.

    Attributes:
        key: the access key id.
        day, region, service: the scope for which the signing key was made.
        headers: the names of the signed headers, in lower case and in order.
        signature: in hexadecimal digits.
    """

    key: str
    day: str
    region: str
    service: str
    headers: tuple[str, ...]
    signature: str

    @classmethod
    def of(cls, environ: Environ) -> Signature:
        """Read the signature of a request.

        Raises:
            RefusalError: AccessDenied, there is no signature, or it lacks a required header.
                RequestTimeTooSkewed, it was made too long ago or is dated in the future.
        """
        if _PRESIGNED.search(environ["QUERY_STRING"]):
            raise denied("Presigned requests are not supported")
        match = _AUTHORIZATION.fullmatch(environ.get("HTTP_AUTHORIZATION", ""))
        if match is None:
            raise denied()
        found = match.groupdict()
        names = tuple(found.pop("headers").split(";"))
        made = cls(headers=names, **found)
        made._verify_date(environ.get("HTTP_X_AMZ_DATE", ""))
        made._verify_coverage(environ)
        return made

    def verify(self, environ: Environ, secret: str, digest: str) -> None:
        """Compare the signature with that of the request as it has arrived.

        Args:
            environ: the request, with the RAW_URI that was sent.
            secret: the secret access key that belongs to the key id.
            digest: the hexadecimal SHA-256 of the body, or the constant that replaces it.

        Raises:
            RefusalError: SignatureDoesNotMatch.
        """
        canonical = "\n".join(
            (
                environ["REQUEST_METHOD"],
                *_canonical_uri(environ["RAW_URI"]),
                *(f"{name}:{_value(environ, name)}" for name in self.headers),
                "",
                ";".join(self.headers),
                digest,
            )
        )
        scope = f"{self.day}/{self.region}/{self.service}/aws4_request"
        hashed = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
        text = f"{ALGORITHM}\n{environ['HTTP_X_AMZ_DATE']}\n{scope}\n{hashed}"
        signing = b"AWS4" + secret.encode()
        for part in scope.split("/"):
            signing = hmac.digest(signing, part.encode(), "sha256")
        expected = hmac.digest(signing, text.encode(), "sha256").hex()
        if not hmac.compare_digest(expected, self.signature):
            raise RefusalError(
                "403 Forbidden",
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.",
            )

    def _verify_date(self, sent: str) -> None:
        try:
            when = datetime.strptime(sent, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise denied("Invalid date") from None
        if abs(datetime.now(UTC) - when) > MAX_CLOCK_SKEW:
            raise RefusalError(
                "403 Forbidden",
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            )
        if self.day != sent[:8]:
            raise denied("The date of the credential is not that of the request")

    def _verify_coverage(self, environ: Environ) -> None:
        """Refuse unsigned Host and x-amz-* headers: a copy of the request could change them."""
        signed = {_variable(name) for name in self.headers}
        needed = {name for name in environ if name.startswith("HTTP_X_AMZ_")} | {"HTTP_HOST"}
        if not needed <= signed:
            raise denied("There were headers present in the request which were not signed")


def payload_digest(environ: Environ, body: Callable[[], bytes], service: str) -> str:
    """Return the digest that represents the body in the signature of a request.

    S3's clients send it as a header, so that the request can be verified before its body is read;
    the reader of the body must compare them. Clients of other services do not send the header.

    Raises:
        RefusalError: the header is missing at S3, or is of a kind that is not supported.
    """
    sent: str | None = environ.get("HTTP_X_AMZ_CONTENT_SHA256")
    if service != "s3":
        digest = hashlib.sha256(body()).hexdigest()
        if sent not in (None, digest):
            raise denied("The 'x-amz-content-sha256' header does not match what was computed")
        return digest
    if sent is None:
        raise RefusalError(
            "400 Bad Request",
            "InvalidRequest",
            "Missing required header for this request: x-amz-content-sha256",
        )
    if sent not in UNSIGNED and not HEX_SHA256.fullmatch(sent):
        raise RefusalError(
            "501 Not Implemented",
            "NotImplemented",
            "The value of the 'x-amz-content-sha256' header is not implemented",
        )
    return sent


def _canonical_uri(raw: str) -> tuple[str, str]:
    """Return the path and the query of a request, percent-encoded as they are signed."""
    path, _, query = raw.partition("?")
    pairs = (part.partition("=") for part in query.split("&") if part)
    ordered = sorted((_encode(name), _encode(value)) for name, _, value in pairs)
    return _encode(path, "/"), "&".join(f"{name}={value}" for name, value in ordered)


def _encode(text: str, safe: str = "") -> str:
    return quote(unquote_to_bytes(text), safe=safe + "-_.~")


def _variable(name: str) -> str:
    """Return the WSGI variable of a header."""
    variable = name.upper().replace("-", "_")
    return variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"


def _value(environ: Environ, name: str) -> str:
    """Return a header's value with its blanks reduced; empty if there is no such header."""
    return _BLANKS.sub(" ", str(environ.get(_variable(name), ""))).strip(" ")
