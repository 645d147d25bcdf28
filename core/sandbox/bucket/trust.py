"""Whom a role lets assume it: its trust policy, with the external id.

moto checks trust policies only of roles in the caller's own account. Across accounts, which is the
usual case of a partner's bucket, this module does.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from moto.iam.models import iam_backends

from core.sandbox.bucket.refusal import denied


def check_trust(body: bytes, user: str) -> None:
    """Raise `RefusalError` if a request to STS assumes a role that does not trust the caller.

    Args:
        body: the form of the request.
        user: the ARN of the caller.
    """
    form = {name: values[0] for name, values in parse_qs(body.decode("ascii", "replace")).items()}
    if form.get("Action") != "AssumeRole":
        return
    arn = form.get("RoleArn", "")
    if not _trusts(_find_policy(arn), user, form.get("ExternalId")):
        raise denied(
            f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        )


def _find_policy(arn: str) -> dict[str, Any]:
    """Return the trust policy of a role; an empty one if there is no such role."""
    account = (arn.split(":") + [""] * 5)[4]
    if account not in iam_backends:
        return {}
    roles = iam_backends[account]["aws"].roles.values()
    found = next((role for role in roles if role.arn == arn), None)
    return json.loads(found.assume_role_policy_document) if found else {}


def _trusts(policy: dict[str, Any], user: str, external_id: str | None) -> bool:
    account = user.split(":")[4]
    trusted = {user, account, f"arn:aws:iam::{account}:root", "*"}
    for statement in policy.get("Statement", []):
        principal = statement.get("Principal", {}).get("AWS")
        named = principal if isinstance(principal, list) else [principal]
        conditions = statement.get("Condition", {}).get("StringEquals", {})
        same_id = conditions.get("sts:ExternalId", external_id) == external_id
        if statement.get("Effect") == "Allow" and same_id and trusted.intersection(named):
            return True
    return False
