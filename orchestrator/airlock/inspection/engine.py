"""The checks engine: one file to its end, then the files of a request together. The same engine everywhere.

Nothing here asks a server: the airlock's worker runs it within walls, ``tre airlock check`` runs it anywhere, and
researchers run it on what they are about to submit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from orchestrator.airlock.acro import check_bundle
from orchestrator.airlock.canonical import canonicalise
from orchestrator.airlock.checks import run
from orchestrator.airlock.checks.models import across as models_across
from orchestrator.airlock.checks.split_rows import across as rows_across
from orchestrator.airlock.ledger.facts import published
from orchestrator.airlock.ledger.ledger import attack
from orchestrator.airlock.ledger.numbers import numbers_of
from orchestrator.airlock.ledger.tables import PublishedTable, ReleasedTable
from orchestrator.airlock.ledger.words import stated_in_words
from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.ports import Derived, Inspection
from orchestrator.airlock.reading.specimen import Specimen
from orchestrator.airlock.sketches import spelling
from orchestrator.airlock.sketches.comparing import compare
from orchestrator.airlock.sketches.sketch import Sketch, open_sketch
from orchestrator.core.errors import Invalid
from orchestrator.core.events import Json

__all__ = ["Member", "Opened", "inspect_file", "inspect_together", "member_from_json", "of_derived", "opened"]

_T = TypeVar("_T")
_BY_PROGRAMS = frozenset({"ODD_ENCODING", "SCRIPT", "DATA_ATTRIBUTES"})
_SPELLED = frozenset({"ROW_OVERLAP", "ROWS_MAYBE"})
_LEAVES_AS_IT_IS = frozenset({"table", "text", "markdown", "code", "json"})
"""Plain words: what a person sees of them is all that there is, once their reading raised no finding."""


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


def inspect_file(file: Specimen, pack: Pack, sketches: Sequence[Opened] = ()) -> Inspection:
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


def inspect_together(
    files: Sequence[Member],
    *,
    released: Sequence[Json],
    pack: Pack,
    project: str = "",
    versions: frozenset[str] = frozenset(),
) -> list[tuple[Finding, ...]]:
    """Check the files of a request against each other and against released tables; one entry for each file.

    ``project`` and ``versions`` (of its datasets) say whose tables the new ones are.
    """
    whose = {"project": project, "versions": versions}
    found: list[list[Finding]] = [[] for _ in files]
    problems: list[Finding] = []
    answers = [
        *(_attempt("attack on released tables", lambda: _attacked(files, released, pack, whose), problems) or ()),
        *(_attempt("reading of claims", lambda: _described(files, pack), problems) or ()),
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
        problems.append(Finding.incomplete(f"The {what} could not finish ({type(error).__name__})."))
        return None


def _noted(finding: Finding) -> Finding:
    """Say of what the file no longer holds that it is gone. What people hid stays as grave as it was.

    Only what programs put into files by themselves becomes a note: nobody has to answer for it.
    """
    severity = Severity.NOTE if finding.rule in _BY_PROGRAMS else finding.severity
    return replace(finding, severity=severity, message=f"{finding.message} It was removed before review.")


def _compared(file: Specimen, sketches: Sequence[Opened]) -> list[Finding]:
    found = [
        finding
        for each in sketches
        for finding in ([each.problem] if each.sketch is None else _compared_with(file, each.sketch, each.key))
        if finding is not None
    ]
    if sketches and any(text.text.count("\n") >= spelling.LINES for text in file.texts):
        words = f"Rows that lines spell out were compared with the data in the first {spelling.LINES:,} lines only."
        found.append(Finding.incomplete(words))
    return found


def _compared_with(file: Specimen, sketch: Sketch, key: bytes) -> list[Finding]:
    """Compare tables and plots; then, unless they stay inside already, rows that stand in words, cells and lists."""
    found = compare(file.tables, file.points, sketch, key=key)
    if any(each.severity is Severity.BLOCK for each in found):
        return found
    spelled = compare(spelling.spelled_out(file.tables, file.texts), (), sketch, key=key)
    return found + [each for each in spelled if each.rule in _SPELLED and each not in found]


def _published(file: Specimen, pack: Pack) -> tuple[Json, ...]:
    numbers = numbers_of(pack)
    counted = [
        each for table in file.tables for each in published(table, file=file.name, numbers=numbers, where=table.where)
    ]
    said = [each for text in file.texts for each in stated_in_words(text.text, file=file.name, where=text.where)]
    return tuple(each.as_json() for each in (*counted, *said))


def _anew(file: Specimen, pack: Pack) -> _Anew:
    """Return what leaves in place of the file; nothing where it leaves as it is.

    Raises ``ValueError`` for a kind that must not leave as it is, where no clean copy could be made.
    """
    made = canonicalise(file, pack)
    if made is None and file.kind in pack.review_kinds and file.kind not in _LEAVES_AS_IT_IS:
        raise ValueError("no clean copy could be made")
    if made is None or [each.content for each in made.files] == [file.content]:
        return _Anew()
    files = tuple(Derived(name=each.name, content=each.content) for each in made.files)
    return _Anew(files=files, removed=frozenset(made.removed))


def _attacked(
    files: Sequence[Member], released: Sequence[Json], pack: Pack, whose: Mapping[str, Any]
) -> list[tuple[int, Finding]]:
    """Return what an outsider could compute once these tables are out too, each finding with its file."""
    new = [PublishedTable.from_json(cast("Any", table)) for file in files for table in file.tables]
    known = [ReleasedTable.from_json(cast("Any", each)) for each in released]
    place = {file.name: index for index, file in reversed(list(enumerate(files)))}
    seconds = pack.resources.wall_seconds / 2
    found = attack(new, known, numbers_of(pack, seconds=seconds), **whose) if new else []
    return [
        (
            place[each.file],
            Finding(
                rule=each.rule,
                severity=each.severity,
                where=each.where or "whole file",
                message=each.message,
                guidance=each.guidance,
            ),
        )
        for each in found
    ]


def _described(files: Sequence[Member], pack: Pack) -> list[tuple[int, Finding]]:
    """Return what files say of each other: claims of ACRO’s notes, models and rows written as several tables."""
    place = {file.name: index for index, file in reversed(list(enumerate(files)))}
    opened = {file.name: Specimen(file.descriptor, file.name) for file in files if file.descriptor is not None}
    rules = {file.name: file.rules for file in files}
    digests = {file.name: file.sha256 for file in files}
    found = (check_bundle(opened, rules, digests), models_across(opened, pack), rows_across(opened))
    return [(place[name], each) for part in found for name, findings in part.items() for each in findings]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A sketch of a dataset that results are compared with, or why it cannot be."""

    dataset: str
    sketch: Sketch | None
    key: bytes = b""
    problem: Finding | None = None


def opened(plain: Sequence[Mapping[str, Any]]) -> list[Opened]:
    """Open the sketches that a request names by their descriptors. One that cannot be opened is a finding."""
    return [_open(each) for each in plain]


def _open(plain: Mapping[str, Any]) -> Opened:
    dataset, why = str(plain["dataset"]), str(plain.get("problem", ""))
    key = bytes.fromhex(plain.get("key", ""))
    if not why:
        try:
            return Opened(dataset=dataset, sketch=open_sketch(int(plain["descriptor"]), key=key), key=key)
        except Invalid as error:
            why = error.message
    return Opened(dataset=dataset, sketch=None, problem=not_compared(dataset, why))


def not_compared(dataset: str, why: str) -> Finding:
    """Return the finding for results that were not compared with a dataset."""
    return Finding(
        rule="NOT_COMPARED",
        severity=Severity.FLAG,
        where="whole file",
        message=f"The file was not compared with “{dataset}”: {why}",
        guidance="Look for rows of individuals yourself, and have the sketch of this dataset made.",
    )


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
