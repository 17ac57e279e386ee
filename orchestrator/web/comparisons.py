"""A file beside the same file as it was reviewed or released before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from orchestrator.airlock.bench.alike import changed_lines
from orchestrator.airlock.bench.contents import Content, Contents
from orchestrator.airlock.bench.differences import Difference, compare
from orchestrator.airlock.bench.texts import visible
from orchestrator.airlock.cases.model import Earlier
from orchestrator.airlock.model import File, Submission

from .looking import Asked
from .visits import Visit

__all__ = ["Comparison", "Version", "compared"]


@dataclass(frozen=True, kw_only=True)
class Version:
    """One earlier version, and the address that compares with it."""

    title: str
    round: int
    at: datetime
    released: bool
    same: bool
    chosen: bool
    to: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What there is to compare with, and what differs from the chosen version."""

    versions: tuple[Version, ...]
    table: Difference | None = None
    lines: tuple[tuple[str, int, str], ...] | None = None
    problem: str = ""


def compared(
    request: Request,
    visit: Visit,
    *,
    submission: Submission,
    file: File,
    content: Content,
    asked: Asked,
    threshold: int,
) -> Comparison:
    """Compare a file with the version the address names, or with the last one; the last released one comes first."""
    every = visit.house.airlock.earlier(visit.actor, submission.submission_id, file.file_id)
    found = _last_of_each(every)
    if not found:
        return Comparison(versions=())
    chosen = next((each for each in found if each.file.file_id == asked.against), found[0])
    versions = tuple(
        Version(
            title=each.submission.title,
            round=each.submission.round,
            at=each.at,
            released=each.released,
            same=each.sha256 == file.sha256,
            chosen=each is chosen,
            to=asked.to(against=each.file.file_id),
        )
        for each in found
    )
    opened = visit.house.airlock.open_earlier(visit.actor, submission.submission_id, file.file_id, chosen.file.file_id)
    contents: Contents = request.app.state.contents
    before = contents.of(opened.path, opened.file.kind, opened.file.sha256)
    if before.sheet is not None and content.sheet is not None:
        return Comparison(versions=versions, table=compare(before.sheet, content.sheet, threshold=threshold))
    if before.lines and content.lines:
        lines = changed_lines(before.lines, content.lines)
        return Comparison(versions=versions, lines=tuple((how, number, visible(text)) for how, number, text in lines))
    return Comparison(versions=versions, problem="Files of this kind cannot be compared here; look at both.")


def _last_of_each(every: list[Earlier]) -> list[Earlier]:
    """Leave the version that was released last, the one that was reviewed last, and what else there was before."""
    released = [each for each in every if each.released][:1]
    return released + [each for each in every if each not in released][:9]
