"""Where standard conditions and departures stand, with who moves them and who is waited for."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = ["CONDITIONS_STATES", "DEPARTURE_STATES", "ConditionsState", "DepartureState"]


class ConditionsState(StrEnum):
    """Whether a version of the standard conditions binds."""

    PROPOSED = "proposed"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


CONDITIONS_STATES = StateTable(
    noun="version of the standard conditions",
    start=ConditionsState.PROPOSED,
    steps=(
        Step(
            action="publish",
            source=ConditionsState.PROPOSED,
            target=ConditionsState.PUBLISHED,
            by="another operator",
        ),
        Step(action="withdraw", source=ConditionsState.PROPOSED, target=ConditionsState.WITHDRAWN, by="operator"),
    ),
    waiting={
        ConditionsState.PROPOSED: Waiting(owner="another operator", days=28, then="it stays proposed and binds nobody"),
    },
)


class DepartureState(StrEnum):
    """How far a custodian's leaving has come."""

    ANNOUNCED = "announced"
    CONFIRMED = "confirmed"
    LEFT = "left"
    WITHDRAWN = "withdrawn"


DEPARTURE_STATES = StateTable(
    noun="departure",
    start=DepartureState.ANNOUNCED,
    steps=(
        Step(
            action="confirm",
            source=DepartureState.ANNOUNCED,
            target=DepartureState.CONFIRMED,
            by="another officer or an operator",
        ),
        Step(action="withdraw", source=DepartureState.ANNOUNCED, target=DepartureState.WITHDRAWN, by="custodian"),
        Step(action="withdraw", source=DepartureState.CONFIRMED, target=DepartureState.WITHDRAWN, by="custodian"),
        Step(action="leave", source=DepartureState.CONFIRMED, target=DepartureState.LEFT, by="controller"),
    ),
    waiting={
        DepartureState.ANNOUNCED: Waiting(
            owner="another officer or an operator", days=14, then="it stays announced, and nothing ends"
        ),
    },
    lasting={DepartureState.CONFIRMED: "the custodian's last day"},
)
