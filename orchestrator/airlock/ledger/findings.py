"""Gathers what the attack found and says it, each cell by itself as long as there are not too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from orchestrator.airlock.model import Severity
from orchestrator.airlock.reading.places import shown

from .differencing import Difference
from .inference import Hidden
from .linking import Member
from .numbers import Numbers
from .sources import Explanation
from .tables import PublishedTable, ReleasedTable
from .verdicts import Verdict
from .wording import LedgerFinding, Speaker, interval

__all__ = ["Findings"]

_NAMED = 50
"""Findings of one rule that are told one by one; the rest are counted."""
_CELLS = 8
_ORDER = {Severity.BLOCK: 0, Severity.FLAG: 1, Severity.NOTE: 2}
_MASK_MORE = "Mask a second cell in its row and column, merge groups, or leave out the total that gives it back."
_DIFFER = "Publish one of the two only, or make both from exactly the same people; ask why the populations differ."


class Findings:
    """Findings about new tables, among tables released before."""

    def __init__(self, new: Sequence[PublishedTable], released: Sequence[ReleasedTable], speaker: Speaker) -> None:
        self.new, self._released, self._speaker = new, released, speaker
        self._found: list[LedgerFinding] = []

    @property
    def releases(self) -> list[str]:
        """The release of every table by its number; new ones have none."""
        return ["" for _ in self.new] + [each.release for each in self._released]

    def sorted(self) -> list[LedgerFinding]:
        """Return the worst first; of one rule and severity no more than a page."""
        kept: list[LedgerFinding] = []
        counts: Counter[tuple[str, Severity]] = Counter()
        last: dict[tuple[str, Severity], LedgerFinding] = {}
        for each in sorted(self._found, key=lambda one: _ORDER[one.severity]):
            counts[each.rule, each.severity] += 1
            if counts[each.rule, each.severity] <= _NAMED:
                kept.append(each)
            last[each.rule, each.severity] = each
        for key, each in last.items():
            if counts[key] > _NAMED:
                more = f"{counts[key] - _NAMED} more findings like the {_NAMED} above."
                kept.append(
                    LedgerFinding(rule=each.rule, severity=each.severity, file=each.file, where="", message=more)
                )
        return kept

    def cell(self, found: Explanation, numbers: Numbers) -> None:
        """Tell of one cell that is pinned or narrowed."""
        hidden, bounds = found.hidden, found.bounds
        pinned = found.verdict is Verdict.PINNED
        known = found.before.low >= bounds.low and found.before.high <= bounds.high
        severity = Severity.BLOCK if pinned and bounds.low < numbers.threshold else Severity.FLAG
        own = self.new[hidden.table] if hidden.new and hidden.table is not None else self._first(found.tables)
        earlier = self._earlier(found.tables)
        self._found.append(
            LedgerFinding(
                rule="LEDGER_CELL_PINNED" if pinned else "LEDGER_CELL_NARROWED",
                severity=Severity.NOTE if known else severity,
                file=own.file,
                where=self._where(own, hidden),
                message=self._said(found, own, known=known, threshold=numbers.threshold),
                guidance=_MASK_MORE,
                labels=self._speaker.labels(hidden.groups),
                low=int(bounds.low),
                high=int(bounds.high),
                releases=tuple(dict.fromkeys(each.release for each in earlier)),
            )
        )

    def _said(self, found: Explanation, own: PublishedTable, *, known: bool, threshold: int) -> str:
        cell = self._speaker.cell(found.hidden.groups)
        number = interval(found.bounds)
        if known:
            return f"What is masked here is known outside already: {cell} is {number}."
        what = "The hidden count of" if found.hidden.fact is not None else "The count, published nowhere, of"
        if found.hidden.fact is not None and not found.hidden.new:
            what = "The count that an earlier release hides of"
        below = f", below {threshold}" if found.bounds.high < threshold else ""
        told = self._earlier(found.tables) and found.before.high < float("inf")
        before = f" (before: {interval(found.before)})" if told else ""
        return f"{what} {cell} is {number}{below}{before}: {self._from(found.tables, own)}."

    def _from(self, tables: Sequence[int], own: PublishedTable) -> str:
        others = [self.new[at] for at in tables if at < len(self.new) and self.new[at] is not own]
        files = list(dict.fromkeys(f"“{shown(each.place)}”" for each in others))
        beside = f" with {', '.join(files[:_CELLS])} of the same request" if files else ""
        earlier = self._earlier(tables)
        if earlier:
            return f"this table{beside} and {self._speaker.released(earlier)} give it together"
        return f"this table together{beside} gives it" if beside else "the totals of this table give it back"

    def _earlier(self, tables: Sequence[int]) -> list[ReleasedTable]:
        return [self._released[at - len(self.new)] for at in tables if at >= len(self.new)]

    def _first(self, tables: Sequence[int]) -> PublishedTable:
        return next((self.new[at] for at in tables if at < len(self.new)), self.new[0])

    def _where(self, table: PublishedTable, hidden: Hidden) -> str:
        place = hidden.fact.place if hidden.new and hidden.fact is not None else ""
        return ", ".join(each for each in (table.where, place) if each)

    def difference(self, found: Difference, *, severity: Severity) -> None:
        """Tell of two tables that differ by a few people."""
        own = self.new[found.first]
        other = self._released[found.second - len(self.new)] if found.second >= len(self.new) else None
        beside = (
            self._speaker.released([other]) if other else f"“{shown(self.new[found.second].place)}” of this request"
        )
        cells = [
            f"{self._speaker.cell(sorted(cell))} by {abs(mine.low - theirs.low)} ({mine.place})"
            for cell, mine, theirs in found.cells[:_CELLS]
        ]
        more = f" and {len(found.cells) - _CELLS} more" if len(found.cells) > _CELLS else ""
        why = (
            "" if found.same_versions else " The data are of different versions, so people may have been added between."
        )
        least = min(abs(mine.low - theirs.low) for _, mine, theirs in found.cells)
        most = max(abs(mine.low - theirs.low) for _, mine, theirs in found.cells)
        self._found.append(
            LedgerFinding(
                rule="LEDGER_DIFFERENCE",
                severity=severity,
                file=own.file,
                where=", ".join(each for each in (own.where, found.cells[0][1].place) if each),
                message=f"This table and {beside} differ by a few people: {'; '.join(cells)}{more}. "
                f"The difference is a count of exactly those few.{why}",
                guidance=_DIFFER,
                labels=self._speaker.labels(sorted(found.cells[0][0])),
                low=least,
                high=most,
                releases=() if other is None else (other.release,),
            )
        )

    def unsettled(self, hidden: Sequence[Hidden], seconds: float) -> None:
        """Name cells whose bounds were not computed in time."""
        cells = "; ".join(self._speaker.cell(each.groups) for each in hidden[:_CELLS])
        more = f" and {len(hidden) - _CELLS} more" if len(hidden) > _CELLS else ""
        self.incomplete(f"Within {seconds:.0f} seconds it could not be computed what is known of {cells}{more}.")

    def left_out(self, member: Member) -> None:
        """Name a table that was not used because it contradicts the others."""
        if member.new:
            said = f"“{shown(member.table.place)}” contradicts the other tables, so nothing was computed from it."
            self.incomplete(said, member.table)
        else:
            earlier = self._speaker.released([self._released[member.number - len(self.new)]])
            self.beyond(f"{earlier} contradicts these tables and was not used")

    def incomplete(self, message: str, table: PublishedTable | None = None) -> None:
        """Say what could not be checked: a person must."""
        own = table or self.new[0]
        guidance = "Compare these tables with each other and with earlier releases by hand, or submit fewer at once."
        self._found.append(
            LedgerFinding(
                rule="LEDGER_INCOMPLETE",
                severity=Severity.FLAG,
                file=own.file,
                where=own.where,
                message=message,
                guidance=guidance,
            )
        )

    def beyond(self, reason: str) -> None:
        """Note where the attack ends by its design."""
        own = self.new[0]
        message = f"Not everything that could be computed was: {reason}."
        self._found.append(
            LedgerFinding(
                rule="LEDGER_INCOMPLETE", severity=Severity.NOTE, file=own.file, where=own.where, message=message
            )
        )
