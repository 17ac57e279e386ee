"""Opens what checks and signs visas, as the settings say."""

from __future__ import annotations

from orchestrator.access.service import AccessService
from orchestrator.access.visas import GrantVisas
from orchestrator.audit.record import Record
from orchestrator.identity.visas.model import TrustedIssuer
from orchestrator.identity.visas.ports import VisaReader, VisaSigner
from orchestrator.identity.visas.service import VisaService
from orchestrator.policy.service import Policy
from orchestrator.settings import Settings

__all__ = ["open_grant_visas", "open_visas"]


def open_visas(settings: Settings, record: Record, policy: Policy) -> VisaService:
    """Open the taking of visas; without a trusted issuer none is taken."""
    trusted = [
        TrustedIssuer(issuer=each.issuer, types=frozenset(each.types), accredits=each.accredits)
        for each in settings.visas.trusted
    ]
    return VisaService(
        record,
        policy,
        reader=_reader(settings),
        trusted=trusted,
        audience=settings.visas.audience or settings.portal.public_url,
    )


def open_grant_visas(settings: Settings, record: Record, policy: Policy, access: AccessService) -> GrantVisas:
    """Open the issuing of visas; without a key none is issued."""
    return GrantVisas(record, policy, access=access, signer=_signer(settings), address=settings.portal.public_url)


def _reader(settings: Settings) -> VisaReader | None:
    if not settings.visas.trusted:
        return None
    from orchestrator.adapters.visas import (  # noqa: PLC0415 - heavy, and wanted where an issuer is trusted
        IssuerKeys,
        TrustedReader,
        keys_from_address,
        keys_from_file,
    )

    issuers = {}
    for each in settings.visas.trusted:
        fetch = keys_from_file(each.keys_file) if each.keys_file is not None else keys_from_address(each.keys_url)
        issuers[each.issuer] = IssuerKeys(fetch, address=each.keys_url)
    return TrustedReader(issuers)


def _signer(settings: Settings) -> VisaSigner | None:
    if settings.visas.key_file is None:
        return None
    from orchestrator.adapters.visas import FileSigner  # noqa: PLC0415 - heavy, and wanted where there is a key

    return FileSigner(settings.visas.key_file, address=settings.portal.public_url)
