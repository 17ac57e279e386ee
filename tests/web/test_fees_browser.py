"""Fees in a real Chromium: no accessibility violation on any of their pages, and no sideways scrolling."""

from __future__ import annotations

import pytest

from orchestrator.billing.model import INFRASTRUCTURE
from tests.web.chromium import NEEDED, PICTURES, opened
from tests.web.test_fees import example
from tests.web.world import World, day

pytestmark = NEEDED


@pytest.fixture(scope="module")
def places(served: World) -> dict[str, str]:
    """Published lists, a waiver, a quote of each kind, an order with an invoice and a credit."""
    billing, north = served.house.billing, served.custodians["officer"]
    officer, operator, researcher = served.actor("officer"), served.actor("operator"), served.actor("researcher")
    own = billing.publish(officer, north, example("custodian"))
    billing.publish(operator, INFRASTRUCTURE, example("infrastructure"))
    billing.grant_waiver(officer, north, served.application, percent=10, reason="Teaching.", until=day(60))
    answers = {"applicant": "academic", "users": 2, "checks": 500}
    quote = billing.ask_quote(researcher, served.application, north, answers=answers)
    billing.offer_quote(officer, quote.quote_id)
    order = billing.accept_quote(researcher, quote.quote_id, bill_to="Finance Office\nUniversity")
    invoice = billing.invoice_order(officer, order.order_id)
    credit = billing.credit(officer, invoice.invoice_id, reason="Agreed.")
    waiting = billing.ask_quote(researcher, served.application, INFRASTRUCTURE, answers={"applicant": "academic"})
    billing.set_budget(researcher, served.application, billing.spending(researcher, served.application).spent)
    return {
        "list": own.list_id,
        "issuer": north,
        "dataset": served.datasets["officer"],
        "application": served.application,
        "ordered": quote.quote_id,
        "asked": waiting.quote_id,
        "order": order.order_id,
        "invoice": invoice.invoice_id,
        "credit": credit.invoice_id,
        "month": f"{day(0):%Y-%m}",
        "days": f"start={day(0)}&last={day(300)}",
    }


PAGES = [
    (None, "/fees"),
    (None, "/fees/waivers"),
    (None, "/fees/lists/{list}"),
    (None, "/fees/issuers/{issuer}"),
    (None, "/fees/estimate"),
    (None, "/fees/estimate?dataset={dataset}"),
    (None, "/fees/estimate?dataset={dataset}&{days}&applicant=academic&users=2&checks=500"),
    (None, "/fees/estimate?dataset={dataset}&{days}&applicant="),
    ("researcher", "/applications/{application}/costs"),
    ("researcher", "/quotes"),
    ("researcher", "/quotes/{asked}"),
    ("researcher", "/quotes/{ordered}"),
    ("researcher", "/orders/{order}/use/{month}"),
    ("researcher", "/invoices/{invoice}"),
    ("officer", "/fees/issuers/{issuer}"),
    ("officer", "/quotes/{ordered}"),
    ("officer", "/invoices/{invoice}"),
    ("officer", "/invoices/{credit}"),
    ("operator", "/quotes/{asked}"),
    ("operator", "/fees/issuers/infrastructure"),
]


@pytest.mark.parametrize("role", [None, "researcher", "officer", "operator"])
def test_no_page_of_fees_has_an_accessibility_violation_or_a_complaint_of_the_browser(
    chromium, served: World, places: dict[str, str], role: str | None
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(chromium, served, role)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    found = {}
    for who, path in PAGES:
        if who != role:
            continue
        answer = page.goto(path.format(**places))
        assert answer.status in (200, 422), path
        for summary in page.locator("details > summary").all():
            summary.click()
        results = Axe().run(page)
        if results.violations_count:
            found[path] = results.generate_snapshot() + results.generate_report()
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/fees-{role or 'public'}-{PAGES.index((who, path))}.png", full_page=True)
    page.context.close()
    assert [text for text in complaints if "422" not in text] == []
    assert not found, "\n".join(f"{path}: {report}" for path, report in found.items())


def test_tables_of_prices_scroll_by_themselves_on_a_narrow_screen(
    chromium, served: World, places: dict[str, str]
) -> None:
    page = opened(chromium, served, "researcher", width=320)
    for path in ("/fees/lists/{list}", "/quotes", "/quotes/{ordered}", "/invoices/{invoice}"):
        page.goto(path.format(**places))
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, (path, wide)
    page.context.close()


def test_no_amount_of_a_quote_or_an_invoice_is_out_of_sight_on_a_narrow_screen(
    chromium, served: World, places: dict[str, str]
) -> None:
    page = opened(chromium, served, "researcher", width=320)
    for path in ("/quotes/{ordered}", "/invoices/{invoice}"):
        page.goto(path.format(**places))
        amounts = page.locator("td.tre-amount").evaluate_all(
            "cells => cells.map(cell => [cell.innerText, cell.getBoundingClientRect().right])"
        )
        assert any("To pay" in text for text, _ in amounts), path
        assert [text for text, right in amounts if right > 320] == [], path
    page.context.close()
