"""The sentences of the ledger’s findings. Of another project’s release they say that it exists, and nothing it said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.reading.places import shown

from .attacker import Bounds
from .linking import IN
from .tables import ReleasedTable
from .universe import OUT

__all__ = ["LedgerFinding", "Speaker", "interval"]


@dataclass(frozen=True, kw_only=True)
class LedgerFinding:
    """One finding of the ledger. ``file`` is the new file it belongs to; ``releases`` are the earlier ones it needs."""

    rule: str
    severity: Severity
    file: str
    where: str
    message: str
    guidance: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    low: int | None = None
    high: int | None = None
    releases: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**plain, "severity": self.severity.value, "labels": [list(pair) for pair in self.labels]}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> LedgerFinding:
        """Build one from what ``as_json`` gave."""
        labels = tuple((str(axis), str(level)) for axis, level in plain["labels"])
        releases = tuple(str(each) for each in plain["releases"])
        return cls(**{**plain, "severity": Severity(plain["severity"]), "labels": labels, "releases": releases})

    def finding(self) -> Finding:
        """Return it as any check’s finding."""
        return Finding(
            rule=self.rule, severity=self.severity, where=self.where, message=self.message, guidance=self.guidance
        )


def interval(bounds: Bounds) -> str:
    """Return bounds in words: “exactly 3”, “4 to 6”, “at least 12”."""
    if bounds.low == bounds.high:
        return f"exactly {bounds.low:.0f}"
    return f"at least {bounds.low:.0f}" if bounds.high == float("inf") else f"{bounds.low:.0f} to {bounds.high:.0f}"


@dataclass(kw_only=True)
class Speaker:
    """Names cells and tables as far as the reader may know them. ``known`` are words of the reader’s own tables."""

    project: str
    known: set[tuple[str, str]] = field(default_factory=set)

    def cell(self, groups: Iterable[tuple[str, str]]) -> str:
        """Name a cell by its groups: “region south, sex female”; what only another project named stays unnamed."""
        named = [self._group(axis, level) for axis, level in groups]
        hidden = sum(each is None for each in named)
        words = [each for each in named if each]
        if hidden:
            words.append("a group that only another project’s release names" if hidden == 1 else
                         f"{hidden} groups that only another project’s release names")  # fmt: skip
        return ", ".join(words) or "everybody"

    def labels(self, groups: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """Return the groups that the reader may know."""
        return tuple((axis, level) for axis, level in groups if self._group(axis, level) is not None)

    def _group(self, axis: str, level: str) -> str | None:
        if (axis, level if level != OUT else IN) not in self.known:
            return None
        words = axis.removeprefix("population: ")
        if level == OUT:
            return f"everybody but “{shown(words)}”"
        if level == IN:
            return f"“{shown(words)}”"
        return f"“{shown(level)}”" if axis.startswith("groups of ") else f"{shown(axis)} “{shown(level)}”"

    def released(self, tables: Sequence[ReleasedTable]) -> str:
        """Name earlier releases: one’s own with the file, others by their number alone."""
        said = []
        for release in dict.fromkeys(each.release for each in tables):
            of_it = [each for each in tables if each.release == release]
            recalled = ", recalled since" if of_it[0].recalled else ""
            if of_it[0].project == self.project:
                files = ", ".join(f"“{shown(file)}”" for file in dict.fromkeys(each.table.file for each in of_it))
                said.append(f"an earlier release of this project ({release}, {files}{recalled})")
            else:
                said.append(f"an earlier release of another project on the same dataset ({release}{recalled})")
        return " and ".join(said)
