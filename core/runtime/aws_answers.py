"""Bounds what an answer of AWS, or of a store that speaks S3, may take of memory.

boto3 reads an answer to its end, whatever its size, and makes a tree of it that is a hundred times
as large. The answers to what is asked here are some kilobytes, but for objects that are read back:
those are streams, and stay so.
Imports botocore, so nothing imports this module before AWS is asked.
"""

from __future__ import annotations

from typing import Any, Final

import urllib3.exceptions
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError

# A thousand keys of 1,024 characters each, with all that S3 tells of them, are 2 MB in XML
# (docs.aws.amazon.com, "ListObjectsV2"); a secret is 64 KB (Secrets Manager, "Quotas").
LARGEST: Final = 4 * 1024 * 1024


class AnswerTooLargeError(HTTPClientError):  # type: ignore[misc]
    """An answer is larger than any of AWS is."""

    fmt = "The answer is larger than any of AWS."


def bound(client: Any) -> None:
    """Have a boto3 client give up on an answer that is larger than `LARGEST`.

    Args:
        client: just made.
    """
    session = client._endpoint.http_session
    send = session.send

    def bounded(request: Any) -> AWSResponse:
        streams, request.stream_output = request.stream_output, True  # not read by `send`
        answer = send(request)
        if not streams or answer.status_code >= 300:
            answer._content = _read(answer)
        return answer

    session.send = bounded


def _read(answer: AWSResponse) -> bytes:
    """The body of an answer; failures are those of botocore, as if it had read it.

    Raises:
        AnswerTooLargeError: it is too large; the connection is closed.
        HTTPClientError: it cannot be read.
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
