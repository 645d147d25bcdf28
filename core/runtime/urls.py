"""Detect passwords in URLs, which are refused because URLs are shown, stored and copied."""

from __future__ import annotations

import re
from typing import Final

# A user, and perhaps a password, before the host (RFC 3986, section 3.2.1). A password that is not
# encoded may contain a slash, so a colon without a port is matched up to the next "@".
_CREDENTIALS: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://(?:[^/?#\s]*@|[^/\s]*:(?!\d{1,5}(?:[/?#]|$))\S*@)", re.I
)
_ENDPOINT: Final = re.compile(
    r"https?://(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:/[\w./~-]*)?", re.I | re.ASCII
)
ENDPOINT_FORM: Final = (
    "must be a URL such as https://s3.example.com:9000, without user, password, query and fragment"
)


def has_credentials(text: str) -> bool:
    """Whether a text contains a URL with a user or a password before its host.

    >>> has_credentials("https://me:secret@example.com"), has_credentials("https://example.com/@me")
    (True, False)
    """
    return _CREDENTIALS.search(text) is not None


def is_plain_endpoint(url: str) -> bool:
    """Whether a URL has only a scheme (http or https), a host, and optionally a port and a path.

    A URL with a user, a password, a query or a fragment is refused, as is a malformed one, which
    may contain a password where no parser finds it.
    """
    return _ENDPOINT.fullmatch(url) is not None
