"""Checks the files of one request without keeping anything: what researchers run before they submit."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.airlock.frozen import file_sha256
from orchestrator.airlock.model import Finding, Severity, Verdict
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.ports import Derived, Inspected, Inspection, Inspector
from orchestrator.airlock.rules import verdict_of
from orchestrator.core.events import Json

from .engine import of_derived

__all__ = ["Checked", "check_request", "worst"]

_AT_ONCE = 2


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the checks say of one file as it was given. ``derived`` names what would leave in its place."""

    path: str
    sha256: str
    kind: str
    findings: tuple[Finding, ...]
    derived: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst that the findings ask for."""
        return verdict_of(self.findings)


def worst(files: Iterable[Checked]) -> Verdict:
    """Return the verdict on the whole request."""
    return verdict_of(finding for file in files for finding in file.findings)


def check_request(
    files: Sequence[tuple[str, Path]],
    inspector: Inspector,
    pack: Pack,
    *,
    released: Sequence[Json] = (),
    project_id: str = "",
    at_once: int = _AT_ONCE,
) -> list[Checked]:
    """Check every file (name and where it lies), then all of them together and against ``released`` tables.

    Never raises for what is in a file: what failed is a finding.
    """
    with tempfile.TemporaryDirectory(prefix="tre-check-") as scratch, ThreadPoolExecutor(max_workers=at_once) as pool:
        looking = _Looking(inspector=inspector, pack=pack, project_id=project_id, scratch=Path(scratch))
        looked = list(pool.map(lambda file: looking.at(*file), files))
        members = [member for each in looked for member in each.members]
        together = inspector.inspect_together(members, released=released, pack=pack, project_id=project_id)
    return [each.checked(together) for each in looked]


@dataclass(frozen=True, kw_only=True)
class _Looked:
    """One file after its own inspection."""

    name: str
    sha256: str
    kind: str
    findings: tuple[Finding, ...]
    members: tuple[Inspected, ...]
    derived: tuple[str, ...]

    def checked(self, together: Mapping[str, tuple[Finding, ...]]) -> Checked:
        """Add what was found in all files together."""
        more = [finding for member in self.members for finding in together.get(member.file_id, ())]
        return Checked(
            path=self.name,
            sha256=self.sha256,
            kind=self.kind,
            findings=(*self.findings, *more),
            derived=self.derived,
        )


@dataclass(frozen=True, kw_only=True)
class _Looking:
    inspector: Inspector
    pack: Pack
    project_id: str
    scratch: Path

    def at(self, name: str, path: Path) -> _Looked:
        """Inspect one file, and what would leave in its place."""
        sha256, _ = file_sha256(path)
        base = name.rpartition("/")[2]
        seen = self._inspect(path, base, sha256)
        members, findings = [_member(path, name, base, sha256, seen)], seen.findings
        if seen.derived:
            looked = [self._derived(name, made) for made in seen.derived]
            members = [member for _, member in looked]
            inner = tuple(finding for found, _ in looked for finding in found)
            findings = (*of_derived(seen.findings, inner), *inner)
        return _Looked(
            name=name,
            sha256=sha256,
            kind=seen.kind,
            findings=findings,
            members=tuple(members),
            derived=tuple(each.name for each in seen.derived),
        )

    def _derived(self, name: str, made: Derived) -> tuple[tuple[Finding, ...], Inspected]:
        digest = hashlib.sha256(made.content).hexdigest()
        copy = self.scratch / digest
        copy.write_bytes(made.content)
        seen = self._inspect(copy, made.name, digest)
        findings = tuple(replace(each, where=f"{made.name}, {each.where}") for each in seen.findings)
        return findings, _member(copy, name, made.name, digest, seen)

    def _inspect(self, path: Path, name: str, sha256: str) -> Inspection:
        return self.inspector.inspect(path, name=name, sha256=sha256, pack=self.pack, project_id=self.project_id)


def _member(path: Path, given: str, name: str, sha256: str, seen: Inspection) -> Inspected:
    return Inspected(
        file_id=f"{given}\0{name}",
        path=path,
        name=name,
        sha256=sha256,
        kind=seen.kind,
        tables=seen.tables,
        rules=frozenset(each.rule for each in seen.findings if each.severity is not Severity.NOTE),
    )
