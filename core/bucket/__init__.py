"""Deliveries to S3: destinations, uploads, and the check that what is stored is what was sent.

Importing this package does not import botocore.
"""

from core.bucket.bucket import Bucket
from core.bucket.delivery import Delivery
from core.bucket.destination import Destination, file_name

__all__ = ["Bucket", "Delivery", "Destination", "file_name"]
