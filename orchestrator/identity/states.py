"""States of accounts, roles and terminals waiting for sign-on, with who moves them and who is waited for."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = [
    "HOLDING_STATES",
    "PAIRING_STATES",
    "PERSON_STATES",
    "PROPOSAL_DAYS",
    "HoldingState",
    "PairingState",
    "PersonState",
]

PROPOSAL_DAYS = 14
"""How long a proposal waits for its second person before it can no longer be confirmed."""


class PersonState(StrEnum):
    """Whether a person may do anything at all."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    RESUMING = "resuming"


PERSON_STATES = StateTable(
    noun="account",
    start=PersonState.ACTIVE,
    steps=(
        Step(action="suspend", source=PersonState.ACTIVE, target=PersonState.SUSPENDED, by="operator"),
        Step(action="resume", source=PersonState.SUSPENDED, target=PersonState.RESUMING, by="operator"),
        Step(action="confirm resuming", source=PersonState.RESUMING, target=PersonState.ACTIVE, by="another operator"),
        Step(action="resume", source=PersonState.RESUMING, target=PersonState.RESUMING, by="operator"),
        Step(action="suspend", source=PersonState.RESUMING, target=PersonState.SUSPENDED, by="operator"),
    ),
    waiting={
        PersonState.RESUMING: Waiting(
            owner="another operator", days=PROPOSAL_DAYS, then="the proposal lapses and the account stays suspended"
        ),
    },
    lasting={
        PersonState.ACTIVE: "an operator suspends it",
        PersonState.SUSPENDED: "two operators resume it",
    },
)
"""Stopping takes one operator and is immediate; starting again takes two."""


class HoldingState(StrEnum):
    """How far a role has come. It counts while held or ending, and before its end date."""

    PROPOSED = "proposed"
    WITHDRAWN = "withdrawn"
    HELD = "held"
    ENDING = "ending"
    ENDED = "ended"


HOLDING_STATES = StateTable(
    noun="role",
    start=HoldingState.PROPOSED,
    steps=(
        Step(action="confirm", source=HoldingState.PROPOSED, target=HoldingState.HELD, by="another operator"),
        Step(action="withdraw", source=HoldingState.PROPOSED, target=HoldingState.WITHDRAWN, by="operator"),
        Step(action="end", source=HoldingState.HELD, target=HoldingState.ENDING, by="operator"),
        Step(action="end", source=HoldingState.ENDING, target=HoldingState.ENDING, by="operator"),
        Step(action="confirm ending", source=HoldingState.ENDING, target=HoldingState.ENDED, by="another operator"),
        Step(action="withdraw", source=HoldingState.ENDING, target=HoldingState.HELD, by="operator"),
    ),
    waiting={
        HoldingState.PROPOSED: Waiting(
            owner="another operator", days=PROPOSAL_DAYS, then="the proposal lapses and the role is not given"
        ),
        HoldingState.ENDING: Waiting(
            owner="another operator",
            days=PROPOSAL_DAYS,
            then="the proposal lapses and the role goes on to its end date",
        ),
    },
    lasting={HoldingState.HELD: "its end date comes, or two operators end it"},
)
"""A role is given by two people and ended by two people."""


class PairingState(StrEnum):
    """How far the sign-on of a terminal has come."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    COLLECTED = "collected"


PAIRING_STATES = StateTable(
    noun="terminal",
    start=PairingState.WAITING,
    steps=(
        Step(action="confirm", source=PairingState.WAITING, target=PairingState.CONFIRMED, by="person"),
        Step(action="collect", source=PairingState.CONFIRMED, target=PairingState.COLLECTED, by="terminal"),
    ),
    lasting={
        PairingState.WAITING: "ten minutes pass",
        PairingState.CONFIRMED: "ten minutes pass",
    },
)
"""One terminal, one code, one use, ten minutes."""
