"""Where datasets come from, as the settings name it: databases for Vault and agents, and the store of sealed files."""

from __future__ import annotations

from typing import Any

from orchestrator.adapters.objects.connection import Bucket, Keys
from orchestrator.adapters.objects.prefixes import Prefixes
from orchestrator.adapters.objects.sealed import SealedObjects
from orchestrator.adapters.objects.short_lived import ShortLived
from orchestrator.adapters.sealed_store import SealedDirectory
from orchestrator.core.errors import NotFound, Unavailable
from orchestrator.credentials.ports import SealedStore
from orchestrator.settings import DatabaseSettings, Settings, StoreSettings

__all__ = ["agent_database", "open_prefixes", "open_sealed", "short_lived", "vault_url"]


def open_sealed(settings: Settings) -> SealedStore:
    """Return where sealed dataset files are kept."""
    if not settings.sealed.store:
        return SealedDirectory(settings.state / "sealed")
    return SealedObjects(short_lived(settings.stores[settings.sealed.store]), settings.sealed.prefix)


def short_lived(store: StoreSettings) -> ShortLived:
    """Return what draws credentials that read one prefix of a store for a short time."""
    bucket = Bucket(
        endpoint=store.endpoint,
        region=store.region,
        name=store.bucket,
        keys=Keys(access_key=_secret(store, "access_key_file"), secret_key=_secret(store, "secret_key_file")),
        path_style=store.path_style,
        authority=store.certificate_authority,
    )
    return ShortLived(bucket=bucket, role=store.role_arn, endpoint=store.token_endpoint)


def open_prefixes(settings: Settings) -> Prefixes:
    """Return what reads, and describes to agents, the prefixes of custodians' own stores."""

    def store(name: str) -> ShortLived:
        found = settings.stores.get(name)
        if found is None:
            raise NotFound(
                f"The settings have no object store “{name[:40]}” any more; an operator names it in tre.yaml."
            )
        return short_lived(found)

    return Prefixes(store)


def vault_url(settings: DatabaseSettings) -> str:
    """Return a database's address as Vault wants it."""
    mode = "disable" if settings.tls == "off" else "verify-full"
    authority = f"&sslrootcert={settings.certificate_authority}" if settings.certificate_authority else ""
    where = f"{settings.host}:{settings.port}/{settings.database}"
    return f"postgresql://{{{{username}}}}:{{{{password}}}}@{where}?sslmode={mode}{authority}"


def agent_database(settings: DatabaseSettings) -> dict[str, Any]:
    """Return what an agent is told of a database."""
    return {
        "host": settings.host,
        "port": settings.port,
        "database": settings.database,
        "tls": settings.tls == "verify-full",
        "certificate": str(settings.certificate_authority) if settings.certificate_authority else None,
    }


def _secret(store: StoreSettings, name: str) -> str:
    file = getattr(store, name)
    try:
        return str(file.read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"The file {file} with a key of an object store cannot be read.", system="store") from error
