"""What an endpoint's address may be, when it is due, and how much may disappear before a person decides."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from orchestrator.core.errors import Invalid

from .model import Authentication, Endpoint

__all__ = [
    "FIRST_PAUSE",
    "MISSING_FOR",
    "MOST_PAUSES",
    "STALE_AFTER",
    "check_address",
    "check_authentication",
    "check_name",
    "check_path",
    "check_time",
    "dataset_url",
    "is_usual_port",
    "list_url",
    "needs_a_person",
    "next_due",
    "origin_of",
    "pause",
]

MISSING_FOR = timedelta(days=7)
"""An entry that a whole list does not name, and did not name so long ago either, is archived."""
STALE_AFTER = timedelta(days=3)
"""An endpoint whose list was not read whole for so long is told of: it is pulled daily."""
FIRST_PAUSE = timedelta(seconds=60)
MOST_PAUSES = 5
"""A pull that was put off so often fails; the next one goes on with what is left."""

_PORTS = frozenset({80, 443})


def check_name(name: str) -> str:
    """Return an endpoint's name as it is shown."""
    text = " ".join(name.split())
    if not 2 <= len(text) <= 100 or not text.isprintable():
        raise Invalid("Give the endpoint a name of 2 to 100 characters.", field="name")
    return text


def check_address(address: str, *, plain: bool) -> str:
    """Return the address without a final slash; it holds no secret. ``plain``: http is allowed somewhere here."""
    text = address.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or len(text) > 500 or not text.isascii() or not text.isprintable() or " " in text:
        raise Invalid("Give the endpoint's address, such as https://catalogue.example.org/api.", field="address")
    if parts.scheme != "https" and not (plain and parts.scheme == "http"):
        raise Invalid("An endpoint is asked by https only.", field="address")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment or "?" in text:
        raise Invalid("The address holds no user name, no key and no query; a secret stands in the settings.",
                      field="address")  # fmt: skip
    if not is_usual_port(port):
        raise Invalid("An endpoint's port is 80, 443 or 1024 and above.", field="address")
    return text


def check_path(path: str, *, field: str, with_id: bool) -> str:
    """Return a path below the address; that of one dataset holds ``{id}`` once, after the last question mark or not."""
    text = path.strip()
    if not text.startswith("/") or len(text) > 200 or not text.isascii() or not text.isprintable() or " " in text:
        raise Invalid("A path begins with “/” and has up to 200 plain characters.", field=field)
    if "#" in text or "/../" in f"{text}/" or text.startswith("//"):
        raise Invalid("A path leads down from the address: no “..”, no “//” at its beginning, no “#”.", field=field)
    if text.replace("{id}", "", 1).count("{") or text.replace("{id}", "", 1).count("}"):
        raise Invalid("A path has no braces but one {id}.", field=field)
    if with_id != ("{id}" in text):
        raise Invalid(
            "The path of one dataset holds {id}, such as /datasets/{id}." if with_id else "This path holds no {id}.",
            field=field,
        )
    return text


def check_authentication(authentication: Authentication, secret_name: str, *, known: Collection[str]) -> str:
    """Return the secret's name if the settings have it for this custodian and address."""
    name = secret_name.strip()
    if authentication is Authentication.NONE:
        if name:
            raise Invalid("An endpoint without authentication names no secret.", field="secret")
        return ""
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise Invalid(
            f"The settings have no secret of that name for this custodian and address (known: {names}); an operator "
            "puts it into a file and names the file under harvest.secrets in tre.yaml.",
            field="secret",
        )
    return name


def check_time(hour: int, minute: int) -> tuple[int, int]:
    """Return the time of day of the daily pull, in UTC."""
    if not (0 <= hour <= 23 and 0 <= minute <= 59):
        raise Invalid("The time of the daily pull is an hour from 0 to 23 and a minute from 0 to 59, in UTC.",
                      field="hour")  # fmt: skip
    return hour, minute


def is_usual_port(port: int | None) -> bool:
    """Say whether web servers listen at a port: none named, 80, 443, or one that no old service has."""
    return port is None or port in _PORTS or port >= 1024


def origin_of(address: str) -> str:
    """Return scheme, host and port of an address: where a secret may go."""
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{(parts.hostname or '').casefold()}:{port}"


def list_url(endpoint: Endpoint, *, offset: int, limit: int) -> str:
    """Return the address of one page of the list."""
    mark = "&" if "?" in endpoint.datasets_path else "?"
    return f"{endpoint.address}{endpoint.datasets_path}{mark}limit={limit}&offset={offset}"


def dataset_url(endpoint: Endpoint, persistent_id: str) -> str:
    """Return the address of one record; the identifier can lead nowhere else."""
    return endpoint.address + endpoint.dataset_path.replace("{id}", quote(persistent_id, safe=""))


def next_due(hour: int, minute: int, *, after: datetime) -> datetime:
    """Return the next moment after ``after`` at this time of day."""
    due = after.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return due if due > after else due + timedelta(days=1)


def needs_a_person(*, known: int, gone: int, percent: int) -> bool:
    """Say whether so many of the known entries are gone that a person has to decide.

    A single one may go by itself, unless it was the only one; everything at once never.
    """
    if gone == 0:
        return False
    return gone >= known or (gone > 1 and gone * 100 > known * percent)


def pause(times: int) -> timedelta:
    """Return how long a pull rests after so many faults: a minute, doubled each time, an hour at most."""
    return timedelta(seconds=min(FIRST_PAUSE.total_seconds() * 2.0 ** min(times, 10), 3600.0))
