"""What has to be revoked, issued and replaced so that a project's leases are exactly its living grants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from .model import Lease, LeasePlan, Wanted

__all__ = ["plan_leases"]

_SOON = timedelta(hours=1)
_LONGEST = timedelta(days=31)


def plan_leases(
    *,
    wanted: Sequence[Wanted],
    leases: Sequence[Lease],
    holding: Mapping[str, str],
    unsealed: frozenset[str],
    now: datetime,
) -> LeasePlan:
    """Compare what is wanted with what Vault and the agent really hold.

    A lease is kept when its version is wanted under the same grant, it ends no later than that grant, and the agent
    holds exactly this lease. Everything else is revoked; data whose lease is not kept is wiped. A kept lease that ends
    soon although its grant goes on is replaced without taking the data away.
    """
    living = {want.version_id: want for want in wanted if want.until > now}
    kept: dict[str, Lease] = {}
    revoke: list[Lease] = []
    for lease in leases:
        want = living.get(lease.version_id)
        if want is not None and _fits(lease, want) and holding.get(lease.version_id) == lease.accessor:
            kept[lease.version_id] = lease
        else:
            revoke.append(lease)
    replace = tuple(
        want for version, want in living.items() if version in kept and _ends_early(kept[version], want, now)
    )
    return LeasePlan(
        revoke=tuple(revoke),
        wipe=tuple(sorted((set(holding) | unsealed) - set(kept))),
        issue=tuple(want for version, want in living.items() if version not in kept),
        replace=replace,
        unseal=tuple(want for version, want in living.items() if want.brought and version not in unsealed),
    )


def _fits(lease: Lease, want: Wanted) -> bool:
    return lease.grant_id == want.grant_id and lease.until <= want.until


def _ends_early(lease: Lease, want: Wanted, now: datetime) -> bool:
    return lease.until < min(want.until, now + _LONGEST) and lease.until - now < _SOON
