"""One inspection as a process: the file on descriptor 0, the request on another, the answer on stdout.

``python -m orchestrator.airlock.inspection.scan DESCRIPTOR`` gives up memory, processor time, new files and core dumps
before it looks at anything, and is started without network, secrets or any view of the host.
The answer is one line of JSON; the bytes of files that were made anew follow it, one after the other.
"""

from __future__ import annotations

import json
import mimetypes
import os
import resource
import sys
from typing import Any

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack, pack_from_json
from orchestrator.airlock.ports import Inspection
from orchestrator.airlock.reading.specimen import Specimen

from . import engine

__all__ = ["answer_for", "finding_from_json", "main"]

_OWN_DESCRIPTORS = 16


def main() -> int:
    """Inspect and write the answer; any failure ends without one, which the caller takes as incomplete."""
    asked = int(sys.argv[1])
    with os.fdopen(asked, "rb") as stream:
        request = json.loads(stream.read())
    mimetypes.knownfiles.clear()  # a library would read the machine’s own lists, which the walls refuse
    pack = pack_from_json(request["pack"])
    _give_up(pack, descriptors=_OWN_DESCRIPTORS + len(request.get("descriptors", ())))
    if request["mode"] == "together":
        _write({"complete": True, "findings": _together(request, pack)})
        return 0
    file = Specimen(0, request["name"], most=pack.limits.file_bytes)
    seen = engine.inspect_file(file, pack, engine.opened(request.get("sketches", ())))
    _write(answer_for(seen))
    for each in seen.derived:
        sys.stdout.buffer.write(each.content)
    sys.stdout.buffer.flush()
    return 0


def _write(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


def answer_for(seen: Inspection) -> dict[str, Any]:
    """Return an inspection as plain JSON, without the bytes of derived files."""
    return {
        "complete": True,
        "kind": seen.kind,
        "findings": [_plain(each) for each in seen.findings],
        "tables": list(seen.tables),
        "derived": [{"name": each.name, "size": len(each.content)} for each in seen.derived],
    }


def _together(request: dict[str, Any], pack: Pack) -> list[list[dict[str, Any]]]:
    files = [engine.member_from_json(each) for each in request["files"]]
    versions = frozenset(request["versions"])
    found = engine.inspect_together(
        files, released=request["released"], pack=pack, project=request["project"], versions=versions
    )
    return [[_plain(each) for each in findings] for findings in found]


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "where": finding.where,
        "message": finding.message,
        "guidance": finding.guidance,
    }


def finding_from_json(plain: dict[str, Any]) -> Finding:
    """Build a finding from what another process said; raises ``TypeError`` or ``ValueError`` for what is none."""
    words = {key: plain[key] for key in ("rule", "where", "message", "guidance")}
    if not all(isinstance(value, str) for value in words.values()):
        raise TypeError("words must be text")
    return Finding(
        rule=words["rule"][:60],
        severity=Severity(plain["severity"]),
        where=words["where"][:600],
        message=words["message"][:600],
        guidance=words["guidance"][:600],
    )


def _give_up(pack: Pack, *, descriptors: int) -> None:
    memory = pack.resources.memory_mib << 20
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, pack.resources.cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, descriptors),
        (resource.RLIMIT_NPROC, 0),
    ):
        hard = resource.getrlimit(what)[1]
        value = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (value, value))


if __name__ == "__main__":
    sys.exit(main())
