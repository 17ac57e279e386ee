"""What was used is stated once, invoices are numbered without a gap, credits give back to the penny and no more."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from orchestrator.billing import invoices as room
from orchestrator.billing.credits import credit_lines
from orchestrator.billing.documents import InvoiceKind, InvoiceState, OrderState
from orchestrator.billing.model import INFRASTRUCTURE
from orchestrator.billing.room import digest
from orchestrator.billing.rules import check_month
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.core.money import Money

from .world import World


def at_start(world: World, *, day: str = "2026-12-03") -> tuple[str, str]:
    """A running project with an order of custodian “a”, placed on a day; returns project and order."""
    project = world.approved(a=True)
    world.at(day)
    return project.project_id, world.ordered(project.application_id).order_id


def test_what_an_order_costs_once_is_invoiced_once(world: World) -> None:
    _, order = at_start(world)
    made = world.billing.invoice_order(world.actor("officer_a"), order)
    assert (made.label, made.net, made.vat, made.due) == ("INV-000001", Money.of("1000"), Money(0), date(2027, 1, 2))
    assert digest(made.document) == made.sha256
    assert made.document["shares"] == {"infrastructure": 40_00, "issuer": 960_00}
    with pytest.raises(NotPossible, match="invoiced already, as INV-000001"):
        world.billing.invoice_order(world.actor("officer_a"), order)
    world.billing.credit(world.actor("officer_a"), made.invoice_id, reason="Wrong address.")
    assert world.billing.invoice_order(world.actor("officer_a"), order).label == "INV-000002"


def test_only_the_issuers_people_invoice_and_others_do_not_learn_of_it(world: World) -> None:
    _, order = at_start(world)
    with pytest.raises(Refused, match="another person has to decide"):
        world.billing.invoice_order(world.actor("lead"), order)
    for name in ("officer_b", "operator", "stranger"):
        with pytest.raises(NotFound):
            world.billing.invoice_order(world.actor(name), order)
    made = world.billing.invoice_order(world.actor("officer_a"), order)
    for name in ("lead", "member", "officer_a"):
        assert world.billing.invoice(world.actor(name), made.invoice_id) == made
        assert world.billing.invoices(world.actor(name)) == [made]
    for name in ("officer_b", "operator", "stranger"):
        with pytest.raises(NotFound):
            world.billing.invoice(world.actor(name), made.invoice_id)
        assert world.billing.invoices(world.actor(name)) == []


def test_numbers_have_no_gap_for_each_issuer_and_kind_also_when_something_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, order = at_start(world)
    shared = world.ordered(world.access.project_record(project).application_id, INFRASTRUCTURE).order_id
    officer, operator = world.actor("officer_a"), world.actor("operator")

    def failing(*_: object) -> str:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(room, "digest", failing)
        for _ in range(3):
            with pytest.raises(RuntimeError):
                world.billing.invoice_order(officer, order)
    assert world.billing.invoices(officer) == []
    first = world.billing.invoice_order(officer, order)
    assert world.billing.invoice_order(operator, shared).number == 1
    numbers = []
    for _ in range(3):
        numbers.append(world.billing.credit(officer, first.invoice_id, reason="Again.").number)
        first = world.billing.invoice_order(officer, order)
    assert (numbers, first.number) == ([1, 2, 3], 4)


def test_a_month_is_stated_when_it_is_over_once_and_from_what_was_recorded(world: World) -> None:
    project, order = at_start(world)
    officer = world.actor("officer_a")
    world.use(project, "2026-12", checks=15, user_months=1)
    with pytest.raises(NotPossible, match="2026-12 is not over; its statement can be made from 2027-01-01"):
        world.billing.statement(officer, order, "2026-12")
    so_far = world.billing.so_far(world.actor("lead"), order, "2026-12")
    assert so_far["priced"]["net"] == 5 * 900 + 2500  # type: ignore[index, call-overload]
    world.at("2027-01-01")
    stated = world.billing.statement(officer, order, "2026-12")
    world.use(project, "2026-12", checks=99)
    assert world.billing.statement(officer, order, "2026-12") == stated
    assert stated.sha256 == digest(stated.document)
    made = world.billing.invoice_month(officer, order, "2026-12")
    assert (made.month, made.gross) == ("2026-12", Money.of("70"))
    assert made.document["statement_sha256"] == stated.sha256
    with pytest.raises(NotPossible, match="invoiced already"):
        world.billing.invoice_month(officer, order, "2026-12")


@pytest.mark.parametrize(
    ("month", "kind", "says"),
    [
        ("2026-11", NotPossible, "meters from 2026-12"),
        ("2027-03", NotPossible, "not over"),
        ("2027-13", Invalid, "not a month"),
        ("27-1", Invalid, "not a month"),
    ],
)
def test_months_that_cannot_be_stated_are_refused(world: World, month: str, kind: type[Exception], says: str) -> None:
    _, order = at_start(world)
    world.at("2027-02-10")
    with pytest.raises(kind, match=says):
        world.billing.invoice_month(world.actor("officer_a"), order, month)


def test_a_month_without_use_costs_nothing_and_has_no_invoice(world: World) -> None:
    _, order = at_start(world)
    world.at("2027-01-05")
    with pytest.raises(NotPossible, match="nothing to pay"):
        world.billing.invoice_month(world.actor("officer_a"), order, "2026-12")


def test_expected_use_in_a_quote_is_not_charged_what_was_used_is(world: World) -> None:
    project = world.approved(a=True)
    world.at("2026-12-03")
    order = world.ordered(project.application_id, users=2, checks=500).order_id
    world.use(project.project_id, "2026-12", user_months=1)
    world.at("2027-01-02")
    assert world.billing.invoice_order(world.actor("officer_a"), order).gross == Money.of("1000")
    assert world.billing.invoice_month(world.actor("officer_a"), order, "2026-12").gross == Money.of("25")


def test_what_is_metered_without_an_agreed_price_is_stated_and_not_charged(world: World) -> None:
    text = (
        "series: own\ntitle: L\ncurrency: GBP\nvalid: {from: 2026-04-01}\nvat: {treatment: added, percent: 20}\n"
        "refused: {charge: nothing}\nsource: A test\nlines:\n"
        "  - {id: units, says: Units, by-quote: on asking, count: compute-units, billed: monthly, source: A test}\n"
        "  - {id: hours, says: Hours, amount: 0.40, count: workspace-hours, billed: monthly, source: A test}\n"
    )
    world.billing.publish(world.actor("officer_b"), world.custodians["b"], text)
    project = world.approved(b=True)
    world.at("2026-12-03")
    order = world.ordered(project.application_id, "b").order_id
    world.use(project.project_id, "2026-12", compute_units=7, workspace_hours=10)
    world.at("2027-01-02")
    made = world.billing.invoice_month(world.actor("officer_b"), order, "2026-12")
    assert (made.net, made.vat) == (Money.of("4"), Money.of("0.80"))
    assert [line["line"] for line in made.document["lines"]] == ["hours"]  # type: ignore[union-attr, index, call-overload]


def test_a_refused_application_pays_what_its_list_says(world: World) -> None:
    application = world.submitted(("a",)).application_id
    order, shared = world.ordered(application).order_id, world.ordered(application, INFRASTRUCTURE).order_id
    world.decide(application, "a", approve=False)
    made = world.billing.invoice_order(world.actor("officer_a"), order)
    assert made.gross == Money.of("600")
    with pytest.raises(NotPossible, match="nothing is charged"):
        world.billing.invoice_order(world.actor("operator"), shared)
    assert world.billing.spending(world.actor("lead"), application).spent == Money.of("600")


def test_a_credit_gives_back_lines_or_all_and_never_more(world: World) -> None:
    _, order = at_start(world)
    officer = world.actor("officer_a")
    made = world.billing.invoice_order(officer, order)
    credit = world.billing.credit
    part = credit(officer, made.invoice_id, reason="Half.", amounts={"dataset": Money.of("150")})
    assert (part.kind, part.label, part.gross) == (InvoiceKind.CREDIT, "CRN-000001", Money.of("150"))
    assert part.document["credits"] == "INV-000001"
    for amounts, says in (
        ({"dataset": Money.of("250.01")}, "£250.00 left"),
        ({"moon": Money(1)}, "no line"),
        ({"dataset": Money(-1)}, "not within"),
    ):
        with pytest.raises(Invalid, match=says):
            credit(officer, made.invoice_id, reason="More.", amounts=amounts)
    with pytest.raises(NotPossible, match="credit already"):
        credit(officer, part.invoice_id, reason="Back.")
    assert credit(officer, made.invoice_id, reason="All.").gross == Money.of("850")
    with pytest.raises(NotPossible, match="nothing left"):
        credit(officer, made.invoice_id, reason="More.")


@given(some.integers(1, 10**7), some.sampled_from([0, 5, 20]), some.integers(0, 100), some.data())
def test_any_way_of_crediting_all_gives_back_exactly_what_was_charged(
    net: int, percent: int, share: int, data: some.DataObject
) -> None:
    line = {
        "line": "x",
        "says": "X",
        "net": net,
        "vat": Money(net).times(percent).pence // 100,
        "vat_percent": str(percent),
        "infrastructure": Money(net).split((share, 101 - share))[0].pence,
        "source": "A test",
    }
    given: list[dict[str, object]] = []
    left = net
    while left:
        wanted = data.draw(some.integers(1, left)) if len(given) < 5 else left
        given.append({"lines": credit_lines({"lines": [line]}, given, {"x": Money(wanted)}, currency="GBP")})
        left -= wanted
    for name in ("net", "vat", "infrastructure"):
        given_back = [each["lines"][0][name] for each in given]  # type: ignore[index]
        assert sum(given_back) == line[name]
        assert min(given_back) >= 0


def test_a_payment_is_noted_once(world: World) -> None:
    _, order = at_start(world)
    officer = world.actor("officer_a")
    made = world.billing.invoice_order(officer, order)
    with pytest.raises(Refused):
        world.billing.record_payment(world.actor("lead"), made.invoice_id, "B1")
    assert world.billing.record_payment(officer, made.invoice_id, "B1").state is InvoiceState.PAID
    with pytest.raises(NotPossible):
        world.billing.record_payment(officer, made.invoice_id, "B2")


def test_a_new_order_takes_metering_over_with_the_next_month_and_none_is_charged_twice(world: World) -> None:
    project, first = at_start(world)
    application = world.access.project_record(project).application_id
    officer = world.actor("officer_a")
    world.at("2027-01-20")
    second = world.ordered(application).order_id
    assert world.billing.order(officer, first).state is OrderState.CLOSED
    for month in ("2026-12", "2027-01", "2027-02"):
        world.use(project, month, user_months=1)
    world.at("2027-03-02")
    for month, order, other in (("2026-12", first, second), ("2027-01", first, second), ("2027-02", second, first)):
        with pytest.raises(NotPossible, match="not among these months"):
            world.billing.statement(officer, other, month)
        assert world.billing.invoice_month(officer, order, month).gross == Money.of("25")
    world.billing.close_order(officer, second)
    with pytest.raises(NotPossible):
        world.billing.close_order(officer, second)


def test_a_project_over_its_budget_stops_and_goes_on_when_the_budget_is_raised(world: World) -> None:
    world.access.stops.append(world.billing.stops)
    project, order = at_start(world)
    application = world.access.project_record(project).application_id
    lead = world.actor("lead")
    world.billing.set_budget(lead, application, Money.of("1050"))
    world.use(project, "2026-12", user_months=1)
    assert world.access.standing(project).reasons == ()
    world.use(project, "2026-12", user_months=1, checks=13)
    assert world.billing.spending(lead, application).left == Money.of("-2")
    [reason] = world.access.standing(project).reasons
    assert "budget is used up" in reason
    assert world.held(world.access.project_record(project), "lead") == set()
    world.billing.set_budget(lead, application, Money.of("2000"))
    assert world.held(world.access.project_record(project), "lead") == {"a"}
    world.billing.set_budget(lead, application, Money.of("10"))
    assert world.access.standing(project).reasons
    world.billing.close_order(world.actor("officer_a"), order)
    assert world.access.standing(project).reasons == ()


def test_a_waiver_counts_for_the_months_it_holds(world: World) -> None:
    project, order = at_start(world)
    application = world.access.project_record(project).application_id
    officer = world.actor("officer_a")
    world.billing.grant_waiver(
        officer, world.custodians["a"], application, percent=40, reason="Teaching.", until=date(2026, 12, 31)
    )
    for month in ("2026-12", "2027-01"):
        world.use(project, month, user_months=1)
    world.at("2027-02-02")
    assert world.billing.invoice_month(officer, order, "2026-12").gross == Money.of("15")
    [(_, waiver)] = world.billing.waivers()
    assert waiver.until == date(2026, 12, 31)
    assert world.billing.invoice_month(officer, order, "2027-01").gross == Money.of("25")


@pytest.mark.parametrize(("month", "after"), [("2027-02", "2027-03-01"), ("2028-02", "2028-03-01")])
def test_february_is_over_after_its_last_day_also_in_a_leap_year(month: str, after: str) -> None:
    over = date.fromisoformat(after)
    with pytest.raises(NotPossible, match=f"from {after}"):
        check_month(month, (month, month), today=over - timedelta(days=1))
    check_month(month, (month, month), today=over)
