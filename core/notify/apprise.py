"""Notify by Apprise, which knows a hundred services by their URLs (extra `notify`)."""

from __future__ import annotations

from collections.abc import Mapping

from core.notify.failure import NotSentError


def send_by_apprise(url: str, data: Mapping[str, object], end: float) -> None:
    """Send the text of a notification.

    Args:
        url: a URL of Apprise.
        data: the notification.
        end: not used: Apprise has time limits of its own, and nobody waits longer for it.

    Raises:
        NotSentError: Apprise is not installed, does not know the URL, or could not send.
    """
    try:
        import apprise
    except ImportError as error:
        install = "pip install 'amplify-transfer[notify]'"
        raise NotSentError(f"it needs the extra notify: {install}") from error
    sender = apprise.Apprise()
    if not sender.add(url):
        raise NotSentError("Apprise does not know this URL")
    kind = apprise.NotifyType.FAILURE if data["exit_code"] else apprise.NotifyType.SUCCESS
    if not sender.notify(body=str(data["text"]), title="amplify-transfer", notify_type=kind):
        raise NotSentError("the service did not accept it")
