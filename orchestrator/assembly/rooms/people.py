"""Who takes part: people and how they sign on, custodians, hubs, and what proves what they may."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.alliance.accreditation.service import AccreditationService
from orchestrator.alliance.onboarding.service import OnboardingService
from orchestrator.alliance.service import AllianceService
from orchestrator.core.clock import system_clock
from orchestrator.core.errors import Invalid
from orchestrator.identity.ports import SignOnProvider
from orchestrator.identity.service import IdentityService
from orchestrator.identity.visas.service import VisaService
from orchestrator.settings import Settings

from .alliance import open_onboarding
from .ground import POLICIES, Ground
from .visas import open_visas

__all__ = ["People", "open_people"]


@dataclass(frozen=True, kw_only=True)
class People:
    """The rooms of identity and of the alliance."""

    identity: IdentityService
    alliance: AllianceService
    accreditation: AccreditationService
    onboarding: OnboardingService
    visas: VisaService
    sign_on: SignOnProvider | None


def open_people(ground: Ground) -> People:
    """Open them; raises ``Invalid`` when a checklist of accreditation is not complete and correct."""
    settings, record, policy = ground.settings, ground.record, ground.policy
    identity = IdentityService(record, policy)
    alliance = AllianceService(record, policy, as_now=identity.as_now)
    identity.knows_custodian = alliance.knows
    accreditation, onboarding = open_onboarding(
        record,
        policy,
        identity,
        checklists=POLICIES / "alliance",
        accreditation_needed=settings.accreditation_needed,
    )
    alliance.barrier = onboarding.barrier
    return People(
        identity=identity,
        alliance=alliance,
        accreditation=accreditation,
        onboarding=onboarding,
        visas=open_visas(settings, record, policy),
        sign_on=_sign_on(settings),
    )


def _sign_on(settings: Settings) -> SignOnProvider | None:
    chosen = settings.sign_on
    if chosen.kind != "oidc":
        return None
    from orchestrator.adapters.oidc import OpenIdProvider  # noqa: PLC0415 - heavy, and wanted by the portal only

    return OpenIdProvider(
        issuer=chosen.issuer,
        client_id=chosen.client_id,
        client_secret=_secret(settings),
        second_factor=chosen.second_factor,
        other_hosts=chosen.other_hosts,
        clock=system_clock,
    )


def _secret(settings: Settings) -> str:
    file = settings.sign_on.client_secret_file
    if file is None:
        return ""
    try:
        return file.read_text().strip()
    except OSError as error:
        raise Invalid(
            f"The file {file} with the sign-on secret cannot be read.", field="sign_on.client_secret_file"
        ) from error
