"""Where the file goes, and what the bucket demands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.request.options.option import Option
from core.request.options.values import TEXT, Acl, Checksums, Encryption, IfExists, Pairs, SplitBy

DESTINATION: Final = {
    "bucket": Option(
        help="The destination: a bucket, s3://bucket/prefix/, the ARN of an access point, or the "
        "name of a configured destination.",
        type=str,
        required=True,
        placeholder="DESTINATION",
        examples=("partner-inbox", "s3://partner-inbox/from-us/", "partner"),
    ),
    "split_by": Option(
        help="Deliver one file for each month. The template for the names must have {month}, which "
        "is 2024-01, or 01 in a template that has {year} too.",
        type=SplitBy | None,
        absent="one file",
    ),
    "manifest": Option(
        help="After the delivery, write a JSON object beside it with the name of the object and "
        "`.manifest.json`: the files with their rows, bytes and SHA-256, the columns with their "
        "types, the months that were read, and the ID of the run.",
        type=bool,
        default=False,
    ),
    "success_file": Option(
        help="After everything else, write the empty object `_SUCCESS` into the directory of the "
        "file, as Spark does: whoever finds it may read what is there.",
        type=bool,
        default=False,
    ),
    "if_exists": Option(
        help="What to do if the object exists: `fail` ends the run with an error, `overwrite` "
        "replaces the object, `skip` reads and delivers nothing and returns the result of the "
        "existing object. `skip` needs a file name without {timestamp} and {run_id}.",
        type=IfExists,
        default="fail",
    ),
    "aws_profile": Option(
        help="The profile in the AWS configuration files, for the bucket and for secrets of the "
        "connection that AWS stores.",
        type=TEXT,
        absent="boto3's credential chain",
        placeholder="NAME",
        examples=("partner",),
    ),
    "endpoint_url": Option(
        help="The URL of an S3-compatible service, without user, password and query.",
        type=TEXT,
        absent="AWS",
        placeholder="URL",
        examples=("https://s3.example.com",),
    ),
    "s3_options": Option(
        help="Further arguments of boto3's S3 client, such as the keys and the region.",
        type=Mapping[str, str] | None,
    ),
    "expected_bucket_owner": Option(
        help="The ID of the AWS account that must own the bucket.",
        type=TEXT,
        absent="not checked",
        placeholder="ACCOUNT",
        examples=("123456789012",),
    ),
    "region": Option(
        help="The AWS region of the bucket.",
        type=TEXT,
        absent="that of the AWS profile or of AWS_DEFAULT_REGION",
        placeholder="REGION",
        examples=("eu-central-1",),
    ),
    "role_arn": Option(
        help="The IAM role to assume for all requests to the bucket. Its temporary credentials "
        "are renewed during the run.",
        type=TEXT,
        placeholder="ARN",
        examples=("arn:aws:iam::123456789012:role/deliveries",),
    ),
    "external_id": Option(
        help="The external ID that the owner of the role demands.",
        type=TEXT,
        placeholder="ID",
        examples=("partner-4711",),
    ),
    "request_payer": Option(
        help="Agree to pay for the requests, as a Requester Pays bucket demands.",
        type=bool,
        default=False,
    ),
    "checksums": Option(
        help="Which checksums are sent: `supported` sends those of AWS, `required-only` none but "
        "Content-MD5, for stores that refuse the others.",
        type=Checksums,
        default="supported",
    ),
    "acl": Option(
        help="The access list of the object. With `bucket-owner-full-control`, the owner of a "
        "bucket whose Object Ownership is not enforced can read it.",
        type=Acl | None,
    ),
    "sse": Option(
        help="The server-side encryption of the object.",
        type=Encryption | None,
        absent="the bucket's own; with a KMS key `aws:kms`",
    ),
    "kms_key_id": Option(
        help="The KMS key with which the object is encrypted.",
        type=TEXT,
        absent="the key of AWS, where one is needed",
        placeholder="KEY",
        examples=("1234abcd-12ab-34cd-56ef-1234567890ab",),
    ),
    "storage_class": Option(
        help="The storage class of the object. Objects in `GLACIER` and `DEEP_ARCHIVE` cannot be "
        "read at once, so not with `verify`.",
        type=TEXT,
        absent="`STANDARD`",
        placeholder="CLASS",
        examples=("STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"),
    ),
    "tags": Option(
        help="The tags of the object, at most 10.",
        type=Pairs | None,
        placeholder="KEY=VALUE,...",
        examples=("project=sales,retention=7y",),
        library="A mapping is accepted too.",
    ),
    "metadata": Option(
        help="Further metadata of the object, in ASCII. The ID of the run, the number of rows and "
        "the source are always among it.",
        type=Pairs | None,
        placeholder="KEY=VALUE,...",
        examples=("contract=4711",),
        library="A mapping is accepted too.",
    ),
}
