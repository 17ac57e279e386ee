"""The whole way from a price to a credit, on SQLite and on a real PostgreSQL; what several processes do at once."""

from __future__ import annotations

import threading
from pathlib import Path

from orchestrator.audit.record import Record
from orchestrator.billing.documents import Invoice
from orchestrator.billing.service import BillingService
from orchestrator.core.clock import FixedClock
from orchestrator.core.errors import NotPossible
from orchestrator.core.money import Money
from orchestrator.policy.service import Policy

from .world import World


def test_the_whole_way_on_each_kind_of_database(
    record_everywhere: Record, policy: Policy, clock: FixedClock, tmp_path: Path
) -> None:
    world = World(record_everywhere, policy, clock, tmp_path)
    text = {"amount: 600": 'amount: "900000000"'}
    world.publish("a", **text)
    project = world.approved(a=True)
    world.at("2026-12-03")
    world.billing.set_budget(world.actor("lead"), project.application_id, Money.of("950000000"))
    order = world.ordered(project.application_id).order_id
    world.use(project.project_id, "2026-12", checks=30, user_months=1)
    world.at("2027-01-02")
    officer = world.actor("officer_a")
    once = world.billing.invoice_order(officer, order)
    month = world.billing.invoice_month(officer, order, "2026-12")
    assert (once.gross, month.gross) == (Money.of("900000400"), Money.of("205"))
    credit = world.billing.credit(officer, once.invoice_id, reason="Far too much.")
    assert [each.label for each in (once, month, credit)] == ["INV-000001", "INV-000002", "CRN-000001"]
    spending = world.billing.spending(world.actor("lead"), project.application_id)
    assert spending.spent == Money.of("205")
    [quote] = world.billing.quotes(world.actor("lead"))
    check = world.billing.check_quote(world.actor("lead"), quote.quote_id)
    assert (check.hash_agrees, check.amounts_agree) == (True, True)


def test_of_many_who_invoice_the_same_at_once_one_does_and_no_number_is_lost(
    world: World, policy: Policy, clock: FixedClock
) -> None:
    project = world.approved(a=True)
    world.at("2026-12-03")
    order = world.ordered(project.application_id).order_id
    officer = world.actor("officer_a")
    made: list[Invoice] = []
    refused: list[str] = []
    together = threading.Barrier(4)

    def issue() -> None:
        billing = BillingService(record=Record(world.record.engine, clock), policy=policy, meter=world.meter)
        together.wait()
        try:
            made.append(billing.invoice_order(officer, order))
        except NotPossible as error:
            refused.append(error.message)

    threads = [threading.Thread(target=issue) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.number for each in made] == [1]
    assert len(refused) == 3
    assert all("INV-000001" in message for message in refused)
