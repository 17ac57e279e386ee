"""What ACRO’s notes claim, held against the frozen files themselves and against our own checks."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from orchestrator.airlock.checks.catalogue import DISCLOSURE, RULES
from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.reading.places import shown
from orchestrator.airlock.reading.specimen import Specimen

from .bundle import Bundle, Claim, Named, read_bundle
from .supporting import supporting

__all__ = ["Held", "check_bundle", "claims"]

_OWN_WORDS = "Suppression automatically applied where needed"
"""What ACRO itself writes in the place of the researcher’s words."""
_RANK = {"pass": 0, "review": 1, "fail": 2}


@dataclass(frozen=True, kw_only=True)
class Held:
    """A claim on a file that is really in the request."""

    file: str
    claim: Claim
    named: Named


def claims(bundle: Bundle, names: Collection[str]) -> tuple[dict[str, Held], list[Finding]]:
    """Return the gravest claim on each file of the request, and findings on names that lead elsewhere.

    A name is compared with ``names`` and never opened: absolute ones, those with “..”, and those of other files are
    findings, whatever lies there.
    """
    held: dict[str, Held] = {}
    problems: list[Finding] = []
    for claim in bundle.outputs:
        for named in claim.files:
            if _leads_out(named.name):
                problems.append(_outside(bundle, claim, named))
            elif named.name not in names:
                problems.append(_missing(bundle, claim, named))
            elif named.name not in held or _RANK[claim.status] > _RANK[held[named.name].claim.status]:
                held[named.name] = Held(file=named.name, claim=claim, named=named)
    return held, problems


def check_bundle(
    files: Mapping[str, Specimen],
    rules: Mapping[str, Collection[str]],
    sha256: Mapping[str, str] | None = None,
) -> dict[str, list[Finding]]:
    """Return findings by file name for a request that holds a bundle of ACRO; empty for one that does not.

    ``files`` are those whose bytes may be read here, ``rules`` what our checks found in each file of the request, and
    ``sha256`` the digests that the freezing worked out. Never raises for what is in a file.
    """
    found: dict[str, list[Finding]] = defaultdict(list)
    bundle = read_bundle(files)
    if bundle is None:
        return {}
    names = {*files, *rules, *(sha256 or {})}
    if bundle.problems:
        words = "; ".join(bundle.problems)[:400]
        message = f"The notes do not follow ACRO’s form, or not to the end: {words}."
        found[bundle.file].append(_finding("ACRO_UNREADABLE", Severity.FLAG, "whole file", message, _LOOK))
    held, problems = claims(bundle, names)
    found[bundle.file] += problems
    for name, each in held.items():
        if name in files and supporting(files[name]) is not None:
            continue  # its own finding says that it never leaves
        found[name] += _of_file(bundle, each, rules.get(name, ()))
    for name in sorted(names):
        found[name] += _checksum(name, files, sha256 or {}, claimed=name in held)
        if name not in held and _table_of_session(name, files, rules):
            words = "ACRO’s notes do not list this file; it was made without ACRO."
            found[name].append(_finding("ACRO_NOT_LISTED", Severity.NOTE, "whole file", words))
    return {name: each for name, each in found.items() if each}


_LOOK = "Look at the tables themselves; the notes are no evidence."


def _of_file(bundle: Bundle, held: Held, ours: Collection[str]) -> Iterator[Finding]:
    claim = held.claim
    kind = f", {claim.statbarn}" if claim.statbarn else ""
    failing = ", ".join(f"{check} {count}" for check, count in held.named.failing)
    words = f"ACRO {bundle.version} says “{claim.status}” of this {claim.kind or 'output'}{kind}"
    words += f" (cells marked: {failing})" if failing else ""
    command = f" Made by: {shown(claim.command, 200)}" if claim.command else ""
    yield _finding("ACRO_CLAIM", Severity.NOTE, claim.uid, f"{words}.{command}", "A claim of the researcher’s session.")
    against = sorted(rule for rule in ours if rule in DISCLOSURE and RULES[rule].severity is not Severity.NOTE)
    if claim.status == "pass" and against:
        yield _finding(
            "ACRO_CLAIM_DISAGREES",
            Severity.FLAG,
            claim.uid,
            f"ACRO’s notes say pass, but our checks found {', '.join(against)}.",
            "Go by the findings; ACRO does not look for everything, and its notes can be changed.",
        )
    elif claim.status != "pass":
        yield _finding(
            "ACRO_NOT_PASSED",
            Severity.FLAG,
            claim.uid,
            f"ACRO itself says {claim.status}: {shown(claim.summary, 300) or 'without a reason'}",
            "Ask for the mitigation that ACRO offers, or for a reason to make an exception.",
        )
    if claim.exception and claim.exception != _OWN_WORDS:
        words = f"The researcher asks for an exception: “{shown(claim.exception, 500)}”"
        yield _finding("ACRO_EXCEPTION", Severity.NOTE, claim.uid, words, "These are the researcher’s words.")


def _leads_out(name: str) -> bool:
    parts = re.split(r"[/\\]", name)
    return len(parts) > 1 or ".." in parts or re.match(r"[A-Za-z]:", name) is not None or not name.isprintable()


def _outside(bundle: Bundle, claim: Claim, named: Named) -> Finding:
    return _finding(
        "ACRO_NAME_OUTSIDE",
        Severity.FLAG,
        claim.uid,
        f"The notes name “{shown(named.name, 100)}”, which leads out of this request; it was not opened.",
        f"ACRO writes plain names; somebody changed {shown(bundle.file)}. Ask why.",
    )


def _missing(bundle: Bundle, claim: Claim, named: Named) -> Finding:
    return _finding(
        "ACRO_FILE_MISSING",
        Severity.FLAG if claim.status != "review" or claim.kind != "custom" else Severity.NOTE,
        claim.uid,
        f"The notes name “{shown(named.name, 100)}”, which is not in this request.",
        f"Compare the request with {shown(bundle.file)}: a table may have been left out or renamed.",
    )


def _checksum(
    name: str, files: Mapping[str, Specimen], sha256: Mapping[str, str], *, claimed: bool
) -> Iterator[Finding]:
    """Compare the real digest of a file with what ACRO wrote into ``<name>.txt``."""
    written = files.get(f"{name}.txt") or files.get(f"checksums/{name}.txt")
    if written is None or supporting(written) != "a checksum":
        if claimed and any(supporting(file) == "a checksum" for other, file in files.items() if other.endswith(".txt")):
            words = "ACRO writes a checksum for every output; this file has none."
            yield _finding("ACRO_CHECKSUM_MISSING", Severity.NOTE, "whole file", words)
        return
    real = sha256.get(name) or (hashlib.sha256(files[name].content).hexdigest() if name in files else "")
    if real != (written.text or "").strip():
        yield _finding(
            "ACRO_CHECKSUM_DIFFERS",
            Severity.FLAG,
            "whole file",
            "The file is not the one ACRO wrote: its checksum differs.",
            "It was changed after ACRO looked at it, so ACRO’s word on it is about another table.",
        )


def _table_of_session(name: str, files: Mapping[str, Specimen], rules: Mapping[str, Collection[str]]) -> bool:
    if name in files and supporting(files[name]) is not None:
        return False
    return name in rules and "ACRO_HELPER_FILE" not in rules[name]


def _finding(rule: str, severity: Severity, where: str, message: str, guidance: str = "") -> Finding:
    return Finding(rule=rule, severity=severity, where=where, message=message, guidance=guidance)
