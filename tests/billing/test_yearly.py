"""Yearly fees: each year on its anniversary while the project runs, leap days included; never twice, never after."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orchestrator.access.model import ApplicationKind, Project
from orchestrator.audit.record import Record
from orchestrator.billing.grammar import read_list
from orchestrator.billing.model import INFRASTRUCTURE
from orchestrator.billing.periods import years_begun
from orchestrator.billing.pricing import price
from orchestrator.billing.yearly import years_due
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import make_engine
from orchestrator.core.errors import Invalid, NotPossible
from orchestrator.core.money import Money
from orchestrator.policy.service import Policy
from tests import deciding

from .conftest import WRITTEN, asked
from .world import ACADEMIC, World

LICENCE = "  - {id: licence, says: A licence, amount: 100, count: [datasets], billed: yearly, source: A test}\n"
REVIEW = "  - {id: review, says: A review, amount: 50, billed: yearly, from-year: 2, source: A test}\n"


def day(text: str) -> date:
    return date.fromisoformat(text)


# ---- which days ------------------------------------------------------------------------------------------------------


def test_years_that_begin_on_a_leap_day_begin_on_the_first_of_march_but_in_leap_years() -> None:
    years = years_begun(day("2028-02-29"), day("2033-01-31"))
    assert [first.isoformat() for first, _ in years] == [
        "2028-02-29",
        "2029-03-01",
        "2030-03-01",
        "2031-03-01",
        "2032-02-29",
    ]
    assert [last.isoformat() for _, last in years] == [
        "2029-02-28",
        "2030-02-28",
        "2031-02-28",
        "2032-02-28",
        "2033-01-31",
    ]


@pytest.mark.parametrize("start", ["2026-04-01", "2027-12-31", "2028-02-28", "2028-02-29", "2026-03-01"])
def test_years_follow_on_one_another_without_a_gap_or_a_day_twice(start: str) -> None:
    years = years_begun(day(start), day(start) + timedelta(days=4000))
    assert years[0][0] == day(start)
    assert all(later[0] - earlier[1] == timedelta(days=1) for earlier, later in pairwise(years))
    assert all(364 <= (last - first).days <= 365 for first, last in years[:-1])


def dues(**facts: str) -> list[tuple[int, str]]:
    known = {name: day(value) for name, value in ({"ordered": "2026-03-20"} | facts).items()}
    found = years_due(day("2026-04-01"), day("2029-03-31"), **known)
    return [(each.number, each.due.isoformat()) for each in found]


@pytest.mark.parametrize(
    ("facts", "numbers"),
    [
        ({}, [(1, "2026-04-01"), (2, "2027-04-01"), (3, "2028-04-01")]),
        ({"ordered": "2026-09-09"}, [(1, "2026-09-09"), (2, "2027-04-01"), (3, "2028-04-01")]),
        ({"ordered": "2027-03-31"}, [(1, "2027-03-31"), (2, "2027-04-01"), (3, "2028-04-01")]),
        ({"ordered": "2027-04-01"}, [(2, "2027-04-01"), (3, "2028-04-01")]),
        ({"ended": "2027-03-31"}, [(1, "2026-04-01")]),
        ({"ended": "2027-04-01"}, [(1, "2026-04-01")]),
        ({"ended": "2027-04-02"}, [(1, "2026-04-01"), (2, "2027-04-01")]),
        ({"ended": "2026-03-31"}, []),
        ({"ended": "2026-04-01"}, [(1, "2026-04-01")]),
        ({"ordered": "2026-10-10", "paid": "2026-04-01"}, [(2, "2027-04-01"), (3, "2028-04-01")]),
        ({"ordered": "2027-04-01", "paid": "2026-04-01"}, [(2, "2027-04-01"), (3, "2028-04-01")]),
        ({"ordered": "2027-06-01", "paid": "2026-04-01"}, [(2, "2027-06-01"), (3, "2028-04-01")]),
        ({"ordered": "2026-04-01", "paid": "2026-04-01"}, [(2, "2027-04-01"), (3, "2028-04-01")]),
    ],
    ids=str,
)
def test_a_year_is_charged_once_by_one_order_and_not_after_the_end(
    facts: dict[str, str], numbers: list[tuple[int, str]]
) -> None:
    assert dues(**facts) == numbers


# ---- what a list can say ---------------------------------------------------------------------------------------------


def test_a_quote_tells_all_years_and_a_statement_one_of_them() -> None:
    prices = read_list(WRITTEN + LICENCE + REVIEW)
    whole = price(prices, asked(months=25, datasets=2))
    lines = {line.line_id: line for line in whole.lines}
    assert lines["licence"].net.low == Money.of("600")
    assert lines["licence"].how.endswith("each year, for year 1, 2, 3")
    assert lines["licence"].quantity == (6, 6)
    assert lines["review"].net.low == Money.of("100")
    assert [line.line_id for line in price(prices, asked(months=12, datasets=2)).lines] == ["fee", "licence"]
    second = price(prices, asked(months=25, datasets=2), years=[2])
    assert {line.line_id: line.net.low for line in second.lines} == {
        "fee": Money.of("10"),
        "licence": Money.of("200"),
        "review": Money.of("50"),
    }


def test_years_are_rounded_one_by_one_and_tiers_and_caps_hold_in_each() -> None:
    odd = """  - {id: odd, says: O, amount: "0.33", billed: yearly, source: T, vat: {treatment: added, percent: 20}}
  - {id: share, says: Share, percent: {rate: 50, of: [odd]}, billed: yearly, source: A test}
  - {id: steps, says: Steps, tiers: {mode: graduated, steps: [{up-to: 2, amount: 10}, {amount: 1}]}, count: [datasets],
     cap: 20, billed: yearly, source: A test}
