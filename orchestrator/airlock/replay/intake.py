"""What a session that runs a program again says to the airlock, read with the same mistrust as everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.airlock.frozen import Received
from orchestrator.airlock.intake.names import check_name
from orchestrator.airlock.packs import Limits
from orchestrator.airlock.ports import LiveSession
from orchestrator.core.errors import Invalid

from .service import Replays

__all__ = ["HandedIn", "ReplayIntake"]

_UNKNOWN = "A session that runs a program again asks for its task and hands in what came of it; nothing else."


@dataclass(frozen=True, kw_only=True)
class HandedIn:
    """What the session announces: names of files it will send, and how the program ended."""

    names: tuple[str, ...]
    trouble: str


class ReplayIntake:
    """The replay's part of the intake."""

    def __init__(self, replays: Replays, limits: Limits) -> None:
        self._replays, self._limits = replays, limits

    def asked(self, live: LiveSession, header: Any) -> HandedIn | None:
        """Return what the session will hand in, or ``None`` when it asks for its task."""
        if not isinstance(header, dict) or header.get("protocol") != 1:
            raise Invalid(_UNKNOWN, field="header")
        if header.get("action") == "replay":
            return None
        if header.get("action") != "replayed" or set(header) != {"protocol", "action", "files", "trouble"}:
            raise Invalid(_UNKNOWN, field="header")
        files, trouble = header["files"], header["trouble"]
        if not isinstance(files, list) or len(files) > self._limits.files or not isinstance(trouble, str):
            raise Invalid(_UNKNOWN, field="header")
        names = []
        for file in files:
            if not isinstance(file, dict) or not isinstance(file.get("name"), str):
                raise Invalid("Every file needs a name.", field="files")
            names.append(check_name(file["name"], characters=self._limits.name_characters))
        self._replays.check_names(live, names)
        words = "".join(each if each.isprintable() else " " for each in trouble[:1000])
        return HandedIn(names=tuple(names), trouble=words)

    def job(self, live: LiveSession) -> dict[str, Any]:
        """Return the session's task."""
        return self._replays.job(live)

    def keep(self, live: LiveSession, said: HandedIn, received: Sequence[Received]) -> dict[str, Any]:
        """Keep what the program made."""
        return self._replays.receive(live, said.names, received, trouble=said.trouble)
