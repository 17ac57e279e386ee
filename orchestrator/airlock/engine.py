"""The checks engine: one file to its end, then the files of a request together. The same engine everywhere.

Nothing here asks a server: the airlock's worker runs it within walls, ``tre airlock check`` runs it anywhere, and
researchers run it on what they are about to submit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from orchestrator.core.events import Json

from .checks import run
from .ledger.facts import published
from .ledger.numbers import numbers_of
from .model import Finding, Severity
from .packs import Pack
from .ports import Derived, Inspection
from .reading.specimen import Specimen

__all__ = ["Member", "inspect_file", "inspect_together", "member_from_json", "of_derived", "opened"]

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Member:
    """One file of a request, as the checks of the whole request see it."""

    name: str
    kind: str
    sha256: str
    tables: tuple[Json, ...] = ()
    rules: frozenset[str] = frozenset()
    descriptor: int | None = None
    """Where its bytes can be read, for files that describe others."""


def inspect_file(file: Specimen, pack: Pack, sketches: Sequence[Any] = ()) -> Inspection:
    """Run every check of one file. What fails is a finding, and everything else still runs."""
    findings = run(file, pack)
    findings += _attempt("comparison with the project’s data", lambda: _compared(file, sketches), findings) or ()
    tables = _attempt("reading of tables for the ledger", lambda: _published(file, pack), findings) or ()
    anew = _attempt("making the file anew", lambda: _anew(file, pack), findings) or _Anew()
    return Inspection(
        kind=file.kind,
        findings=tuple(_noted(each) if each.rule in anew.removed else each for each in findings),
        tables=() if anew.files else tables,
        derived=anew.files,
    )


def inspect_together(files: Sequence[Member], *, released: Sequence[Json], pack: Pack) -> list[tuple[Finding, ...]]:
    """Check the files of a request against each other and against released tables; one entry for each file."""
    found: list[list[Finding]] = [[] for _ in files]
    problems: list[Finding] = []
    answers = [
        *(_attempt("attack on released tables", lambda: _attacked(files, released, pack), problems) or ()),
        *(_attempt("reading of claims", lambda: _claims(files), problems) or ()),
    ]
    for index, finding in answers:
        found[index].append(finding)
    return [(*each, *problems) for each in found]


def of_derived(original: Iterable[Finding], derived: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return what to tell of a file that another was made from: not what is told of the other anyway."""
    told = {finding.rule for finding in derived}
    return tuple(
        replace(finding, where=f"as submitted: {finding.where}") for finding in original if finding.rule not in told
    )


@dataclass(frozen=True, kw_only=True)
class _Anew:
    files: tuple[Derived, ...] = ()
    removed: frozenset[str] = frozenset()


def _attempt(what: str, part: Callable[[], _T], problems: list[Finding]) -> _T | None:
    """Run one part of the engine; its failure is a finding. Running out of memory ends the whole inspection."""
    try:
        return part()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - any failure means that the file was not checked
        problems.append(
            Finding(
                rule="INSPECTION_INCOMPLETE",
                severity=Severity.FLAG,
                where="whole file",
                message=f"The {what} could not finish ({type(error).__name__}).",
                guidance="Look at the whole file yourself, or ask for it in a simpler form.",
            )
        )
        return None


def _noted(finding: Finding) -> Finding:
    """Turn a finding about what the file no longer holds into a note."""
    return replace(finding, severity=Severity.NOTE, message=f"{finding.message} It was removed before review.")


def _compared(file: Specimen, sketches: Sequence[Any]) -> list[Finding]:
    return [finding for sketch in sketches for finding in sketch.compare(file.tables, file.points)]


def _published(file: Specimen, pack: Pack) -> tuple[Json, ...]:
    numbers = numbers_of(pack)
    return tuple(
        each.as_json()
        for table in file.tables
        for each in published(table, file=file.name, numbers=numbers, where=table.where)
    )


def _anew(file: Specimen, pack: Pack) -> _Anew:
    return _Anew()


def _attacked(files: Sequence[Member], released: Sequence[Json], pack: Pack) -> list[tuple[int, Finding]]:
    return []


def _claims(files: Sequence[Member]) -> list[tuple[int, Finding]]:
    return []


@contextmanager
def opened(plain: Sequence[Mapping[str, Any]]) -> Iterator[list[Any]]:
    """Open the sketches that a request names by their descriptors."""
    yield []


def member_from_json(plain: Mapping[str, Any]) -> Member:
    """Build a member from a request."""
    return Member(
        name=str(plain["name"]),
        kind=str(plain["kind"]),
        sha256=str(plain["sha256"]),
        tables=tuple(plain["tables"]),
        rules=frozenset(plain["rules"]),
        descriptor=plain.get("descriptor"),
    )