"""
    prices = read_list(WRITTEN + odd)
    years = [price(prices, asked(months=36, datasets=9), years=[number]) for number in (1, 2, 3)]
    whole = price(prices, asked(months=36, datasets=9))
    once = Money.of("10")
    assert whole.gross.low - once == sum((each.gross.low - once for each in years), Money(0))
    assert {line.line_id: line.net.low for line in whole.lines}["steps"] == Money.of("60")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("{id: a, says: A, amount: 1, count: [months], billed: yearly, source: T}", "lines.a.billed"),
        ("{id: a, says: A, amount: 1, count: [checks], billed: yearly, source: T}", "lines.a.billed"),
        ("{id: a, says: A, amount: 1, from-year: 2, source: T}", "lines.a.from-year"),
        ("{id: a, says: A, amount: 1, from-year: 0, billed: yearly, source: T}", "lines[2].from-year"),
        ("{id: a, says: A, amount: 1, replaces: [fee], billed: yearly, source: T}", "lines.a.replaces"),
        ("{id: a, says: A, percent: {rate: 5, of: [fee]}, billed: yearly, source: T}", "lines.a.percent.of"),
    ],
)
def test_a_list_that_would_reckon_years_twice_or_apart_is_refused(line: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_list(f"{WRITTEN}  - {line}\n")
    assert refused.value.field == field


# ---- the whole way ---------------------------------------------------------------------------------------------------


@pytest.fixture
def world(first_world: World, policy: Policy, clock: FixedClock, tmp_path: Path) -> Iterator[World]:
    """A world in which custodian “a” charges yearly, and so does the infrastructure for its subscription."""
    directory = tmp_path / "world"
    shutil.copytree(first_world.directory, directory)
    engine = make_engine(f"sqlite:///{directory}/record.db")
    made = World(Record(engine, clock), policy, clock, directory, like=first_world)
    more = f"lines:\n{LICENCE}{REVIEW}  - id: application"
    made.publish("a", **{"lines:\n  - id: application": more, "until: 2027-03-31": "until: 2029-03-31"})
    made.publish("infrastructure")
    yield made
    engine.dispose()


def running(world: World) -> Project:
    """A project from 22 November 2026 to 2 October 2028."""
    application = world.submitted(("a",), end=world.day(680), ethics_until=world.day(900))
    world.decide(application.application_id, "a", days=690)
    return deciding.approve_project(world.access, world.actor("operator"), application.application_id)


def later(world: World, to: str) -> None:
    """Go to a later day; the officer's role is renewed on the way."""
    world.at("2027-09-01")
    world.give("officer_a", "custodian", custodian_id=world.custodians["a"])
    world.at(to)


