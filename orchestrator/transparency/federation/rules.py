"""Which document of which hub counts: by key, by time, in order, and never two that contradict one another."""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrator.core.clock import iso
from orchestrator.core.errors import NotPossible, Refused

from ..sealed import Opened
from .model import LONGEST, Hub, HubState
from .shapes import Header

__all__ = ["check_counts", "check_genuine", "fork", "recorded_then", "replayed"]

_CLOCKS_DIFFER = timedelta(minutes=5)


def check_genuine(hub: Hub, opened: Opened, header: Header) -> None:
    """Raise unless a trusted hub's key vouches for exactly this document."""
    if hub.state is not HubState.TRUSTED:
        raise NotPossible(
            f"{hub.name} is {hub.state.value}, so nothing of it is taken; a second operator confirms a proposed hub."
        )
    problems = list(opened.problems)
    if header.origin != opened.proof.head.origin:
        problems.append("The document names another hub than the one whose log holds it.")
    if opened.entry.get("subject") != f"federation:{header.kind.value}-{header.sequence}":
        problems.append("The log's entry is about another document.")
    if not recorded_then(opened, header.issued):
        problems.append("The document was recorded at another moment than it says.")
    if problems:
        raise Refused(
            f"This document is not what {hub.name} signed, so nothing was taken: {problems[0]}", reasons=problems
        )


def check_counts(header: Header, now: datetime) -> None:
    """Raise unless the document counts at ``now``: not ended, not of the future, not for ever."""
    if header.issued > now + _CLOCKS_DIFFER:
        raise Refused(
            f"The document was issued at {header.issued_at}, which lies ahead; nothing was taken. "
            "One of the two installations has a wrong clock."
        )
    if header.ends <= now:
        raise Refused(f"The document counted until {header.valid_until}; ask the hub for a newer one.")
    if header.ends - header.issued > LONGEST:
        raise Refused(f"The document says that it counts for more than {LONGEST.days} days; nothing was taken.")


def fork(
    header: Header,
    opened: Opened,
    *,
    last_sequence: int,
    last_sha256: str,
    last_position: int,
    known_root: str | None,
) -> str:
    """Return how the document contradicts what the hub signed before; empty where it does not.

    ``known_root`` is the root of a head of the same size that the hub signed before, if there is one.
    """
    if known_root is not None and known_root != opened.proof.head.root.hex():
        return f"Two logs of {opened.proof.head.size} entries were signed under this name, and they differ."
    if header.sequence == last_sequence and opened.sha256 != last_sha256:
        return f"Two different documents with the number {header.sequence} were signed."
    if header.sequence > last_sequence > 0 and opened.proof.position <= last_position:
        return f"Document {header.sequence} stands before document {last_sequence} in the hub's log."
    return ""


def replayed(header: Header, last_sequence: int) -> str:
    """Return why an older document is refused; empty where it is the newest."""
    if header.sequence < last_sequence:
        return (
            f"Document {header.sequence} of {iso(header.issued)} is older than document {last_sequence}, which was "
            "taken already; what has been replaced does not come back."
        )
    return ""


def recorded_then(opened: Opened, issued: datetime) -> bool:
    """Say whether the log recorded a document when it says that it was issued."""
    try:
        recorded = datetime.fromisoformat(str(opened.entry.get("at")).replace("Z", "+00:00"))
        return abs(recorded - issued) <= _CLOCKS_DIFFER
    except (ValueError, TypeError):
        return False
