"""What share of disclosive requests the engine stops, and what share of harmless ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import sqrt

from orchestrator.airlock.model import Finding, Severity

from .held_back.case import Case

__all__ = ["FAMILY", "Score", "Verdict", "family", "judge", "score", "wilson"]

RULES = {
    "small-count": """SMALL_COUNT SMALL_TOTAL SMALL_GROUP_STATISTIC WEAK_MASK MIDPOINT_COUNT SURVIVAL_AT_RISK
        SURVIVAL_STEPS SURVIVAL_SINGLE_EVENT HISTOGRAM_TAIL""",
    "class-disclosure": "ZERO_COUNT ALL_OF_GROUP NONE_OF_GROUP ALL_SAME_VALUES",
    "rounding": "NOT_ROUNDED ROUNDING_MIXED ROUNDING_CLAIM_NOT_KEPT UNROUNDED_SHARES TOTALS_DO_NOT_ADD",
    "suppression-undone": """SUPPRESSION_UNDONE SHARE_GIVES_COUNT TOTALS_OF_SHOWN LEDGER_CELL_PINNED
        LEDGER_CELL_NARROWED""",
    "differencing": "LEDGER_DIFFERENCE LEDGER_CELL_PINNED LEDGER_CELL_NARROWED",
    "extreme": "EXTREME_VALUE FEW_BEHIND_PERCENTILE PERCENTILE_WITHOUT_N HISTOGRAM_TAIL",
    "dominance": "DOMINANCE P_RATIO",
    "dof": """LOW_DEGREES SATURATED_MODEL ONE_PERSON_TERM PERSON_TERMS FEW_BEHIND_TERM MANY_PARAMETERS SEPARATED_TERM
        INDICATOR_WITHOUT_N""",
    "row-level": """ROW_OVERLAP ROWS_MAYBE COLUMN_DUMP MANY_ROWS PLOTTED_POINTS PLOTTED_POINTS_MATCH PLOTTED_LINE
        DATA_IN_CODE PERSON_COLUMN SPLIT_ROWS""",
    "identifier": """NHS_NUMBER CHI_NUMBER HC_NUMBER POSTCODE DATE_OF_BIRTH BIRTH_COLUMN PERSON_NAME EMAIL PHONE_NUMBER
        INSURANCE_NUMBER PERSON_COLUMN DATE_COLUMN""",
    "file-type": """KIND_NOT_ALLOWED NAME_MISLEADS MODEL_FILE DATA_FILE PICKLE ARCHIVE_CONTENT HELD_KIND POLYGLOT
        ENCRYPTED MACROS ARCHIVE_BOMB ARCHIVE_PATHS NESTED_ARCHIVE OVERLAPPING_ARCHIVE""",
    "hidden-content": """PLOTTED_POINTS PLOTTED_LINE DATA_IN_CODE NAME_MISLEADS ARCHIVE_CONTENT POLYGLOT ENCRYPTED
        MACROS ARCHIVE_BOMB ARCHIVE_PATHS NESTED_ARCHIVE OVERLAPPING_ARCHIVE""",
    "formula": "FORMULA WORKBOOK_FORMULAS",
    "general": "LEDGER_INCOMPLETE NOT_COMPARED RAGGED_ROWS REPEATED_HEADINGS EMPTY_FILE TOO_LARGE",
}
"""Rules by what they are evidence of; every other rule tells of content that a reader does not see.

“General” asks for a look without saying what is wrong: on a harmless request a false alarm, elsewhere never a hit.
"""
FAMILY: dict[str, frozenset[str]] = {}
for _family, _rules in RULES.items():
    for _rule in _rules.split():
        FAMILY[_rule] = FAMILY.get(_rule, frozenset()) | {_family}
REMOVED = "It was removed before review."
"""How the engine ends the note on what it took out when it made a file anew."""


def family(rule: str) -> frozenset[str]:
    """Return what a rule is evidence of."""
    return FAMILY.get(rule, frozenset({"hidden-content"}))


def wilson(hits: int, cases: int) -> tuple[float, float]:
    """Return the 95 % interval of a share by Wilson (1927); the whole range where there are no cases."""
    if not cases:
        return 0.0, 1.0
    z, share = 1.959964, hits / cases
    middle = (share + z * z / (2 * cases)) / (1 + z * z / cases)
    half = z / (1 + z * z / cases) * sqrt(share * (1 - share) / cases + z * z / (4 * cases * cases))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the engine said of one case."""

    case: Case
    stopping: frozenset[str]
    """Rules that flag or block."""
    removed: frozenset[str] = frozenset()
    """Rules on what was taken out of the file before review."""
    noted: frozenset[str] = frozenset()

    @property
    def families(self) -> frozenset[str]:
        """Return everything that was found, what was removed included."""
        return frozenset().union(*(family(rule) for rule in self.stopping | self.removed))

    @property
    def hit(self) -> bool:
        """Say whether what is wrong was found for what it is."""
        return bool(self.families & self.case.expected)

    @property
    def alarms(self) -> frozenset[str]:
        """Return the rules that stop the case and are true of it in no way."""
        right = self.case.expected | self.case.acceptable
        return frozenset(rule for rule in self.stopping if not family(rule) & right)


def judge(case: Case, findings: Iterable[Finding]) -> Verdict:
    """Return the verdict that these findings amount to."""
    listed = list(findings)
    notes = [finding for finding in listed if finding.severity is Severity.NOTE]
    removed = frozenset(finding.rule for finding in notes if finding.message.endswith(REMOVED))
    return Verdict(
        case=case,
        stopping=frozenset(finding.rule for finding in listed if finding.severity is not Severity.NOTE),
        removed=removed,
        noted=frozenset(finding.rule for finding in notes) - removed,
    )


@dataclass(kw_only=True)
class Score:
    """All verdicts of one part of the corpus."""

    verdicts: list[Verdict] = field(default_factory=list)

    def of(self, wanted: str) -> list[Verdict]:
        """Return the cases in which a family is to be found."""
        return [each for each in self.verdicts if wanted in each.case.expected]

    @property
    def wrong(self) -> list[Verdict]:
        return [each for each in self.verdicts if not each.case.clean]

    @property
    def clean(self) -> list[Verdict]:
        return [each for each in self.verdicts if each.case.clean]

    def rules(self) -> dict[str, tuple[int, int, int]]:
        """Return for each rule: cases it is right about, other disclosive cases, harmless cases it stops."""
        right, beside, alarm = Counter[str](), Counter[str](), Counter[str]()
        for each in self.verdicts:
            for rule in each.stopping | each.removed:
                true = family(rule) & (each.case.expected | each.case.acceptable)
                if true:
                    right[rule] += 1
                elif rule in each.stopping:
                    (alarm if each.case.clean else beside)[rule] += 1
        return {rule: (right[rule], beside[rule], alarm[rule]) for rule in sorted({*right, *beside, *alarm})}


def score(cases: Iterable[Case], look: Callable[[Case], Sequence[Finding]]) -> Score:
    """Let the engine look at every case."""
    return Score(verdicts=[judge(case, look(case)) for case in cases])
