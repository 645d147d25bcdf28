"""S3: where a delivery goes and how it gets there, whole and verified or not at all.

Importing this package does not import boto3.
"""

from core.bucket.client import Bucket, Checksums
from core.bucket.names import Destination, file_name
from core.bucket.order import Delivery

__all__ = ["Bucket", "Checksums", "Delivery", "Destination", "file_name"]
