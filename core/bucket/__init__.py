"""S3: where a delivery goes and how it gets there, whole and verified or not at all.

Importing this package does not import boto3.
"""

from core.bucket.bucket import Bucket, Checksums
from core.bucket.delivery import Delivery
from core.bucket.destination import Destination, file_name

__all__ = ["Bucket", "Checksums", "Delivery", "Destination", "file_name"]
