"""What a researcher runs before submitting: the airlock’s own checks, on bytes that are not kept."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from orchestrator.airlock.desk import Desk
from orchestrator.airlock.frozen import Received
from orchestrator.airlock.inspection.request import Checked, check_request, worst
from orchestrator.airlock.ledger import store as ledger_store
from orchestrator.airlock.packs import Limits
from orchestrator.airlock.ports import Inspector, LiveSession
from orchestrator.core.errors import Invalid, Unavailable
from orchestrator.core.events import Event, Json

from .names import check_different, check_name

__all__ = ["Preflight", "as_json", "named"]

_AT_ONCE = 2
"""Checks cost processor time that the scans of real submissions need: a third one is asked to come again."""


def named(header: dict[str, Any], limits: Limits) -> list[str]:
    """Read the names of a request to check; raise ``Invalid`` with a sentence for whatever is wrong with them."""
    files = header.get("files")
    if set(header) - {"protocol", "action", "files"} or not isinstance(files, list):
        raise Invalid("The header must name files; use the tre-airlock of this workspace.", field="header")
    if not 1 <= len(files) <= limits.files:
        raise Invalid(f"Check 1 to {limits.files} files at a time.", field="files")
    names = []
    for file in files:
        if not isinstance(file, dict) or not isinstance(file.get("name"), str):
            raise Invalid("Every file needs a name.", field="files")
        names.append(check_name(file["name"], characters=limits.name_characters))
    check_different(names)
    return names


class Preflight:
    """Checks what a session sends, with the rules of its project and against its own project’s releases."""

    def __init__(self, desk: Desk, inspector: Inspector) -> None:
        self._desk, self._inspector = desk, inspector
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    def check(self, live: LiveSession, names: Sequence[str], received: Sequence[Received]) -> dict[str, Any]:
        """Check the received files and say what the airlock would find; nothing is kept but that it happened."""
        desk = self._desk
        desk.policy.check(
            desk.governance.actor(live.person_id), "submitResults", desk.thing(live.project_id, live.person_id)
        )
        if not self._room.acquire(blocking=False):
            raise Unavailable("The airlock checks for others now; try again in a minute.", system="airlock")
        try:
            checked = check_request(
                [(name, each.path) for name, each in zip(names, received, strict=True)],
                self._inspector,
                desk.pack_for(live.project_id),
                released=self._own_releases(live.project_id),
                project_id=live.project_id,
            )
        finally:
            self._room.release()
        details: dict[str, Json] = {
            "project": live.project_id,
            "session": live.session_id,
            "files": len(checked),
            "verdict": str(worst(checked)),
        }
        with desk.record.change() as change:
            change.tell(
                Event(
                    kind="results.checked", actor=live.person_id, subject=f"project:{live.project_id}", details=details
                )
            )
        return as_json(checked)

    def _own_releases(self, project_id: str) -> list[Json]:
        """Return what the project itself released: of other projects’ tables a researcher must not learn here."""
        with self._desk.record.read() as session:
            return [each.as_json() for each in ledger_store.released_tables(session, project_id, ())]


def as_json(checked: Sequence[Checked]) -> dict[str, Any]:
    """Return what the checks say as plain JSON, the same from every entrance."""
    return {
        "files": [
            {
                "path": each.path,
                "sha256": each.sha256,
                "type": each.kind,
                "verdict": str(each.verdict),
                "findings": [
                    {
                        "rule": finding.rule,
                        "severity": str(finding.severity),
                        "where": finding.where,
                        "message": finding.message,
                        "guidance": finding.guidance,
                    }
                    for finding in each.findings
                ],
                "leaves_as": list(each.derived) or [each.path.rpartition("/")[2]],
            }
            for each in checked
        ],
        "verdict": str(worst(checked)),
    }
