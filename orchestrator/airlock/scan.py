"""One inspection as a process: the file on descriptor 0, the request on another, findings as JSON on stdout.

``python -m orchestrator.airlock.scan DESCRIPTOR`` gives up memory, processor time, new files and core dumps before it
looks at anything, and is started without network, secrets or any view of the host (see ``adapters/inspection.py``).
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

from .checks import run
from .checks.specimen import Specimen
from .packs import Pack, pack_from_json

__all__ = ["answer_for", "main"]

_REQUEST_BYTES = 1 << 20


def main() -> int:
    """Inspect one file and write the answer; any failure ends without one, which the caller takes as incomplete."""
    asked = int(sys.argv[1])
    request = json.loads(os.read(asked, _REQUEST_BYTES))
    os.close(asked)
    pack = pack_from_json(request["pack"])
    _give_up(pack)
    answer = answer_for(Specimen(0, request["name"]), pack)
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    return 0


def answer_for(file: Specimen, pack: Pack) -> dict[str, Any]:
    """Run every check and return the answer as plain JSON."""
    findings = run(file, pack)
    return {
        "complete": True,
        "kind": file.kind,
        "findings": [
            {
                "rule": each.rule,
                "severity": each.severity.value,
                "where": each.where,
                "message": each.message,
                "guidance": each.guidance,
            }
            for each in findings
        ],
    }


def _give_up(pack: Pack) -> None:
    memory = pack.resources.memory_mib << 20
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, pack.resources.cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_NPROC, 0),
    ):
        hard = resource.getrlimit(what)[1]
        value = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (value, value))


if __name__ == "__main__":
    sys.exit(main())
