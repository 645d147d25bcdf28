"""Why a server's certificate was refused, in the words of OpenSSL."""

from __future__ import annotations

import ssl


def find_refusal(error: BaseException) -> str:
    """Return why a certificate was refused, from an exception or one of its causes.

    Returns:
        OpenSSL's reason, such as `self-signed certificate`; empty if no certificate was refused.
    """
    seen: list[BaseException] = []
    left: list[object] = [error]
    while left:
        each = left.pop()
        if not isinstance(each, BaseException) or each in seen:
            continue
        if isinstance(each, ssl.SSLCertVerificationError):
            return each.verify_message.rstrip(".")
        seen.append(each)
        # urllib3 passes the exception on as an argument, or as the attribute `reason`.
        left += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
    return ""