def line_of(document: Any, name: str) -> Any:
    return next((line for line in document["priced"]["lines"] if line["line"] == name), None)


def stated(world: World, order_id: str, month: str, *, issuer: str = "a") -> Any:
    return world.billing.statement(world.issuers_actor(issuer), order_id, month).document


def test_each_year_is_stated_and_invoiced_in_the_month_in_which_it_begins(world: World) -> None:
    project = running(world)
    world.at("2026-12-03")
    order = world.ordered(project.application_id)
    quote = world.billing.quote(world.actor("lead"), order.quote_id)
    assert line_of(quote.document, "licence")["net"] == 200_00
    assert line_of(quote.document, "review")["net"] == 50_00
    once = world.billing.invoice_order(world.actor("officer_a"), order.order_id)
    assert {line["line"] for line in once.document["lines"]} == {"application", "dataset"}  # type: ignore[index, union-attr]
    assert world.billing.spending(world.actor("lead"), project.application_id).metered == Money.of("100")
    later(world, "2027-12-05")
    december = stated(world, order.order_id, "2026-12")
    assert december["years"] == [{"year": 1, "from": "2026-11-22", "until": "2027-11-21"}]
    assert line_of(december, "licence")["net"] == 100_00
    assert line_of(december, "review") is None
    quiet = stated(world, order.order_id, "2027-05")
    assert "years" not in quiet
    assert line_of(quiet, "licence") is None
    anniversary = stated(world, order.order_id, "2027-11")
    assert anniversary["years"] == [{"year": 2, "from": "2027-11-22", "until": "2028-10-02"}]
    assert (line_of(anniversary, "licence")["net"], line_of(anniversary, "review")["net"]) == (100_00, 50_00)
    made = world.billing.invoice_month(world.actor("officer_a"), order.order_id, "2027-11")
    assert made.net == Money.of("150")
    assert world.billing.spending(world.actor("lead"), project.application_id).metered == Money.of("250")
    credit = world.billing.credit(world.actor("officer_a"), made.invoice_id, reason="No review took place.")
    assert credit.net == made.net


def test_nothing_is_charged_for_a_year_that_the_project_does_not_see(world: World) -> None:
    project = running(world)
    world.at("2026-12-03")
    order = world.ordered(project.application_id)
    later(world, "2027-11-21")
    world.access.close_project(world.actor("operator"), project.project_id)
    world.at("2027-12-05")
    assert line_of(stated(world, order.order_id, "2027-11"), "licence") is None
    assert world.billing.spending(world.actor("lead"), project.application_id).metered == Money.of("100")


def test_an_order_that_was_closed_charges_no_further_year(world: World) -> None:
    project = running(world)
    world.at("2026-12-03")
    order = world.ordered(project.application_id)
    later(world, "2027-11-10")
    world.billing.close_order(world.actor("officer_a"), order.order_id)
    world.at("2027-12-05")
    assert line_of(stated(world, order.order_id, "2027-11"), "licence") is None


def test_a_later_order_goes_on_with_the_same_years(world: World) -> None:
    project = running(world)
    world.at("2026-12-03")
    first = world.ordered(project.application_id)
    later(world, "2027-10-01")
    second = world.ordered(project.application_id)
    world.at("2027-12-05")
    assert line_of(stated(world, first.order_id, "2026-12"), "licence")["net"] == 100_00
    assert line_of(stated(world, second.order_id, "2027-11"), "licence")["net"] == 100_00
    with pytest.raises(NotPossible, match="not among these months"):
        stated(world, first.order_id, "2027-11")
    assert world.billing.spending(world.actor("lead"), project.application_id).metered == Money.of("250")


def beginning_later(world: World) -> Project:
    """A project that is approved on 22 November 2026 and begins on 12 December."""
    application = world.submitted(("a",), start=world.day(20), end=world.day(680), ethics_until=world.day(900))
    world.decide(application.application_id, "a", days=690)
    return deciding.approve_project(world.access, world.actor("operator"), application.application_id)


