"""The sandbox bucket: an S3 server on 127.0.0.1 that refuses what AWS would refuse.

moto keeps the buckets and speaks the protocol; `front` stands before it and lets in signed requests
to S3 only, `checks` verifies what else moto takes on trust (checksums, sizes, owners, limits);
`store` provisions credentials and keeps the delivered files on disk, where the user of a demo can
open them afterwards.
"""

from core.sandbox.bucket.server import DEFAULT_BUCKET, serve

__all__ = ["DEFAULT_BUCKET", "serve"]
