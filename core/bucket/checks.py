"""Checks before a run: would the delivery fail?"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

from core.bucket.bucket import Bucket
from core.errors import DestinationError, DestinationExistsError
from core.remedy import Advice, Remedy
from core.runtime.background import Ahead
from core.runtime.cancel import NEVER, Cancel

_MD5_OF_NOTHING: Final = "1B2M2Y8AsgTpgAmY7PhCfg=="
_NOBODY: Final = "000000000000"  # of the form of an account's id, and never given to one
_OWNER: Final = Remedy("expected_bucket_owner")


def check_destination(bucket: Bucket, key: str, *, overwrite: bool, cancel: Cancel = NEVER) -> None:
    """Check the credentials, the bucket and its owner, and whether the object exists already.

    What the permissions do not allow to check is passed; with s3:PutObject alone, everything is.

    Args:
        bucket: where to deliver.
        key: the object's key.
        overwrite: whether an existing object may be replaced.
        cancel: ends the wait within a tenth of a second.

    Raises:
        DestinationError: the credentials are missing or wrong, the bucket does not exist or has
            another owner, or the store does not check the owner.
        DestinationExistsError: the object exists and `overwrite` is false.
        TemporaryError: S3 cannot be reached.
        CancelledError: `cancel` was set.
    """
    if is_there(bucket, key, cancel=cancel) and not overwrite:
        raise DestinationExistsError(
            f"{bucket.destination.url(key)} exists already.",
            Advice("Allow it to be replaced: ", Remedy("if_exists", "overwrite"), "."),
        )


def check_ahead(bucket: Bucket, key: str, *, overwrite: bool, cancel: Cancel) -> Ahead[None]:
    """Begin `check_destination` in the background; the result raises what it raises."""

    def check(cancel: Cancel) -> None:
        check_destination(bucket, key, overwrite=overwrite, cancel=cancel)

    return Ahead(check, cancel)


def is_there(bucket: Bucket, key: str, *, cancel: Cancel = NEVER) -> bool | None:
    """Whether an object exists; None if the permissions do not allow to check.

    Args:
        bucket: where to look.
        key: the object's key.
        cancel: ends the wait within a tenth of a second.

    Raises:
        DestinationError, TemporaryError, CancelledError: as `check_destination`.
    """

    def exists(client: Any, where: dict[str, str]) -> bool | None:
        damaged = {**_make_damaged(_make_trial(key)), **bucket.object_options.arguments}
        return _exists(client, where, key, damaged, bucket.destination.url())

    return bucket.ask(exists, cancel=cancel)


def probe_destination(bucket: Bucket, key: str, *, cancel: Cancel = NEVER) -> None:
    """Check that an object may be written beside `key`, without writing one.

    Sends a byte to an unguessable name with the MD5 of another: S3 checks permissions first, and
    then refuses a damaged body, so that no object is created. Needs only s3:PutObject.

    Args:
        bucket: where to deliver.
        key: the object's key.
        cancel: ends the wait within a tenth of a second.

    Raises:
        DestinationError: the bucket refuses the request, or stores the damaged object, which the
            error names.
        TemporaryError: S3 cannot be reached.
        CancelledError: `cancel` was set.
    """
    trial = _make_trial(key)
    if not refuses_damaged(bucket, trial, cancel=cancel):
        raise DestinationError(
            f"The service stored a damaged object, {bucket.destination.url(trial)}.",
            "It does not check what it receives: do not rely on it. Remove that object.",
        )


def refuses_damaged(bucket: Bucket, key: str, *, cancel: Cancel = NEVER) -> bool:
    """Whether a byte with the MD5 of another is refused; if not, it was stored at `key`.

    Raises:
        DestinationError, TemporaryError, CancelledError: as `probe_destination`.
    """

    def refuses(client: Any, where: dict[str, str]) -> bool:
        return _refuses_damaged(client, {**where, **bucket.object_options.arguments}, key)

    return bucket.ask(refuses, cancel=cancel)


def refuses_to_replace(bucket: Bucket, key: str, *, cancel: Cancel = NEVER) -> bool:
    """Whether a write under If-None-Match is refused where there is an object; else it replaces it.

    Raises:
        DestinationError, TemporaryError, CancelledError: as `probe_destination`.
    """
    from botocore.exceptions import ClientError

    from core.bucket.failures import EXISTS, code_of

    def refuses(client: Any, where: dict[str, str]) -> bool:
        options = bucket.object_options.arguments
        try:
            client.put_object(**where, **options, Key=key, Body=b"2", IfNoneMatch="*")
        except ClientError as error:
            if code_of(error) not in EXISTS:
                raise
            return True
        return False

    return bucket.ask(refuses, cancel=cancel)


def _exists(
    client: Any, where: dict[str, str], key: str, damaged: dict[str, Any], url: str
) -> bool | None:
    """Whether the object exists; None if that may not be known. Raises every other failure.

    Args:
        client: a boto3 S3 client.
        where: the arguments of every request.
        key: the object's key.
        damaged: the arguments of a write that creates nothing.
        url: the destination.
    """
    from botocore.exceptions import ClientError

    from core.bucket.failures import DENIED, code_of, status_of

    try:
        # Not HeadBucket: its answer has no body, so wrong keys look like missing permissions.
        page = client.list_objects_v2(**where, Prefix=key, MaxKeys=1)
    except ClientError as error:
        if code_of(error) not in DENIED:
            raise
    else:
        if "ExpectedBucketOwner" in where:
            _check_obeys_owner(client.list_objects_v2, {**where, "MaxKeys": 1}, url)
        return any(item["Key"] == key for item in page.get("Contents", ()))
    if "ExpectedBucketOwner" in where:
        _check_owner(client, where["Bucket"], url)
        _check_obeys_owner(client.put_object, {**where, **damaged}, url)
    try:
        client.head_object(**where, Key=key)
    except ClientError as error:
        if status_of(error) == 403:  # without s3:ListBucket, it may exist or not
            return None
        if status_of(error) == 404:
            return False
        raise
    return True


def _check_obeys_owner(request: Callable[..., Any], arguments: dict[str, Any], url: str) -> None:
    """Raise if the store does not check the owner of a bucket; the arguments of `obeys_owner`."""
    if not obeys_owner(request, arguments):
        raise DestinationError(
            f"The store of {url} does not check who owns a bucket: it accepts an account that does "
            "not exist.",
            Advice("Make sure of the owner in another way, and leave out ", _OWNER, "."),
        )


def obeys_owner(request: Callable[..., Any], arguments: dict[str, Any]) -> bool:
    """Whether a store refuses an owner that no bucket has; one that accepts it accepts any.

    Args:
        request: a request that the store grants, or a write of a damaged body, for which it checks
            permissions first.
        arguments: its arguments.
    """
    from botocore.exceptions import ClientError

    from core.bucket.failures import DAMAGED, DENIED, code_of

    try:
        request(**{**arguments, "ExpectedBucketOwner": _NOBODY})
    except ClientError as error:
        if code_of(error) in DENIED:
            return True
        if code_of(error) not in DAMAGED:
            raise
    return False


def _make_trial(key: str) -> str:
    """Return an unguessable key beside `key`, for a request that is to create nothing."""
    folder, slash, name = key.rpartition("/")
    return f"{folder}{slash}access-test-{uuid.uuid4().hex}-{name}"


def _make_damaged(key: str) -> dict[str, Any]:
    """Return the arguments of PutObject for a byte with the MD5 of another body."""
    return {"Key": key, "Body": b"1", "ContentMD5": _MD5_OF_NOTHING}


def _check_owner(client: Any, bucket: str, url: str) -> None:
    """Raise if the bucket may be listed without the expected owner: then the owner differs."""
    from botocore.exceptions import ClientError

    try:
        client.list_objects_v2(Bucket=bucket, MaxKeys=1)
    except ClientError:
        return
    raise DestinationError(
        f"{url} does not belong to the expected account.",
        Advice("Check the bucket's name, and ", _OWNER, "."),
    )


def _refuses_damaged(client: Any, where: dict[str, str], key: str) -> bool:
    """Whether a body with a wrong MD5 is refused for that; raises any other refusal."""
    from botocore.exceptions import ClientError

    from core.bucket.failures import DAMAGED, code_of

    try:
        client.put_object(**where, **_make_damaged(key))
    except ClientError as error:
        if code_of(error) not in DAMAGED:
            raise
        return True
    return False
