"""The harvest, as the settings have it: who may be asked, with which secret, and what pulls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orchestrator.adapters.guarded_addresses import AddressGuard
from orchestrator.adapters.harvest_client import HarvestClient
from orchestrator.audit.record import Record
from orchestrator.discovery.harvest.faults import Fault, FaultKind
from orchestrator.discovery.harvest.model import Authentication, Endpoint
from orchestrator.discovery.harvest.pulling import Puller
from orchestrator.discovery.harvest.rules import origin_of
from orchestrator.discovery.harvest.service import NamedSecret
from orchestrator.settings import Settings
from orchestrator.settings.harvest import HarvestSecretSettings

__all__ = ["SecretFiles", "named_secrets", "open_client", "open_puller"]


def named_secrets(settings: Settings) -> Mapping[str, NamedSecret]:
    """Return what portal and command line may know of secrets: whose they are and where they may go."""
    return {
        name: NamedSecret(custodian=secret.custodian, origin=secret.origin)
        for name, secret in settings.harvest.secrets.items()
    }


def open_client(settings: Settings) -> HarvestClient:
    """Return what asks addresses on the public network, and in the networks that the settings allow."""
    chosen = settings.harvest
    guard = AddressGuard(allowed=chosen.allowed_networks)
    return HarvestClient(guard, seconds=chosen.seconds, authority=chosen.certificate_authority)


def open_puller(
    settings: Settings, record: Record, custodian_name: Callable[[str], str], *, client: HarvestClient
) -> Puller:
    """Return what pulls endpoints: the controller's alone, over a ``client`` that the caller closes."""
    chosen = settings.harvest
    return Puller(
        record,
        fetcher=client,
        secrets=SecretFiles(secrets=chosen.secrets, custodian_name=custodian_name),
        percent=chosen.decide_above_percent,
        page=chosen.page,
    )


@dataclass(frozen=True, kw_only=True)
class SecretFiles:
    """Reads a secret anew for each request, so that a key that was exchanged counts at once."""

    secrets: Mapping[str, HarvestSecretSettings]
    custodian_name: Callable[[str], str]

    def headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        """Return the headers for an endpoint; raise ``Fault`` where the secret may not go there or is not to be had."""
        if endpoint.authentication is Authentication.NONE:
            return {}
        secret = self.secrets.get(endpoint.secret_name)
        if secret is None:
            raise Fault(FaultKind.SECRET, f"The settings have no secret “{endpoint.secret_name}” any more.")
        owner = self.custodian_name(endpoint.custodian_id).casefold()
        if secret.custodian.casefold() != owner or origin_of(secret.origin) != origin_of(endpoint.address):
            raise Fault(
                FaultKind.SECRET,
                f"The secret “{endpoint.secret_name}” belongs to another custodian or address; it was not sent.",
            )
        value = _value(secret, endpoint.secret_name)
        if endpoint.authentication is Authentication.BEARER:
            return {"authorization": f"Bearer {value}"}
        return {"apikey": value}


def _value(secret: HarvestSecretSettings, name: str) -> str:
    try:
        value = secret.file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Fault(
            FaultKind.SECRET, f"The file of the secret “{name}” cannot be read; an operator mends it."
        ) from error
    if not value or not value.isprintable() or " " in value:
        raise Fault(FaultKind.SECRET, f"The file of the secret “{name}” holds no key: one line of visible characters.")
    return value
