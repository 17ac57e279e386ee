"""Published rules and amounts are reproduced to the penny, from the shipped files alone; own examples say so."""

from __future__ import annotations

from datetime import date

import pytest

from orchestrator.billing.model import Amount, Billed, PriceList, Table
from orchestrator.billing.priced import Priced
from orchestrator.billing.pricing import price
from orchestrator.billing.request import AskedDataset, Request, Usage
from orchestrator.core.money import Money

from .conftest import asked, shipped


def net(priced: Priced, line_id: str) -> Money:
    [found] = [line for line in priced.lines if line.line_id == line_id]
    assert found.net.certain
    assert not found.open
    return found.net.low


def amount(prices: PriceList, line_id: str) -> Money:
    found = prices.line(line_id)
    assert found is not None
    assert isinstance(found.price, Amount)
    return found.price.each


@pytest.mark.parametrize(("months", "reviews"), [(1, 0), (12, 0), (13, 1), (24, 1), (25, 2), (36, 2), (37, 3)])
def test_dars_2018_thirteen_months_are_one_review_and_twenty_five_two(months: int, reviews: int) -> None:
    priced = price(shipped("dars-2018-19"), asked(months=months))
    lines = {line.line_id: line for line in priced.lines}
    assert ("annual-review" in lines) is (reviews > 0)
    if reviews:
        assert net(priced, "annual-review") == Money(500_00).times(reviews)
    assert priced.net.low == Money(1030_00 + reviews * 500_00)


