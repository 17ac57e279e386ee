"""Everything identity does, in one place for its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.audit.record import Record
from orchestrator.policy.service import Policy

from .model import SessionKind, SessionLimits
from .people import People
from .qualifications import Qualifications
from .roles import Roles
from .sessions import SESSION_LIMITS, Sessions

__all__ = ["IdentityService"]


class IdentityService(People, Roles, Qualifications, Sessions):
    """People, roles, qualifications and sign-on sessions; each part is described where it is written.

    ``knows_custodian`` (from the alliance) refuses officer roles for custodians that do not exist.
    """

    def __init__(
        self,
        record: Record,
        policy: Policy,
        *,
        limits: Mapping[SessionKind, SessionLimits] = SESSION_LIMITS,
        knows_custodian: Callable[[str], bool] | None = None,
    ) -> None:
        super().__init__(record, policy)
        self._limits = limits
        self.knows_custodian = knows_custodian
