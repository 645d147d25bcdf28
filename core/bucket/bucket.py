"""`Bucket`: the class by which other packages use S3."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.bucket.boto_client import CLIENT_OPTIONS, Role, make_client
from core.bucket.delivery import NO_OPTIONS, Delivery, ObjectOptions, Order
from core.bucket.destination import Destination
from core.bucket.open_uploads import OpenUploads
from core.bucket.parts import DEFAULT_PART_SIZE, MIN_PART_SIZE
from core.errors import (
    CancelledError,
    DestinationExistsError,
    TemporaryError,
    TransferError,
    UsageError,
)
from core.remedy import join_texts
from core.request.options.values import Checksums
from core.runtime.background import Waiter, start
from core.runtime.cancel import NEVER, Cancel
from core.runtime.closing import Closing
from core.runtime.retry import QUICK, Retry
from core.runtime.urls import ENDPOINT_FORM, is_plain_endpoint

if TYPE_CHECKING:
    from core.bucket.upload import Upload

T = TypeVar("T")

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
MAX_METADATA_BYTES = 2048


class Bucket(Closing):
    """A destination, with the credentials to write to it.

    Creating one is cheap: boto3 is imported, and the credentials are looked up, on first use.

    Args:
        destination: where to deliver.
        profile: a profile of the AWS configuration files; boto3's own rules if None.
        endpoint_url: the URL of an S3-compatible service; AWS if None.
        client_options: arguments of boto3's client that take precedence: any of
            `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token`, `region_name`,
            `endpoint_url`.
        expected_owner: the account id that the bucket must belong to; not checked if None.
        checksums: `required-only` for stores that reject the newer checksum headers; only
            Content-MD5 and ETags are then checked.
        region: the bucket's region; that of the profile if None.
        role: the role to assume for all requests.
        request_payer: whether to agree to pay for the requests.
        object_options: how objects are stored.
        given: the names of the options that the request sets, for the hints of errors.
        retry: how often and how long requests are retried.

    Attributes:
        open_uploads: the multipart uploads to this bucket that are in progress, or were left open.

    Raises:
        UsageError: an unknown client option, an endpoint that is no plain URL, or one together with
            an access point.
    """

    def __init__(
        self,
        destination: Destination,
        *,
        profile: str | None = None,
        endpoint_url: str | None = None,
        client_options: Mapping[str, str] | None = None,
        expected_owner: str | None = None,
        checksums: Checksums = "supported",
        region: str | None = None,
        role: Role | None = None,
        request_payer: bool = False,
        object_options: ObjectOptions = NO_OPTIONS,
        given: frozenset[str] = frozenset(),
        retry: Retry = QUICK,
    ) -> None:
        options = {"endpoint_url": endpoint_url, **(client_options or {})}
        if region:
            options["region_name"] = region
        if unknown := sorted(options.keys() - CLIENT_OPTIONS):
            raise UsageError(
                f"{', '.join(unknown)}: not an option of the S3 client.",
                f"There are: {', '.join(sorted(CLIENT_OPTIONS))}.",
            )
        if (url := options["endpoint_url"]) is not None and not is_plain_endpoint(url):
            raise UsageError(f"The endpoint URL of the bucket {ENDPOINT_FORM}.")
        if destination.bucket.startswith("arn:") and options["endpoint_url"]:
            raise UsageError("An access point's ARN and an endpoint URL exclude each other.")
        self.destination = destination
        self._options = {name: value for name, value in options.items() if value is not None}
        self._profile, self.retry, self._checksums = profile, retry, checksums
        owner = {"ExpectedBucketOwner": expected_owner} if expected_owner else {}
        payer = {"RequestPayer": "requester"} if request_payer else {}
        self._common = {**owner, **payer}
        self._role, self.object_options, self._given = role, object_options, given
        self._made: Any = None
        self._making = threading.Lock()
        self._failed: Exception | None = None
        self.open_uploads = OpenUploads.of(
            destination.bucket, self._options.get("endpoint_url", ""), profile or ""
        )

    @property
    def sends_checksums(self) -> bool:
        """Whether the store accepts the newer checksums."""
        return self._checksums == "supported"

    def prepare(self) -> None:
        """Import boto3 and look up the credentials in the background, for the first request.

        A failure is raised by that request.
        """
        start(self._prepare)

    def _prepare(self) -> None:
        try:
            self._get_client()
        except Exception as error:
            self._failed = error

    def close(self) -> None:
        """Close the connections."""
        made, self._made = self._made, None
        if made is not None:
            made.close()

    def upload(
        self,
        path: Path,
        key: str,
        *,
        content_type: str,
        metadata: Mapping[str, str],
        overwrite: bool = False,
        workers: int = 2,
        part_size: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        cancel: Cancel = NEVER,
    ) -> Delivery:
        """Deliver a file as one object, verified, or leave nothing behind.

        Memory does not depend on the file: parts are read from disk as they are sent.

        Args:
            path: the finished file; it must not change.
            key: the object's key, from `Destination.key`.
            content_type: the object's media type.
            metadata: the object's metadata, ASCII and at most 2 KB; with a run's id in it, this
                run's object differs from another writer's if an answer is lost.
            overwrite: whether an existing object may be replaced.
            workers: parts sent at the same time.
            part_size: bytes of a part, at least 5 MiB, 16 MiB if None; doubled for files that would
                have more than 10,000.
            on_progress: called in this thread, ten times a second, with the bytes sent and the
                size of the file.
            cancel: once set, the upload is aborted within a second.

        Raises:
            CancelledError: `cancel` was set.
            DestinationError, DestinationExistsError, IntegrityError, TemporaryError, UsageError,
            LocalResourceError: see core.errors.
        """
        metadata = {**self.object_options.metadata, **metadata}
        _check_metadata(metadata)
        order = Order(
            path=path,
            target={"Bucket": self.destination.bucket, "Key": key, **self._common},
            content_type=content_type,
            metadata=metadata,
            overwrite=overwrite,
            checksums=self.sends_checksums,
            options=self.object_options,
            part_size=max(part_size or DEFAULT_PART_SIZE, MIN_PART_SIZE),
            workers=workers,
        )
        with _translate_errors(self.destination.url(key), self._given):
            client = self._call(lambda client: client, "bucket", cancel)
            return self._deliver(client, order, cancel, on_progress)

    def ask(
        self,
        call: Callable[[Any, dict[str, str]], T],
        key: str = "",
        *,
        cancel: Cancel = NEVER,
        retry: Retry | None = None,
    ) -> T:
        """Run `call` with a boto3 client and the arguments that name the bucket.

        Args:
            call: makes one or more requests; it is called again if the network fails.
            key: the object of the requests, for errors.
            cancel: once set, the call is no longer waited for.
            retry: how often and how long the call is retried; as the bucket's if None.

        Returns:
            The result of `call`.

        Example:
            >>> bucket.ask(lambda client, where: client.get_bucket_location(**where))

        Raises:
            CancelledError, DestinationError, TemporaryError, UsageError: see core.errors.
        """
        where = {"Bucket": self.destination.bucket, **self._common}
        with _translate_errors(self.destination.url(key), self._given):
            return self._call(lambda client: call(client, where), key or "bucket", cancel, retry)

    def _call(
        self,
        work: Callable[[Any], T],
        what: str,
        cancel: Cancel,
        retry: Retry | None = None,
    ) -> T:
        """Run `work` with a client in the background, and retry it while that may help."""

        def try_work() -> T:
            from core.bucket.failures import find_retry_reason

            tries = (retry or self.retry).tries(f"S3, {what}", cancel, find_retry_reason)
            return tries.call(lambda: work(self._get_client()))

        return Waiter(cancel).call(try_work)

    def _deliver(
        self,
        client: Any,
        order: Order,
        cancel: Cancel,
        on_progress: Callable[[int, int], None] | None,
        *,
        repeated: bool = False,
    ) -> Delivery:
        """Upload; if another request interfered, once more from the start."""
        from core.bucket.upload import Upload, is_overtaken

        upload = Upload(
            client, order, self.open_uploads, self.retry, cancel, on_progress, repeated=repeated
        )
        with _translate_errors(self.destination.url(order.target["Key"]), self._given, upload):
            try:
                return upload.run()
            except Exception as error:
                if repeated or not is_overtaken(error):
                    raise
        return self._deliver(client, order, cancel, on_progress, repeated=True)

    def _get_client(self) -> Any:
        with self._making:
            if (failed := self._failed) is not None:
                self._failed = None  # the request may be repeated
                raise failed
            if self._made is None:
                self._made = make_client(self._profile, self._options, self._role)
            return self._made


@contextmanager
def _translate_errors(
    url: str, given: frozenset[str], upload: Upload | None = None
) -> Iterator[None]:
    """Raise failures inside as errors of core.errors, with the state that they may leave."""
    try:
        yield
    except Exception as error:
        from core.bucket.failures import translate

        known = translate(error, url, given)
        if upload is not None:
            _explain(known, upload)
        if known is error:
            raise
        raise known from error


def _explain(error: TransferError, upload: Upload) -> None:
    """Add to the hint what the upload may have left in the bucket."""
    hints = [error.hint]
    if upload.maybe_own and isinstance(error, DestinationExistsError):
        hints = ["It may be this run's own: an answer was lost, and S3 does not allow a check."]
        error.in_doubt = True
    if upload.maybe_delivered and isinstance(error, CancelledError | TemporaryError):
        hints.append("The object may nevertheless have been delivered.")
        error.in_doubt = True
    if upload.leftover:
        hints.append(
            f"An unfinished multipart upload may remain ({upload.leftover}). The next run to this "
            "bucket tries again to abort it, which needs s3:AbortMultipartUpload; a lifecycle rule "
            "of the bucket needs no permission."
        )
    error.hint = join_texts(hints)


def _check_metadata(metadata: Mapping[str, str]) -> None:
    size = sum(len(name) + len(value) for name, value in metadata.items())
    if size > MAX_METADATA_BYTES or not all(map(str.isascii, [*metadata, *metadata.values()])):
        raise UsageError(f"The metadata is not ASCII, or above {MAX_METADATA_BYTES} bytes.")