def test_an_order_in_the_place_of_another_on_the_first_day_charges_the_year_once(world: World) -> None:
    project = beginning_later(world)
    world.ordered(project.application_id)
    world.at("2026-12-12")
    world.ordered(project.application_id)
    world.at("2027-02-02")
    assert world.billing.spending(world.actor("lead"), project.application_id).metered == Money.of("100")


def test_a_year_that_an_order_was_closed_before_is_charged_by_the_next(world: World) -> None:
    project = beginning_later(world)
    first = world.ordered(project.application_id)
    world.at("2026-12-01")
    world.billing.close_order(world.actor("officer_a"), first.order_id)
    world.at("2026-12-20")
    second = world.ordered(project.application_id)
    world.at("2027-02-02")
    assert line_of(stated(world, second.order_id, "2027-01"), "licence")["net"] == 100_00
    assert world.billing.spending(world.actor("lead"), project.application_id).metered == Money.of("100")


def test_a_year_of_an_order_that_metered_no_month_is_charged_by_the_next(world: World) -> None:
    project = beginning_later(world)
    world.ordered(project.application_id)
    world.at("2026-12-05")
    second = world.ordered(project.application_id)
    world.at("2026-12-20")
    world.ordered(project.application_id)
    world.at("2027-02-02")
    with pytest.raises(NotPossible, match="not among these months"):
        stated(world, second.order_id, "2026-12")
    assert world.billing.spending(world.actor("lead"), project.application_id).metered == Money.of("100")


def test_years_count_against_the_budget_before_they_are_ordered(world: World) -> None:
    project = running(world)
    lead = world.actor("lead")
    world.billing.set_budget(lead, project.application_id, Money.of("1649.99"))
    with pytest.raises(NotPossible, match=r"comes to £1,650\.00"):
        world.asked(project.application_id)
    world.billing.set_budget(lead, project.application_id, Money.of("1650"))
    assert world.ordered(project.application_id).account_id == project.application_id


def test_a_subscription_is_charged_each_year_without_a_project(world: World) -> None:
    quote = world.billing.ask_subscription(
        world.actor("operator2"),
        "University of Nowhere",
        organisation_id="ror:052gg0110",
        start=day("2026-06-01"),
        last=day("2028-05-31"),
        answers=ACADEMIC,
    )
    world.billing.offer_quote(world.actor("operator"), quote.quote_id)
    order = world.billing.accept_quote(world.actor("operator2"), quote.quote_id, bill_to="Finance")
    operator = world.issuers_actor(INFRASTRUCTURE)
    with pytest.raises(NotPossible, match="nothing to pay"):
        world.billing.invoice_order(operator, order.order_id)
    world.at("2027-07-02")
    for month, number in (("2026-11", 1), ("2027-06", 2)):
        document = stated(world, order.order_id, month, issuer=INFRASTRUCTURE)
        assert document["years"][0]["year"] == number
        assert line_of(document, "subscription")["net"] == 2000_00
    assert line_of(stated(world, order.order_id, "2027-05", issuer=INFRASTRUCTURE), "subscription") is None
    assert world.billing.invoice_month(operator, order.order_id, "2027-06").gross == Money.of("2400")


def test_a_project_is_not_extended_into_years_that_nobody_ordered(world: World) -> None:
    project, unordered = running(world), running(world)
    world.at("2026-12-03")
    world.ordered(project.application_id)
    operator = world.actor("operator")
    with pytest.raises(NotPossible, match="for each year, and what was ordered of it ends on 2 October 2028"):
        world.access.extend_project(operator, project.project_id, day("2028-10-05"))
    assert world.access.project(operator, project.project_id).end == project.end
    assert world.access.extend_project(operator, unordered.project_id, day("2028-10-05")).end > unordered.end


def renewal(world: World, project: Project, end: date) -> str:
    lead = world.actor("lead")
    answers = replace(world.access.answers_of(lead, project.project_id), end=end)
    made = world.access.amend(lead, project.project_id, answers, kind=ApplicationKind.RENEWAL).application_id
    world.access.submit(lead, made)
    return made


