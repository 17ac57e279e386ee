"""Credentials that read one prefix and end by themselves: an assumed role, narrowed by a policy made for this once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from ...core.clock import iso
from ...core.errors import Invalid
from ...core.events import Json
from ...core.ids import check_id
from .connection import Bucket, check_prefix, in_words

__all__ = ["SHORTEST_SECONDS", "ShortLived", "reading_policy"]

SHORTEST_SECONDS = 900
"""What STS allows at least. Such credentials cannot be revoked, so no more is asked for than is needed."""

_LONGEST_SECONDS = 43_200


@dataclass(frozen=True, kw_only=True)
class ShortLived:
    """Asks a store's STS for credentials. ``bucket`` holds the keys of the controller, which may assume ``role``."""

    bucket: Bucket
    role: str
    seconds: int = SHORTEST_SECONDS
    endpoint: str = ""
    """Where STS answers, if not at the store's own endpoint."""

    def __post_init__(self) -> None:
        if not SHORTEST_SECONDS <= self.seconds <= _LONGEST_SECONDS:
            raise Invalid(
                f"Credentials of an object store live {SHORTEST_SECONDS} to {_LONGEST_SECONDS} seconds.",
                field="seconds",
            )
        if len(self.role) < 20 or not self.role.startswith("arn:"):
            raise Invalid("The role of an object store is an ARN, such as “arn:aws:iam::role/tre”.", field="role")

    def reading(self, prefix: str, version_id: str) -> dict[str, Json]:
        """Return the source of one prefix for an agent, with credentials that read it and nothing else."""
        policy = reading_policy(self.bucket.name, prefix, partition=self.role.split(":")[1])
        with in_words("give short-lived credentials"):
            client = self.bucket.client("sts", endpoint=self.endpoint)
            answer = client.assume_role(
                RoleArn=self.role,
                RoleSessionName=f"tre-{check_id(version_id, field='version_id')}",
                Policy=json.dumps(policy, separators=(",", ":")),
                DurationSeconds=self.seconds,
            )["Credentials"]
        return {
            "kind": "objects",
            **self.bucket.described(),
            "prefix": prefix,
            "credentials": {
                "access_key": str(answer["AccessKeyId"]),
                "secret_key": str(answer["SecretAccessKey"]),
                "token": str(answer["SessionToken"]),
                "until": _moment(answer["Expiration"]),
            },
        }


def reading_policy(bucket: str, prefix: str, *, partition: str = "aws") -> dict[str, Json]:
    """Return the session policy that allows reading and listing one prefix, and nothing else."""
    check_prefix(prefix)
    place = f"arn:{partition}:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": [f"{place}/{prefix}*"]},
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [place],
                "Condition": {"StringLike": {"s3:prefix": [f"{prefix}*"]}},
            },
        ],
    }


def _moment(value: object) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)
