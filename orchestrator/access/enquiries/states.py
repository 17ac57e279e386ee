"""Where an enquiry stands, who moves it, and who is waited for."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.core.states import StateTable, Step, Waiting

__all__ = ["ENQUIRY_STATES", "OFFER_STATES", "EnquiryState", "OfferState"]


class EnquiryState(StrEnum):
    """How far a question has come."""

    WAITING = "waiting"
    ANSWERED = "answered"
    APPLIED = "applied"
    ARRANGED = "arranged"
    CLOSED = "closed"
    LAPSED = "lapsed"


class OfferState(StrEnum):
    """Whether a service of the hub can be asked for."""

    OFFERED = "offered"
    WITHDRAWN = "withdrawn"


_W, _A = EnquiryState.WAITING, EnquiryState.ANSWERED

ENQUIRY_STATES = StateTable(
    noun="enquiry",
    start=EnquiryState.WAITING,
    steps=(
        Step(action="take", source=_W, target=_W, by="concierge"),
        Step(action="take", source=_A, target=_A, by="concierge"),
        Step(action="answer", source=_W, target=_A, by="concierge"),
        Step(action="answer", source=_A, target=_A, by="concierge"),
        Step(action="ask again", source=_W, target=_W, by="enquirer"),
        Step(action="ask again", source=_A, target=_W, by="enquirer"),
        Step(action="apply", source=_W, target=EnquiryState.APPLIED, by="enquirer"),
        Step(action="apply", source=_A, target=EnquiryState.APPLIED, by="enquirer"),
        Step(action="arrange", source=_W, target=EnquiryState.ARRANGED, by="concierge"),
        Step(action="arrange", source=_A, target=EnquiryState.ARRANGED, by="concierge"),
        Step(action="close", source=_W, target=EnquiryState.CLOSED, by="enquirer or concierge"),
        Step(action="close", source=_A, target=EnquiryState.CLOSED, by="enquirer or concierge"),
        Step(action="lapse", source=_A, target=EnquiryState.LAPSED, by="controller"),
    ),
    waiting={
        EnquiryState.WAITING: Waiting(
            owner="concierge", days=2, working=True, then="the concierges and the operators are told"
        ),
        EnquiryState.ANSWERED: Waiting(owner="enquirer", days=60, then="it lapses"),
    },
)

OFFER_STATES = StateTable(
    noun="offer",
    start=OfferState.OFFERED,
    steps=(Step(action="withdraw", source=OfferState.OFFERED, target=OfferState.WITHDRAWN, by="operator"),),
    lasting={OfferState.OFFERED: "an operator withdraws it"},
)