def test_a_renewal_that_is_ordered_goes_on_with_the_years_and_lets_the_project_go_on(world: World) -> None:
    application = world.submitted(("a",), end=world.day(300), ethics_until=world.day(900))
    world.decide(application.application_id, "a", days=300)
    operator = world.actor("operator")
    project = deciding.approve_project(world.access, operator, application.application_id)
    world.at("2026-12-03")
    first = world.ordered(project.application_id)
    world.at("2027-06-01")
    asked_for = renewal(world, project, day("2028-10-10"))
    world.decide(asked_for, "a", days=500)
    with pytest.raises(NotPossible, match="Nobody agreed to pay for more"):
        deciding.approve_project(world.access, operator, asked_for)
    second = world.ordered(asked_for)
    assert deciding.approve_project(world.access, operator, asked_for).end.date() == day("2028-10-11")
    later(world, "2027-12-05")
    assert line_of(stated(world, first.order_id, "2026-12"), "licence")["net"] == 100_00
    assert line_of(stated(world, second.order_id, "2027-11"), "licence")["net"] == 100_00


def test_a_project_whose_order_was_closed_is_not_extended_without_a_new_one(world: World) -> None:
    project = running(world)
    world.at("2026-12-03")
    order = world.ordered(project.application_id)
    world.billing.close_order(world.actor("officer_a"), order.order_id)
    operator = world.actor("operator")
    with pytest.raises(NotPossible, match=r"what was ordered of it ends on 3 December 2026\. Nobody agreed to pay"):
        world.access.extend_project(operator, project.project_id, day("2028-10-05"))
    world.at("2026-12-04")
    with pytest.raises(NotPossible, match="what was ordered of it ended on 3 December 2026"):
        world.access.extend_project(operator, project.project_id, day("2028-10-05"))
    assert world.access.project(operator, project.project_id).end == project.end
    asked_for = renewal(world, project, day("2028-10-05"))
    world.decide(asked_for, "a", days=600)
    world.ordered(asked_for)
    assert deciding.approve_project(world.access, operator, asked_for).end > project.end


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "open"])
def test_a_renewal_that_a_custodian_refuses_waits_for_no_fee_of_his(world: World, closed: bool) -> None:
    application = world.submitted(("a", "b"), end=world.day(300), ethics_until=world.day(900)).application_id
    for name, days in (("a", 300), ("b", 690)):
        world.decide(application, name, days=days)
    operator = world.actor("operator")
    project = deciding.approve_project(world.access, operator, application)
    world.at("2026-12-03")
    order = world.ordered(application)
    if closed:
        world.billing.close_order(world.actor("officer_a"), order.order_id)
    asked_for = renewal(world, project, day("2028-01-10"))
    world.decide(asked_for, "a", approve=False)
    world.decide(asked_for, "b", days=600)
    assert deciding.approve_project(world.access, operator, asked_for).end > project.end


@pytest.mark.parametrize("gone", ["the grant", "the dataset"])
def test_a_custodian_whose_data_the_project_has_no_more_asks_no_fee_for_going_on(world: World, gone: str) -> None:
    application = world.submitted(("a", "b"), end=world.day(680), ethics_until=world.day(900)).application_id
    for name in ("a", "b"):
        world.decide(application, name, days=690)
    operator = world.actor("operator")
    project = deciding.approve_project(world.access, operator, application)
    world.at("2026-12-03")
    order = world.ordered(application)
    world.billing.close_order(world.actor("officer_a"), order.order_id)
    with pytest.raises(NotPossible, match="Nobody agreed to pay for more"):
        world.access.extend_project(operator, project.project_id, day("2028-10-05"))
    if gone == "the grant":
        grant = next(each for each in project.grants if each.custodian_id == world.custodians["a"])
        world.access.withdraw_grant(world.actor("officer_a"), grant.grant_id, "It was sent by mistake.")
    else:
        world.discovery.withdraw_dataset(world.actor("officer_a"), world.datasets["a"], "It was sent by mistake.")
    assert world.access.extend_project(operator, project.project_id, day("2028-10-05")).end > project.end
