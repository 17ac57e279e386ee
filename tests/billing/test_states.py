"""The tables of states: every state is reached, every waiting one has an owner, nothing leaves an end."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.billing.states import INVOICE_STATES, ORDER_STATES, QUOTE_STATES, QuoteState
from orchestrator.core.errors import NotPossible
from orchestrator.core.states import StateTable

TABLES: list[StateTable[Any]] = [QUOTE_STATES, ORDER_STATES, INVOICE_STATES]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.noun)
def test_every_state_is_reached_and_waits_for_somebody_lasts_or_is_an_end(table: StateTable[Any]) -> None:
    reached = {table.start} | {step.target for step in table.steps}
    assert reached == set(table.states())
    for state in table.states():
        assert sum((state in table.waiting, state in table.lasting, state in table.final())) == 1
    assert all(waiting.owner and waiting.then for waiting in table.waiting.values())


def test_who_asks_never_offers_and_who_offers_never_accepts() -> None:
    by = {(step.action, step.by) for step in QUOTE_STATES.steps}
    assert {name for action, name in by if action in ("offer", "withdraw")} == {"issuer"}
    assert {name for action, name in by if action in ("accept", "decline")} == {"customer"}
    with pytest.raises(NotPossible, match="must be offered"):
        QUOTE_STATES.after(QuoteState.ASKED, "accept")
