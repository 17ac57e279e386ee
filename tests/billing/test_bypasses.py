"""Ways round a price or a budget, each tried."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.access.model import Answers
from orchestrator.billing.grammar import read_list
from orchestrator.billing.metering import metered_request
from orchestrator.billing.model import INFRASTRUCTURE, Billed
from orchestrator.billing.pricing import price
from orchestrator.billing.request import Usage
from orchestrator.core.errors import NotPossible
from orchestrator.core.money import Money

from .conftest import asked
from .test_invoices import at_start
from .world import ACADEMIC, World


@pytest.mark.parametrize(
    "rewritten",
    [
        lambda world: (world.answers(end=world.day(400)), ["a"]),
        lambda world: (world.answers(organisation="Another University"), ["a"]),
        lambda world: (world.answers(), ["a", "more"]),
    ],
    ids=["a longer time", "another organisation", "more data"],
)
def test_a_draft_that_was_rewritten_is_not_ordered_at_its_earlier_price(
    world: World, rewritten: Callable[[World], tuple[Answers, list[str]]]
) -> None:
    lead, datasets = world.actor("lead"), {"a": world.datasets["a"], "more": world.dataset("more", custodian="a")}
    draft = world.access.draft(lead, world.answers(), [datasets["a"]]).application_id
    quote = world.offered(draft).quote_id
    with pytest.raises(NotPossible, match="Submit the application first"):
        world.billing.accept_quote(lead, quote, bill_to="Finance")
    answers, names = rewritten(world)
    world.access.redraft(lead, draft, answers, [datasets[name] for name in names])
    world.access.submit(lead, draft)
    with pytest.raises(NotPossible, match="has changed since this was quoted"):
        world.billing.accept_quote(lead, quote, bill_to="Finance")
    world.billing.decline_quote(lead, quote)
    assert world.ordered(draft).application_id == draft


def test_an_amendment_that_is_never_approved_does_not_end_the_metering(world: World) -> None:
    project, first = at_start(world)
    lead, officer = world.actor("lead"), world.actor("officer_a")
    amendment = world.access.amend(lead, project, world.access.answers_of(lead, project)).application_id
    world.access.submit(lead, amendment)
    second = world.ordered(amendment).order_id
    world.access.withdraw_application(lead, amendment)
    world.use(project, "2026-12", user_months=1)
    world.use(project, "2027-01", user_months=1)
    world.at("2027-02-01")
    for order, month in ((first, "2026-12"), (second, "2027-01")):
        assert world.billing.invoice_month(officer, order, month).gross == Money.of("25")


def test_a_budget_in_another_currency_is_refused_before_it_can_stop_the_judging_of_a_project(world: World) -> None:
    world.access.stops.append(world.billing.stops)
    project, _ = at_start(world)
    application, lead = world.access.project_record(project).application_id, world.actor("lead")
    world.use(project, "2026-12", user_months=1)
    with pytest.raises(NotPossible, match="in EUR and what was ordered for the project in GBP"):
        world.billing.set_budget(lead, application, Money(10**6, "EUR"))
    assert world.access.standing(project).reasons == ()


def test_a_project_pays_in_one_currency(world: World) -> None:
    world.publish("b", **{"currency: GBP": "currency: EUR"})
    application, lead = world.submitted().application_id, world.actor("lead")
    world.billing.set_budget(lead, application, Money.of("5000"))
    with pytest.raises(NotPossible, match="in EUR and the project’s budget in GBP"):
        world.asked(application, "b")
    world.billing.set_budget(lead, application, Money(500_000, "EUR"))
    with pytest.raises(NotPossible, match="in GBP and the project’s budget in EUR"):
        world.asked(application, INFRASTRUCTURE)
    world.ordered(application, "b")
    assert world.billing.spending(lead, application).ordered.currency == "EUR"


def test_two_quotes_in_two_currencies_do_not_become_orders_of_one_project(world: World) -> None:
    world.publish("b", **{"currency: GBP": "currency: EUR"})
    application, lead = world.submitted().application_id, world.actor("lead")
    quotes = [world.offered(application, name).quote_id for name in ("a", "b")]
    world.billing.accept_quote(lead, quotes[1], bill_to="Finance")
    assert world.billing.spending(lead, application).ordered == Money(100_000, "EUR")
    with pytest.raises(NotPossible, match="in GBP and what was ordered for the project in EUR"):
        world.billing.accept_quote(lead, quotes[0], bill_to="Finance")


def test_a_subscription_whose_order_is_closed_lowers_nothing(world: World) -> None:
    second, operator = world.actor("operator2"), world.actor("operator")
    quote = world.billing.ask_subscription(
        second,
        "University of Nowhere",
        organisation_id="ods:RRK",
        start=world.day(0),
        last=world.day(300),
        answers=ACADEMIC,
    )
    world.billing.offer_quote(operator, quote.quote_id)
    order = world.billing.accept_quote(second, quote.quote_id, bill_to="Finance")
    world.billing.close_order(operator, order.order_id)
    application = world.submitted().application_id
    found = world.billing.ask_quote(
        world.actor("lead"), application, INFRASTRUCTURE, answers=ACADEMIC, organisation_id="ods:RRK"
    )
    assert found.document["request"]["answers"]["subscriber"] == "no"  # type: ignore[index, call-overload]


def test_the_public_register_of_waivers_shows_no_small_count(world: World) -> None:
    application = world.submitted().application_id
    world.billing.grant_waiver(
        world.actor("officer_a"),
        world.issuer("a"),
        application,
        percent=50,
        reason="A charity for 3 children.",
        until=world.day(90),
    )
    ((_, shown),) = world.billing.waivers()
    assert shown.reason == "A charity for fewer than 10 children."


def test_a_monthly_line_that_hangs_on_how_many_users_were_told_is_metered_too(written: str) -> None:
    prices = read_list(
        written
        + "  - {id: many, says: For many, amount: 50, count: checks, billed: monthly, source: A test, "
        + "when: {users: {at-least: 5}}}\n"
    )
    used = [Usage(of="checks", quantity=2, month="2026-04")]
    for users, expected in ((10, "100"), (4, "0")):
        metered = metered_request(asked(users=users), used)
        assert price(prices, metered, billed={Billed.MONTHLY}).net.low == Money.of(expected)
