"""The attack as a process: the request as JSON on a descriptor, the findings as JSON on standard output.

``python -m orchestrator.airlock.ledger.process DESCRIPTOR`` gives up memory, processor time and files before it looks
at anything, as ``orchestrator.airlock.inspection.scan`` does, and is started behind the same walls. It ends with an
answer or with none; the caller takes none as not computed.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Mapping
from typing import Any

from .knowledge import outsider_view
from .ledger import attack
from .numbers import Numbers
from .tables import PublishedTable, ReleasedTable

__all__ = ["answer_for", "main", "request_for"]


def main() -> int:
    """Read one request, attack, and write the answer."""
    asked = int(sys.argv[1])
    with os.fdopen(asked, "rb") as file:
        request = json.load(file)
    _give_up(int(request["memory_mib"]), int(request["cpu_seconds"]))
    sys.stdout.write(json.dumps(answer_for(request)))
    sys.stdout.flush()
    return 0


def request_for(
    new: list[PublishedTable],
    released: list[ReleasedTable],
    numbers: Numbers,
    *,
    project: str,
    versions: frozenset[str],
    view: bool = False,
    memory_mib: int = 1024,
    cpu_seconds: int = 60,
) -> dict[str, Any]:
    """Return a request as plain JSON. ``view`` asks for what an outsider would know as well, in the same time again."""
    return {
        "new": [each.as_json() for each in new],
        "released": [each.as_json() for each in released],
        "numbers": numbers.as_json(),
        "project": project,
        "versions": sorted(versions),
        "view": view,
        "memory_mib": memory_mib,
        "cpu_seconds": cpu_seconds,
    }


def answer_for(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the findings, and the outsider’s view where it was asked for, as plain JSON."""
    new = [PublishedTable.from_json(each) for each in request["new"]]
    released = [ReleasedTable.from_json(each) for each in request["released"]]
    numbers = Numbers.from_json(request["numbers"])
    whose = {"project": str(request["project"]), "versions": frozenset(str(each) for each in request["versions"])}
    found = attack(new, released, numbers, **whose)  # type: ignore[arg-type]
    known = outsider_view(new, released, numbers, **whose) if request["view"] else ()  # type: ignore[arg-type]
    return {
        "complete": True,
        "findings": [each.as_json() for each in found],
        "known": [each.as_json() for each in known],
    }


def _give_up(memory_mib: int, cpu_seconds: int) -> None:
    for what, limit in (
        (resource.RLIMIT_AS, memory_mib << 20),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        value = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (value, value))


if __name__ == "__main__":
    sys.exit(main())
