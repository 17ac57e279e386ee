"""What every room stands on: the settings, the record, and the rules of access."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.migrations import tables  # noqa: F401 - every table must be known to the metadata
from orchestrator.audit.outbox import Outbox
from orchestrator.audit.record import Record
from orchestrator.audit.service import AuditService
from orchestrator.core.database import make_engine
from orchestrator.policy.service import Policy
from orchestrator.settings import Settings

__all__ = ["POLICIES", "Ground", "open_ground"]

POLICIES = Path(__file__).parents[3] / "policies"
"""Rules of access, airlock and Vault, beside the package."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """One installation's record and rules."""

    settings: Settings
    record: Record
    policy: Policy
    audit: AuditService
    outbox: Outbox


def open_ground(settings: Settings) -> Ground:
    """Open the record; raises ``Invalid`` when the rules of access do not validate."""
    record = Record(make_engine(settings.record_address))
    return Ground(
        settings=settings,
        record=record,
        policy=Policy(POLICIES / "access"),
        audit=AuditService(record),
        outbox=Outbox(record),
    )
