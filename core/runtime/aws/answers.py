"""Limit the memory for an answer of AWS or of an S3-compatible store.

boto3 reads a whole answer, whatever its size, and builds a tree from it that is a hundred times as
large. The answers to this program's requests have some kilobytes. Objects that are read back are
larger; they are streamed and not limited here.
This module imports botocore, so it is imported only before the first request to AWS.
"""

from __future__ import annotations

from typing import Any, Final

import urllib3.exceptions
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError

# A thousand keys of 1,024 characters each, with their metadata, are 2 MB in XML
# (docs.aws.amazon.com, "ListObjectsV2"); a secret is 64 KB (Secrets Manager, "Quotas").
LARGEST: Final = 4 * 1024 * 1024


class AnswerTooLargeError(HTTPClientError):  # type: ignore[misc]
    """An answer exceeds `LARGEST`."""

    fmt = "The answer exceeds the size limit."


def bound(client: Any) -> None:
    """Make a boto3 client fail for an answer that is larger than `LARGEST`.

    Args:
        client: a new client, which is modified.
    """
    session = client._endpoint.http_session
    send = session.send

    def send_bounded(request: Any) -> AWSResponse:
        streams, request.stream_output = request.stream_output, True  # not read by `send`
        answer = send(request)
        if not streams or answer.status_code >= 300:
            answer._content = _read_body(answer)
        return answer

    session.send = send_bounded


def _read_body(answer: AWSResponse) -> bytes:
    """Read the body of an answer; raise the errors that botocore raises when it reads one.

    Raises:
        AnswerTooLargeError: the body is too large; the connection is closed.
        HTTPClientError: the body cannot be read.
    """
    blocks, size = [], 0
    try:
        for block in answer.raw.stream():
            blocks.append(block)
            size += len(block)
            if size > LARGEST:
                answer.raw.close()
                raise AnswerTooLargeError
    except urllib3.exceptions.ReadTimeoutError as error:
        raise ReadTimeoutError(endpoint_url=answer.url, error=error) from error
    except urllib3.exceptions.ProtocolError as error:
        raise ConnectionClosedError(endpoint_url=answer.url, error=error) from error
    except urllib3.exceptions.HTTPError as error:
        raise HTTPClientError(error=error) from error
    return b"".join(blocks)
