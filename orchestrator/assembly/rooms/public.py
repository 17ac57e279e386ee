"""What is shown of it all: the public register, the owners' sheets, the documents that hubs exchange."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.transparency.federation.service import FederationService
from orchestrator.transparency.service import RegisterService
from orchestrator.transparency.sheets.service import SheetService

from .ground import Ground
from .registering import RecordedWaivers

__all__ = ["Public", "open_public"]


@dataclass(frozen=True, kw_only=True)
class Public:
    """The rooms of transparency."""

    register: RegisterService
    sheets: SheetService
    federation: FederationService


def open_public(ground: Ground) -> Public:
    """Open them; from then on the register follows every change of the record."""
    settings, record, policy = ground.settings, ground.record, ground.policy
    register = RegisterService(record, policy)
    register.waivers = RecordedWaivers()
    record.follow(register.follow)
    return Public(
        register=register,
        sheets=SheetService(record, policy),
        federation=FederationService(
            record,
            policy,
            plain_http=bool(settings.harvest.allowed_networks),
            own_name=settings.portal.name,
            own_address=settings.portal.public_url,
        ),
    )
