"""Where a case of accreditation stands, who moves it, and who is waited for."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = ["CASE_STATES", "CaseState"]


class CaseState(StrEnum):
    """How far an accreditation has come."""

    GATHERING = "gathering"
    ASSESSING = "assessing"
    RECOMMENDED = "recommended"
    ACCREDITED = "accredited"
    SUSPENDED = "suspended"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    ENDED = "ended"


_S = CaseState

CASE_STATES = StateTable(
    noun="accreditation",
    start=_S.GATHERING,
    steps=(
        Step(action="submit", source=_S.GATHERING, target=_S.ASSESSING, by="candidate"),
        Step(action="withdraw", source=_S.GATHERING, target=_S.WITHDRAWN, by="candidate"),
        Step(action="withdraw", source=_S.ASSESSING, target=_S.WITHDRAWN, by="candidate"),
        Step(action="return", source=_S.ASSESSING, target=_S.GATHERING, by="operator"),
        Step(action="recommend", source=_S.ASSESSING, target=_S.RECOMMENDED, by="operator"),
        Step(action="refuse", source=_S.ASSESSING, target=_S.REFUSED, by="operator"),
        Step(action="confirm", source=_S.RECOMMENDED, target=_S.ACCREDITED, by="another operator"),
        Step(action="return", source=_S.RECOMMENDED, target=_S.GATHERING, by="another operator"),
        Step(action="suspend", source=_S.ACCREDITED, target=_S.SUSPENDED, by="operator"),
        Step(action="recommend", source=_S.SUSPENDED, target=_S.RECOMMENDED, by="operator"),
        Step(action="end", source=_S.ACCREDITED, target=_S.ENDED, by="operator"),
        Step(action="end", source=_S.SUSPENDED, target=_S.ENDED, by="operator"),
        Step(action="lapse", source=_S.ACCREDITED, target=_S.LAPSED, by="controller"),
    ),
    waiting={
        _S.GATHERING: Waiting(owner="candidate", days=90, then="the candidate and the operators are told"),
        _S.ASSESSING: Waiting(owner="operator", days=28, then="the operators are told"),
        _S.RECOMMENDED: Waiting(owner="another operator", days=14, then="the operators are told"),
        _S.SUSPENDED: Waiting(owner="operator", days=28, then="the operators are told"),
    },
    lasting={_S.ACCREDITED: "its end date comes, or an operator suspends or ends it"},
)
"""Stopping takes one operator and is immediate; accrediting, and letting go on, takes two."""
