"""The sandbox bucket: an S3 server on 127.0.0.1 that refuses what AWS would refuse.

moto stores the buckets and implements the protocol; `front` passes it only signed requests to S3;
`checks` verifies what moto does not check (checksums, sizes, owners, limits);
`store` provisions credentials and keeps the delivered files on disk, where the user of a demo can
open them afterwards.
"""

from core.sandbox.bucket.server import DEFAULT_BUCKET, serve

__all__ = ["DEFAULT_BUCKET", "serve"]
