"""Which document of which hub counts: by key, by time, in order, never two that contradict one another; and names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from orchestrator.core.clock import iso, moment_in_words
from orchestrator.core.errors import Invalid, NotPossible, Refused
from orchestrator.core.lookalike import mixed_word, skeleton

from ..sealed import Opened
from .model import LONGEST, Hub, HubState
from .shapes import Header

__all__ = ["check_counts", "check_genuine", "check_name", "fork", "recorded_then", "replayed", "same_place"]

_CLOCKS_DIFFER = timedelta(minutes=5)
_PORTS = {"https": 443, "http": 80}


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
            f"The document was issued on {moment_in_words(header.issued)}, which lies ahead; nothing was taken. "
            "One of the two installations has a wrong clock."
        )
    if header.ends <= now:
        raise Refused(f"The document counted until {moment_in_words(header.ends)}; ask the hub for a newer one.")
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


def check_name(name: str, *, ours: str, others: Iterable[str]) -> None:
    """Raise ``Invalid`` for a name that people could take for ours or another hub's, or in which they see nothing."""
    look = skeleton(name)
    if not look:
        raise Invalid("Nothing can be read in the hub's name; give it another.", field="name")
    if mixed := mixed_word(name):
        raise Invalid(
            f"“{mixed}” in the hub's name mixes letters of several alphabets that look alike; write it in one.",
            field="name",
        )
    if look == skeleton(ours):
        raise Invalid(
            f"“{name}” can be taken for this very installation, “{ours}”; say what the hub is called here instead.",
            field="name",
        )
    for other in others:
        if look == skeleton(other):
            raise Invalid(
                f"“{name}” can be taken for the hub “{other}”, which is proposed or trusted under another log. Ask its "
                "operators which of the two is theirs, and say what this one is called here instead.",
                field="name",
            )


def same_place(one: str, other: str) -> bool:
    """Say whether two addresses are one: case of the host, a final slash and the usual port make no difference."""
    try:
        first, second = _place(one), _place(other)
    except ValueError:
        return False
    return bool(first[1]) and first == second


def _place(address: str) -> tuple[str, str | None, int | None, str]:
    parts = urlsplit(address.strip().rstrip("/"))
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme), parts.path
