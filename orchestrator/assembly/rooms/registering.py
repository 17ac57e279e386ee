"""What the public register learns of fees: every waiver, in the transaction that composes the entry."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from orchestrator.alliance import store as alliance
from orchestrator.billing import store as billing
from orchestrator.transparency.model import Waived

__all__ = ["RecordedWaivers"]


class RecordedWaivers:
    """Implements ``Waivers`` on the record of fees."""

    def waived(self, session: Session, application_ids: Sequence[str]) -> list[Waived]:
        """Return the waivers of these applications that nobody ended, oldest first."""
        rows = [row for each in application_ids for row in billing.waivers(session, application_id=each)]
        rows.sort(key=lambda row: (row.granted_at, row.waiver_id))
        return [
            Waived(
                issuer=_name(session, row.issuer),
                percent=row.percent,
                reason=row.reason,
                until=row.until.isoformat(),
            )
            for row in rows
            if row.ended_at is None
        ]


def _name(session: Session, issuer: str) -> str:
    """Return a custodian's name; the infrastructure has none of its own."""
    found = alliance.custodian(session, issuer)
    return found.name if found else "the infrastructure"
