"""Notify by a webhook: the JSON of a run, or a message in the form of Slack or Teams."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # typeshed lacks the second
    getproxies_environment,
    proxy_bypass_environment,
)

import certifi
import truststore
import urllib3

from core.notify.failure import NotSentError
from core.runtime.certificates import find_refusal

_ONE_TRY: Final = 5.0  # seconds
_FIRST_PAUSE: Final = 0.5  # seconds; each is twice as long as the one before
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
# Receivers that take only messages in a form of their own, by the host of their URLs.
_HOSTS: Final = {
    "hooks.slack.com": "slack",
    ".webhook.office.com": "teams",
    ".logic.azure.com": "teams",
    ".api.powerplatform.com": "teams",
}


def post(url: str, data: Mapping[str, object], template: str, end: float) -> None:
    """Send a notification to a URL; repeat it while the service has a temporary failure.

    Redirections are not followed: they would pass the notification on to another host.

    Args:
        url: the URL.
        data: the notification.
        template: `slack`, `teams`, or empty to choose by the host.
        end: the moment of `time.monotonic()` after which no try begins.

    Raises:
        NotSentError: it was not accepted.
    """
    body = json.dumps(_fill(template or _find_template(url), data), default=str).encode()
    pool, pause, why = _make_pool(url), _FIRST_PAUSE, "no answer in time"
    while (left := end - time.monotonic()) > 0:
        try:
            answer = pool.request(
                "POST",
                url,
                body=body,
                headers={"Content-Type": "application/json", "User-Agent": "amplify-transfer"},
                timeout=urllib3.Timeout(total=min(left, _ONE_TRY)),
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            if refused := find_refusal(error):
                raise NotSentError(f"its certificate is refused: {refused}") from None
            why = "no connection" if _is_unreachable(error) else "no answer in time"
        else:
            if answer.status < 300:
                return
            why = f"status {answer.status}"
            if answer.status not in _AGAIN:
                break
        time.sleep(max(0.0, min(pause, end - time.monotonic())))
        pause *= 2
    raise NotSentError(why)


def _is_unreachable(error: urllib3.exceptions.HTTPError) -> bool:
    refused = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProtocolError)
    return isinstance(error, refused)


def _find_template(url: str) -> str:
    host = (urlsplit(url).hostname or "").lower()
    found = (name for end, name in _HOSTS.items() if host == end or host.endswith(f".{end[1:]}"))
    return next(found, "")


def _fill(template: str, data: Mapping[str, object]) -> Mapping[str, object]:
    """Return the body.

    Sources: https://api.slack.com/messaging/webhooks, and for Teams "Create incoming webhooks with
    Workflows", whose trigger takes adaptive cards.
    """
    if template == "slack":
        text = str(data["text"]).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return {"text": text}
    if template == "teams":
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [{"type": "TextBlock", "text": data["text"], "wrap": True}],
        }
        kind = "application/vnd.microsoft.card.adaptive"
        return {"type": "message", "attachments": [{"contentType": kind, "content": card}]}
    return data


def _make_pool(url: str) -> urllib3.PoolManager:
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    parts, proxies = urlsplit(url), getproxies_environment()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass_environment(parts.netloc, proxies):
        return urllib3.PoolManager(ssl_context=context)
    return urllib3.ProxyManager(
        proxy if "://" in proxy else f"http://{proxy}",
        proxy_headers=_authorize(proxy),
        ssl_context=context,
    )


def _authorize(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if not parts.username:
        return {}
    return dict(urllib3.make_headers(proxy_basic_auth=f"{parts.username}:{parts.password or ''}"))
