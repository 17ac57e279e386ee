"""From a published price to an order: who may do what, what is frozen, what lapses, what a budget stops."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from orchestrator.billing.documents import Quote, QuoteState
from orchestrator.billing.model import INFRASTRUCTURE
from orchestrator.billing.organisations import check_organisation
from orchestrator.billing.rows import QuoteRow
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.core.money import Money

from .conftest import FEES, WRITTEN
from .world import ACADEMIC, World

EXAMPLE = (FEES / "example-custodian.yaml").read_text()


def test_each_issuer_publishes_its_own_prices_and_no_others(world: World) -> None:
    for name, issuer in (("officer_b", "a"), ("operator", "a"), ("lead", "a"), ("officer_a", INFRASTRUCTURE)):
        with pytest.raises(Refused, match="officer of the custodian"):
            world.billing.publish(world.actor(name), world.issuer(issuer), EXAMPLE)
    with pytest.raises(Refused):
        world.billing.publish(world.actor("operator"), "nobody", EXAMPLE)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"2026-04-01": "not-published"}, "since when"),
        ({"treatment: exempt": "treatment: not-published"}, "taxed"),
        ({"charge: only, lines: [application]": "charge: not-published"}, "refused application"),
    ],
)
def test_prices_that_leave_something_open_are_not_published_here(
    world: World, change: dict[str, str], says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        world.publish("b", **change)


def test_the_next_list_overlaps_nothing_and_leaves_no_gap_unsaid(world: World) -> None:
    later = {"from: 2026-04-01, until: 2027-03-31": "from: 2027-03-31, until: 2028-03-31"}
    with pytest.raises(NotPossible, match="holds until 31 March 2027"):
        world.publish("a", **later)
    gap = EXAMPLE.replace("from: 2026-04-01, until: 2027-03-31", "from: 2027-05-01")
    officer, issuer = world.actor("officer_a"), world.custodians["a"]
    with pytest.raises(NotPossible, match="No price would hold from 2027-04-01 to 2027-04-30"):
        world.billing.publish(officer, issuer, gap)
    world.billing.publish(officer, issuer, gap, gap_reason="We close for a month.")
    assert world.billing.in_force(issuer, date(2027, 3, 31)) is not None
    assert world.billing.in_force(issuer, date(2027, 4, 15)) is None
    assert world.billing.in_force(issuer, date(2030, 1, 1)) is not None


def test_an_open_list_ends_when_the_next_begins_and_not_before_tomorrow(world: World) -> None:
    world.publish("b", **{", until: 2027-03-31": ""})
    with pytest.raises(NotPossible, match="begins tomorrow"):
        world.publish("b", **{"from: 2026-04-01, until: 2027-03-31": "from: 2026-11-22"})
    second = world.publish("b", **{"from: 2026-04-01, until: 2027-03-31": "from: 2026-11-23"})
    held = [world.billing.in_force(world.custodians["b"], date(2026, 11, day)) for day in (22, 23)]
    assert held[0] is not None
    assert held[1] is not None
    assert held[0].list_id != held[1].list_id == second


def test_an_estimate_has_a_part_for_each_issuer_and_says_who_publishes_nothing(world: World) -> None:
    datasets = [world.datasets["a"], world.datasets["b"]]
    of_a, of_b, shared = world.billing.estimate(
        datasets, start=date(2027, 1, 1), last=date(2027, 12, 31), answers=ACADEMIC
    )
    assert of_a.priced is not None
    assert of_a.priced.net.low == Money.of("1000")
    assert (of_b.priced, of_b.note) == (None, "It publishes no prices for that day; ask it before you rely on a cost.")
    assert shared.priced is not None
    assert shared.priced.gross.low == Money.of("240")
    with pytest.raises(Invalid, match="No price depends on “moon”"):
        world.billing.estimate(
            datasets, start=date(2027, 1, 1), last=date(2027, 1, 2), answers=ACADEMIC | {"moon": "full"}
        )
    with pytest.raises(NotFound):
        world.billing.estimate(["nothing"], start=date(2027, 1, 1), last=date(2027, 1, 2), answers=ACADEMIC)


def test_a_quote_is_asked_for_offered_frozen_and_ordered_by_different_people(world: World) -> None:
    application = world.submitted().application_id
    quote = world.asked(application)
    assert quote.state is QuoteState.ASKED
    with pytest.raises(Refused, match="another person has to decide"):
        world.billing.offer_quote(world.actor("lead"), quote.quote_id)
    offered = world.billing.offer_quote(world.actor("officer_a"), quote.quote_id)
    assert (offered.state, offered.valid_until) == (QuoteState.OFFERED, date(2026, 12, 22))
    with pytest.raises(Refused, match="Only who asked"):
        world.billing.accept_quote(world.actor("member"), quote.quote_id, bill_to="Somebody")
    order = world.billing.accept_quote(world.actor("lead"), quote.quote_id, bill_to="Finance", purchase_reference="P1")
    assert world.billing.quote(world.actor("lead"), quote.quote_id).order_id == order.order_id
    with pytest.raises(NotPossible, match="is ordered"):
        world.billing.accept_quote(world.actor("lead"), quote.quote_id, bill_to="Finance")
    with pytest.raises(NotPossible):
        world.billing.offer_quote(world.actor("officer_a"), quote.quote_id)


def test_no_other_custodian_learns_of_a_quote(world: World) -> None:
    application = world.submitted().application_id
    quote = world.offered(application)
    for name in ("officer_b", "stranger", "operator"):
        with pytest.raises(NotFound):
            world.billing.quote(world.actor(name), quote.quote_id)
        with pytest.raises(NotFound):
            world.billing.offer_quote(world.actor(name), quote.quote_id)
        assert world.billing.quotes(world.actor(name)) == []
    for name in ("lead", "member", "officer_a"):
        assert [each.quote_id for each in world.billing.quotes(world.actor(name))] == [quote.quote_id]


def test_only_who_leads_asks_and_only_where_something_is_asked_for(world: World) -> None:
    application = world.submitted(("b",)).application_id
    with pytest.raises(Refused, match="Only who leads"):
        world.billing.ask_quote(world.actor("member"), application, INFRASTRUCTURE, answers=ACADEMIC)
    with pytest.raises(NotPossible, match="asks for nothing of this custodian"):
        world.asked(application, "a")
    with pytest.raises(NotPossible, match="no price list in force"):
        world.asked(application, "b")
    with pytest.raises(Invalid, match="Say applicant"):
        world.billing.ask_quote(world.actor("lead"), application, INFRASTRUCTURE, answers={})
    with pytest.raises(Invalid, match="No price depends"):
        world.asked(application, INFRASTRUCTURE, moon="full")


def test_one_quote_at_a_time(world: World) -> None:
    application = world.submitted().application_id
    quote = world.asked(application)
    with pytest.raises(NotPossible, match="under way"):
        world.asked(application)
    assert world.billing.decline_quote(world.actor("lead"), quote.quote_id).state is QuoteState.DECLINED
    again = world.asked(application)
    assert world.billing.withdraw_quote(world.actor("officer_a"), again.quote_id, "Wrong list.").reason == "Wrong list."
    assert world.asked(application).state is QuoteState.ASKED


def test_what_the_list_leaves_open_is_set_in_the_offer_within_what_is_published(world: World) -> None:
    text = WRITTEN + (
        "  - {id: open, says: Open, by-quote: it depends, source: A test}\n"
        '  - {id: between, says: Between, between: ["10", "20"], source: A test}\n'
        "  - {id: rate, says: Rate, by-quote: it depends, count: compute-units, billed: monthly, source: A test}\n"
    )
    officer, issuer = world.actor("officer_b"), world.custodians["b"]
    world.billing.publish(officer, issuer, text)
    quote = world.asked(world.submitted(("b",)).application_id, "b")
    offer = world.billing.offer_quote
    with pytest.raises(NotPossible, match=r"“open” \(it depends\), “between” \(£10.00 to £20.00\)"):
        offer(officer, quote.quote_id)
    for settled, says in (
        ({"fee": 1}, "price is on the list"),
        ({"nothing": 1}, "not open"),
        ({"between": 2001}, "must lie within"),
        ({"open": -1}, "not below nothing"),
    ):
        with pytest.raises(Invalid, match=says):
            offer(officer, quote.quote_id, settled={name: Money(pence) for name, pence in settled.items()})
    settled = {"open": Money(5000), "between": Money(1500), "rate": Money(7)}
    offered = offer(officer, quote.quote_id, settled=settled)
    assert offered.document["priced"]["net"] == 1000 + 5000 + 1500  # type: ignore[index, call-overload]
    assert world.billing.check_quote(officer, quote.quote_id).amounts_agree


def test_a_quote_lapses_after_its_last_day_and_with_the_financial_year(world: World) -> None:
    application = world.submitted().application_id
    quote = world.offered(application)
    world.at("2026-12-22")
    assert world.billing.lapse() == 0
    world.at("2026-12-23")
    with pytest.raises(NotPossible, match="lapsed on 22 December 2026"):
        world.billing.accept_quote(world.actor("lead"), quote.quote_id, bill_to="Finance")
    assert world.billing.chase() == 1
    assert world.billing.chase() == 0
    assert world.billing.quote(world.actor("lead"), quote.quote_id).state is QuoteState.LAPSED
    world.at("2027-03-01")
    shared = world.offered(application, INFRASTRUCTURE)
    assert shared.valid_until == date(2027, 3, 31)


def test_a_quote_keeps_its_price_when_the_prices_change_and_is_priced_again_with_the_same_result(world: World) -> None:
    quote = world.offered(world.submitted().application_id)
    new = EXAMPLE.replace("from: 2026-04-01, until: 2027-03-31", "from: 2027-04-01").replace("600", "999")
    world.billing.publish(world.actor("officer_a"), world.custodians["a"], new)
    check = world.billing.check_quote(world.actor("lead"), quote.quote_id)
    assert (check.hash_agrees, check.amounts_agree) == (True, True)


def test_a_quote_that_was_edited_by_hand_is_told(world: World) -> None:
    quote = world.offered(world.submitted().application_id)
    document = {**quote.document, "priced": {**quote.document["priced"], "net": 1}}  # type: ignore[dict-item]
    with world.record.engine.begin() as connection:
        connection.execute(update(QuoteRow).values(document=document))
    check = world.billing.check_quote(world.actor("lead"), quote.quote_id)
    assert (check.hash_agrees, check.amounts_agree) == (False, False)


def test_a_waiver_is_granted_by_others_stands_on_the_register_and_ends(world: World) -> None:
    application = world.submitted().application_id
    grant = world.billing.grant_waiver
    kept = {"percent": 50, "reason": "Teaching.", "until": date(2027, 3, 31)}
    with pytest.raises(Refused):
        grant(world.actor("officer_b"), world.custodians["a"], application, **kept)
    for wrong, says in (
        ({"percent": 101}, "between 1 and 100"),
        ({"until": date(2026, 11, 21)}, "not before today"),
        ({"until": date(2030, 1, 1)}, "three years"),
        ({"lines": ["moon"]}, "no line"),
        ({"reason": ""}, "reason"),
    ):
        with pytest.raises(Invalid, match=says):
            grant(world.actor("officer_a"), world.custodians["a"], application, **(kept | wrong))
    elsewhere = world.submitted(("b",), title="Another question").application_id
    with pytest.raises(NotFound, match="nothing of this custodian"):
        grant(world.actor("officer_a"), world.custodians["a"], elsewhere, **kept)
    waiver = grant(world.actor("officer_a"), world.custodians["a"], application, lines=["application"], **kept)
    [(name, shown)] = world.billing.waivers()
    assert (name, shown.organisation, shown.percent) == ("Trust a", "University of Nowhere", 50)
    quote = world.offered(application)
    assert quote.document["priced"]["waived"] == 300_00  # type: ignore[index, call-overload]
    assert world.billing.end_waiver(world.actor("officer_a"), waiver.waiver_id).ended_at is not None
    with pytest.raises(NotPossible, match="ended already"):
        world.billing.end_waiver(world.actor("officer_a"), waiver.waiver_id)
    assert world.billing.check_quote(world.actor("lead"), quote.quote_id).amounts_agree


def test_an_officer_who_is_among_those_who_pay_decides_nothing(world: World) -> None:
    application = world.submitted(("a",), members=(world.people["officer_a"],)).application_id
    quote = world.asked(application)
    with pytest.raises(Refused, match="another person has to decide"):
        world.billing.offer_quote(world.actor("officer_a"), quote.quote_id)
    with pytest.raises(Refused, match="another person has to grant"):
        world.billing.grant_waiver(
            world.actor("officer_a"),
            world.custodians["a"],
            application,
            percent=10,
            reason="Friends.",
            until=date(2027, 1, 1),
        )


def test_a_budget_is_set_by_who_leads_and_stops_asking_and_ordering(world: World) -> None:
    application = world.submitted().application_id
    lead = world.actor("lead")
    with pytest.raises(Refused, match="Only who leads"):
        world.billing.set_budget(world.actor("member"), application, Money.of("1"))
    world.billing.set_budget(lead, application, Money.of("999.99"))
    with pytest.raises(NotPossible, match=r"comes to £1,000.00, and of the budget of £999.99 there is £999.99 left"):
        world.asked(application)
    world.billing.set_budget(lead, application, Money.of("1000"), "Raised.")
    quote = world.offered(application)
    world.billing.set_budget(lead, application, Money.of("500"))
    with pytest.raises(NotPossible, match=r"budget of £500.00"):
        world.billing.accept_quote(lead, quote.quote_id, bill_to="Finance")
    world.billing.set_budget(lead, application, Money.of("1200"))
    world.billing.accept_quote(lead, quote.quote_id, bill_to="Finance")
    spending = world.billing.spending(lead, application)
    assert (spending.spent, spending.left) == (Money.of("1000"), Money.of("200"))
    with pytest.raises(NotPossible, match=r"there is £200.00 left"):
        world.asked(application, INFRASTRUCTURE)


def test_spending_is_seen_by_its_people_and_operators(world: World) -> None:
    application = world.submitted().application_id
    for name in ("lead", "member", "operator"):
        assert world.billing.spending(world.actor(name), application).limit is None
    for name, wrong in (("officer_a", Refused), ("stranger", NotFound)):
        with pytest.raises(wrong):
            world.billing.spending(world.actor(name), application)


def subscribed(world: World, organisation_id: str = "ror:052gg0110", name: str = "The University") -> None:
    quote = world.billing.ask_subscription(
        world.actor("operator2"),
        name,
        organisation_id=organisation_id,
        start=date(2026, 11, 1),
        last=date(2027, 10, 31),
        answers=ACADEMIC,
    )
    world.billing.offer_quote(world.actor("operator"), quote.quote_id)
    world.billing.accept_quote(world.actor("operator2"), quote.quote_id, bill_to="Finance")


def processing(world: World, application: str, organisation_id: str = "", **answers: Any) -> Quote:
    """Ask the infrastructure for a quote, and decline it again."""
    quote = world.billing.ask_quote(
        world.actor("lead"),
        application,
        INFRASTRUCTURE,
        answers=ACADEMIC | answers,
        organisation_id=organisation_id,
    )
    world.billing.decline_quote(world.actor("lead"), quote.quote_id)
    return quote


def test_an_organisation_does_not_pay_the_same_days_twice(world: World) -> None:
    def asked(first: date, last: date, organisation_id: str = "ror:052gg0110") -> str:
        return world.billing.ask_subscription(
            world.actor("operator2"), "Uni", organisation_id=organisation_id, start=first, last=last, answers=ACADEMIC
        ).quote_id

    subscribed(world)
    for first, last in ((date(2026, 1, 1), date(2026, 11, 1)), (date(2027, 10, 31), date(2028, 10, 30))):
        with pytest.raises(NotPossible, match="subscribes from 1 November 2026 to 31 October 2027 already"):
            asked(first, last)
    asked(date(2027, 1, 1), date(2027, 2, 1), "ror:013meh722")
    next_year = asked(date(2027, 11, 1), date(2028, 10, 31))
    world.billing.offer_quote(world.actor("operator"), next_year)
    world.billing.accept_quote(world.actor("operator2"), next_year, bill_to="Finance")


def test_a_subscription_lowers_the_processing_fee_of_the_organisation_it_identifies(world: World) -> None:
    application = world.submitted().application_id
    subscribed(world)
    full, less = 200_00, 30_00
    by_identifier = {
        "": full,
        "ror:052gg0110": less,
        "https://ror.org/052gg0110": less,
        " ROR:052GG0110 ": less,
        "ror:013meh722": full,
        "ods:RRK": full,
    }
    for identifier, pence in by_identifier.items():
        quote = processing(world, application, identifier, subscriber="yes")
        assert quote.document["priced"]["net"] == pence, identifier  # type: ignore[index, call-overload]
    named = processing(world, application, "ror:052gg0110")
    assert (named.organisation, named.organisation_id) == ("University of Nowhere", "ror:052gg0110")
    assert named.document["subscription"] == "The University"
    assert named.document["organisation_id"] == "ror:052gg0110"


def test_writing_the_name_of_a_subscriber_lowers_nothing(world: World) -> None:
    subscribed(world, name="University of Nowhere")
    quote = processing(world, world.submitted().application_id)
    assert quote.document["priced"]["net"] == 200_00  # type: ignore[index, call-overload]
    assert quote.document["subscription"] == ""


def test_two_organisations_of_one_name_are_two_and_one_under_two_names_is_one(world: World) -> None:
    ask = world.billing.ask_subscription
    more: Any = {"start": date(2026, 11, 1), "last": date(2027, 10, 31), "answers": ACADEMIC}
    ask(world.actor("operator2"), "St Mary’s", organisation_id="charity:1089464", **more)
    ask(world.actor("operator2"), "St Mary’s", organisation_id="ods:RRK", **more)
    with pytest.raises(NotPossible, match="under way"):
        ask(world.actor("operator2"), "Saint Mary’s Hospital", organisation_id="ods:rrk", **more)


def test_a_subscription_is_asked_for_by_the_organisations_own_people(world: World) -> None:
    def ask(who: str, name: str, organisation_id: str = "ror:052gg0110") -> str:
        return world.billing.ask_subscription(
            world.actor(who),
            name,
            organisation_id=organisation_id,
            start=world.day(400),
            last=world.day(500),
            answers=ACADEMIC,
        ).quote_id

    with pytest.raises(Refused, match="registered as belonging to that organisation"):
        ask("stranger", "The University")
    belongs(world, "stranger", "The  university")
    world.billing.decline_quote(world.actor("stranger"), ask("stranger", "The University"))
    with pytest.raises(Refused):
        ask("stranger", "Another University")
    subscribed(world)
    world.billing.decline_quote(world.actor("stranger"), ask("stranger", "The University"))
    belongs(world, "lead", "Institute of Other Things")
    with pytest.raises(Refused, match="that its identifier is known by here"):
        ask("lead", "Institute of Other Things")
    assert ask("lead", "Institute of Other Things", "ror:013meh722")
    assert ask("operator", "The University")


def belongs(world: World, who: str, organisation: str) -> None:
    person = world.identity.person(world.people[who])
    world.identity.change_person(
        world.actor("operator"), person.person_id, name=person.name, email=person.email, affiliation=organisation
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ror:052gg0110", "ror:052gg0110"),
        ("https://ror.org/013meh722", "ror:013meh722"),
        ("ods: rrk15 ", "ods:RRK15"),
        ("companies-house:sc123456", "companies-house:SC123456"),
        ("charity:1089464", "charity:1089464"),
    ],
)
def test_identifiers_are_kept_in_one_way(given: str, kept: str) -> None:
    assert check_organisation(given) == kept


@pytest.mark.parametrize(
    "given",
    ["", "University", "ror:", "ror:052gg0111", "ror:052gl0110", "ror:152gg0110", "vat:123", "ods:a b",
     "ods:" + "A" * 99, "companies-house:1", "https://ror.org.example.org/052gg0110", "ror:052gg0110\nx"],
)  # fmt: skip
def test_what_is_no_identifier_is_refused(given: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_organisation(given)
    assert refused.value.field == "organisation_id"
