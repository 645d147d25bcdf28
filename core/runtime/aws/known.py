"""The AWS profiles of this machine and the regions that the SDK knows, without a request."""

from __future__ import annotations


def list_profiles() -> list[str]:
    """Return the names of the profiles in the AWS configuration files."""
    from botocore.session import Session

    return list(Session().available_profiles)


def list_regions() -> list[str]:
    """Return the regions that have S3, in the order of their names."""
    from botocore.session import Session

    names = Session()
    partitions = names.get_available_partitions()
    return sorted(
        region for each in partitions for region in names.get_available_regions("s3", each)
    )