def test_dars_2018_has_the_published_amounts() -> None:
    prices = shipped("dars-2018-19")
    published = {
        "new-application": 1030,
        "change": 820,
        "annual-review": 500,
        "data": 320,
        "reports": 320,
        "bridging-files": 320,
        "dissemination": 930,
        "portal": 3200,
        "tabulation": 800,
        "sub-licence": 10000,
    }
    assert {name: amount(prices, name).pence // 100 for name in published} == published
    assert {line.line_id for line in prices.lines} - set(published) == {"linkage", "cohort-validation"}


def test_dars_2018_a_request_over_two_datasets_and_three_years_of_data() -> None:
    """1,030 + one review 500 + 2 × 3 × 320 + 2 × 930; linkage has no published amount and stays open."""
    request = asked(months=13, datasets=2, periods=3, disseminations=2, linkages=1)
    priced = price(shipped("dars-2018-19"), request)
    assert priced.net.low == Money.of("5310")
    assert [line.line_id for line in priced.open] == ["linkage"]
    assert str(priced) == "£5,310.00 and 1 line by quote"


def test_an_amendment_pays_the_change_and_not_the_application() -> None:
    priced = price(shipped("dars-2018-19"), asked(request="amendment"))
    assert [(line.line_id, line.net.low) for line in priced.lines] == [("change", Money.of("820"))]


@pytest.mark.parametrize(
    ("name", "new", "change", "review"),
    [("nhs-england-dars-2025", 1320, 1050, 640), ("nhs-england-dars-2026", 1431, 1138, 694)],
)
def test_nhs_england_dars(name: str, new: int, change: int, review: int) -> None:
    prices = shipped(name)
    told = [amount(prices, line).pence for line in ("new-application", "change", "annual-review")]
    assert told == [new * 100, change * 100, review * 100]
    assert price(prices, asked(months=25)).net.low.pence == (new + 2 * review) * 100


def checks(*months: tuple[str, str, int]) -> list[Usage]:
    return [Usage(of="checks", user=user, month=month, quantity=number) for user, month, number in months]


@pytest.mark.parametrize(
    ("usage", "pounds"),
    [
        (checks(("ann", "2026-04", 20)), 0),
        (checks(("ann", "2026-04", 21)), 11),
        (checks(("ann", "2026-04", 20), ("bob", "2026-04", 20)), 0),
        (checks(("ann", "2026-04", 20), ("ann", "2026-05", 20)), 0),
        (checks(("ann", "2026-04", 15), ("ann", "2026-04", 10)), 55),
        (checks(("ann", "2026-04", 40), ("bob", "2026-04", 1)), 220),
    ],
)
def test_sde_2026_twenty_checks_of_a_user_in_a_month_are_free_and_each_further_one_is_11(
    usage: list[Usage], pounds: int
) -> None:
    priced = price(shipped("nhs-england-sde-2026"), asked(usage=usage), billed={Billed.MONTHLY})
    assert net(priced, "checks") == Money(pounds * 100)


def test_sde_2026_before_use_checks_cost_between_evenly_spread_and_all_at_once() -> None:
    priced = price(shipped("nhs-england-sde-2026"), asked(months=12, users=2, checks=600))
    [line] = [line for line in priced.lines if line.line_id == "checks"]
    assert (line.quantity, line.net.low, line.net.high) == ((120, 580), Money.of("1320"), Money.of("6380"))


def test_sde_2026_products_and_refreshes_are_told_as_published_between_two_amounts() -> None:
    priced = price(shipped("nhs-england-sde-2026"), asked(datasets=2, periods=3, refreshes=4, cohorts=1, users=1))
    lines = {line.line_id: line for line in priced.lines}
    assert (lines["product"].net.low, lines["product"].net.high) == (Money.of("976"), Money.of("1952"))
    assert (lines["refresh"].net.low, lines["refresh"].net.high) == (Money.of("128"), Money.of("432"))
    assert lines["additional-period"].net.low == Money.of("152")
    assert lines["cohort"].net.low == Money.of("586")
    assert lines["set-up"].net.low == Money.of("434")
    assert lines["user-account"].net.low == Money.of("5664")
    assert not priced.settled


def test_hes_2012_application_datasets_years_and_adders() -> None:
    prices = shipped("hes-2012-13")
    request = asked(datasets=2, periods=5, ons_data="yes", further_approval="yes", pbr_data="yes", discs=1)
    assert price(prices, request).net.low == Money.of(str(480 + 2 * 320 + 10 * 54 + 280 + 280 + 250 + 300))
    assert price(prices, asked(datasets=1, identifiability="identifiable")).net.low == Money.of(
        str(480 + 320 + 54 + 140)
    )


def test_hes_2012_an_amendment_within_a_month_replaces_the_application_fee_and_nothing_else() -> None:
    prices = shipped("hes-2012-13")
    soon = price(prices, asked(request="amendment", days_since_delivery=31, datasets=1))
    assert soon.net.low == Money.of(str(150 + 320 + 54))
    [struck] = [line for line in soon.lines if line.replaced_by]
    assert (struck.line_id, struck.replaced_by, struck.net.low) == ("application", "amendment", Money(0))
    late = price(prices, asked(request="amendment", days_since_delivery=32, datasets=1))
    assert late.net.low == Money.of(str(480 + 320 + 54))


@pytest.mark.parametrize(("licence", "pounds"), [("basic", 45_000), ("standard", 82_500), ("full", 363_000)])
def test_cprd_2023_licences_are_for_twelve_months_and_without_vat(licence: str, pounds: int) -> None:
    prices = shipped("cprd-2023")
    year, longer = price(prices, asked(licence=licence)), price(prices, asked(licence=licence, months=13))
    assert (year.net.low, year.gross.low) == (Money(pounds * 100), Money(pounds * 120))
    assert longer.net.low == Money(pounds * 200)


def test_cprd_2023_an_academic_licence_for_a_commercial_study_hands_a_price_on() -> None:
    own = price(shipped("cprd-2023"), asked(licence="full"))
    commercial = price(shipped("cprd-2023"), asked(licence="full", funder="commercial"))
    assert own.open == ()
    assert [line.line_id for line in commercial.open] == ["commercial-study"]
    assert [line.line_id for line in price(shipped("cprd-2023"), asked(licence="full", applicant="sme")).open] == [
        "licence-sme"
    ]


def test_cprd_2023_the_first_stage_of_a_new_linkage_is_free_and_others_charges_are_handed_on() -> None:
    prices = shipped("cprd-2023")
    first = price(prices, asked(licence="basic", new_linkage_stages=1))
    assert net(first, "new-linkage-first") == Money(0)
    assert first.open == ()
    second = price(prices, asked(licence="basic", new_linkage_stages=2, passed_on={"third-parties": Money.of("1030")}))
    assert net(second, "third-parties") == Money.of("1030")
    assert [line.line_id for line in second.open] == ["new-linkage"]


def test_sail_data_are_free_and_nothing_is_charged_for_a_refused_application() -> None:
    prices = shipped("sail")
    priced = price(prices, asked(datasets=3, rate="standard"))
    assert net(priced, "data") == Money(0)
    assert prices.refusal.rule == "nothing"
    assert not any(isinstance(line.price, (Table,)) for line in prices.lines)


def test_phe_2020_review_amendments_and_hours_with_vat_unless_exempt() -> None:
    prices = shipped("phe-odr-2020-21")
    priced = price(prices, asked(hours=3))
    assert (priced.net.low, priced.vat.low) == (Money.of("2079.00"), Money.of("415.80"))
    exempt = price(prices, asked(hours=3, vat_exempt="yes"))
    assert (exempt.net.low, exempt.vat.low) == (Money.of("2079.00"), Money(0))
    assert price(prices, asked(request="amendment")).net.low == Money.of("415.80")


def test_phe_2020_unknown_hours_stay_open_and_tell_the_rate() -> None:
    priced = price(shipped("phe-odr-2020-21"), asked(hours=None))
    lines = {line.line_id: line for line in priced.open}
    assert "£415.80 each" in lines["work"].how
    assert lines["work"].open == "the number of hours is not known yet"


@pytest.mark.parametrize("applicant", ["student", "lmic"])
def test_uk_biobank_2021_students_and_lower_income_countries_pay_500(applicant: str) -> None:
    priced = price(shipped("uk-biobank-2021"), asked(months=36, applicant=applicant, scope="tier-3"))
    assert priced.net.low == Money.of("500")
    assert priced.open == ()
    academic = price(shipped("uk-biobank-2021"), asked(months=36, scope="tier-3", institutions=2))
    assert [line.line_id for line in academic.open] == ["access", "collaborators"]


def test_own_example_an_infrastructure_charges_by_number_of_datasets_and_class_of_processing() -> None:
    prices = shipped("example-infrastructure")
    for datasets, pounds in ((1, 80), (2, 200), (5, 200), (6, 450), (20, 450)):
        assert price(prices, asked(datasets=datasets)).net.low == Money(pounds * 100)
    assert price(prices, asked(datasets=21)).open[0].open == "more than 20 are not on the list"
    assert price(prices, asked(datasets=6, processing="linkage")).net.low == Money.of("675")
    assert price(prices, asked(datasets=6, subscriber="yes")).net.low == Money.of("90")
    assert price(prices, asked(datasets=20, subscriber="yes")).net.low == Money.of("150")
    assert price(prices, asked(request="subscription", months=24, applicant="sme")).net.low == Money.of("3000")


def test_own_example_only_datasets_of_a_class_are_counted() -> None:
    from orchestrator.billing.grammar import read_list

    from .conftest import WRITTEN

    text = WRITTEN + "  - {id: report, says: R, amount: 5, count: datasets, only: {class: report}, source: A test}\n"
    datasets = (
        AskedDataset(key="a", traits={"class": "report"}),
        AskedDataset(key="b", traits={"class": "standard"}),
        AskedDataset(key="c"),
    )
    request = Request(start=date(2026, 4, 1), last=date(2027, 3, 31), answers={"applicant": "nhs"}, datasets=datasets)
    assert net(price(read_list(text), request), "report") == Money.of("5")
