"""Pages of fees: from a published price to a paid invoice, with who sees what and what is refused in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.billing.model import INFRASTRUCTURE
from tests.web.world import World, day, words

FEES = Path(__file__).parents[2] / "policies" / "fees"


def example(name: str) -> str:
    """An example list that holds today, whenever the test runs."""
    text = (FEES / f"example-{name}.yaml").read_text()
    return text.replace("from: 2026-04-01, until: 2027-03-31", f"from: {day(-30)}, until: {day(300)}")


@pytest.fixture
def priced(world: World) -> World:
    """The north and the infrastructure publish prices, on their pages."""
    north = world.custodians["officer"]
    for who, issuer, name in (("officer", north, "custodian"), ("operator", INFRASTRUCTURE, "infrastructure")):
        page = f"/fees/issuers/{issuer}"
        answer = world.browser(who).submit(f"{page}/lists", page=page, text=example(name))
        assert answer.status_code == 303, words(answer.text)
    return world


def link(text: str, pattern: str) -> str:
    found = re.search(rf'href="({pattern})"', text)
    assert found, f"no link {pattern}"
    return found[1]


def test_everybody_sees_prices_their_sources_and_the_list_as_it_was_written(priced: World) -> None:
    browser = priced.browser()
    overview = browser.get("/fees")
    assert "North Hospital Trust" in words(overview.text)
    lists = link(overview.text, "/fees/lists/[a-z2-7]{16}")
    text = words(browser.get(lists).text)
    assert "These amounts are an example" in text
    assert "Source" in text
    issuer = browser.get(f"/fees/issuers/{priced.custodians['officer']}").text
    own = link(issuer, "/fees/lists/[a-z2-7]{16}")
    assert browser.get(own + "/text").text == example("custodian").strip()
    assert "Publish" not in words(issuer)
    assert browser.get("/fees/waivers").status_code == 200
    assert browser.get("/fees/lists/aaaaaaaaaaaaaaaa").status_code == 404
    assert browser.get("/fees/issuers/aaaaaaaaaaaaaaaa").status_code == 404


def test_an_estimate_asks_what_prices_hang_on_and_keeps_nothing(priced: World) -> None:
    browser = priced.browser()
    dataset = priced.datasets["officer"]
    form = browser.get(f"/fees/estimate?dataset={dataset}")
    assert "Class of applicant" in words(form.text)
    assert "Number of checks" in words(form.text)
    asked = f"/fees/estimate?dataset={dataset}&start={day(0)}&last={day(300)}&applicant="
    text = words(browser.get(asked + "academic&users=2").text)
    assert "North Hospital Trust: £1,500.00" in text
    assert "1 dataset (Hospital admissions)" in text
    assert "The infrastructure: £96.00" in text
    wrong = browser.get(asked + "&users=many")
    assert wrong.status_code == 422
    assert "Choose: Class of applicant" in words(wrong.text)
    assert "whole number" in words(browser.get(asked + "academic&users=many").text)
    assert browser.get("/fees/estimate?dataset=zzz").status_code == 422
    empty = browser.get("/fees/estimate").text
    assert "Choose a dataset first" in words(empty)
    assert f'name="dataset" type="checkbox" value="{dataset}"' in empty


def test_only_an_issuers_people_publish_and_a_broken_list_is_told_where(priced: World) -> None:
    page = f"/fees/issuers/{priced.custodians['officer']}"
    answer = priced.browser("other officer").submit(f"{page}/lists", page="/account", text=example("custodian"))
    assert answer.status_code == 403
    broken = priced.browser("officer").submit(f"{page}/lists", page=page, text="series: x\nseries: y\n")
    assert broken.status_code == 422
    assert "written twice" in words(broken.text)
    again = priced.browser("officer").submit(f"{page}/lists", page=page, text=example("custodian"))
    assert again.status_code == 422
    assert "let the new list begin later" in words(again.text)


def ordered(world: World) -> str:
    """Go the whole way to an order on the pages; returns the quote's address."""
    researcher, officer = world.browser("researcher"), world.browser("officer")
    costs = f"/applications/{world.application}/costs"
    north = world.custodians["officer"]
    missing = researcher.submit(f"/applications/{world.application}/quotes/{north}", page=costs)
    assert missing.status_code == 422
    assert "Choose: Class of applicant" in words(missing.text)
    asked = researcher.submit(f"/applications/{world.application}/quotes/{north}", page=costs, applicant="academic")
    assert asked.status_code == 303, words(asked.text)
    quote = asked.headers["location"].partition("?")[0]
    assert "Offer it" in words(officer.get(quote).text)
    assert officer.submit(f"{quote}/offer", page=quote).status_code == 303
    text = words(researcher.get(quote).text)
    assert "Order at this price" in text
    assert "Offer it" not in text
    assert researcher.submit(f"{quote}/accept", page=quote, bill_to="").status_code == 422
    assert researcher.submit(f"{quote}/accept", page=quote, bill_to="Finance").status_code == 303
    return quote


def test_from_asking_to_paying_on_pages(priced: World) -> None:
    quote = ordered(priced)
    researcher, officer = priced.browser("researcher"), priced.browser("officer")
    order = re.search(r"/orders/([a-z2-7]{16})/", officer.get(quote).text)
    assert order
    issue = f"/orders/{order[1]}/invoices"
    issued = officer.submit(issue, page=quote)
    assert issued.status_code == 303, words(issued.text)
    invoice = issued.headers["location"].partition("?")[0]
    text = words(researcher.get(invoice).text)
    assert "Invoice INV-000001" in text
    assert "1 request × £600.00 = £600.00" in text
    gross = priced.house.billing.invoice(priced.actor("officer"), invoice.rpartition("/")[2]).gross
    assert f"To pay {gross} Due" in text, "what is to be paid stands above the lines"
    twice = officer.submit(issue, page=quote)
    assert twice.status_code == 422
    assert "invoiced already, as INV-000001" in words(twice.text)
    early = officer.submit(issue, page=quote, month=f"{day(0):%Y-%m}")
    assert "is not over" in words(early.text)
    assert researcher.get(f"/orders/{order[1]}/use/{day(0):%Y-%m}").status_code == 200
    assert officer.submit(f"{invoice}/paid", page=invoice, reference="B1").status_code == 303
    credited = officer.submit(f"{invoice}/credit", page=invoice, reason="Agreed.")
    assert "Credit CRN-000001" in words(researcher.get(credited.headers["location"]).text)
    assert officer.submit(f"{invoice}/credit", page=invoice, reason="Again.").status_code == 422
    overview = words(researcher.get("/quotes").text)
    assert "INV-000001" in overview
    assert "CRN-000001" in overview


def test_others_see_nothing_of_it(priced: World) -> None:
    quote = ordered(priced)
    for who in ("other officer", "stranger", "operator"):
        browser = priced.browser(who)
        assert browser.get(quote).status_code == 404
        assert quote not in browser.get("/quotes").text
    assert priced.browser().get(quote).status_code == 303
    own = priced.browser("researcher")
    assert own.submit(f"{quote}/offer", page="/account").status_code == 403


def test_a_budget_is_set_and_told_and_stops_an_order(priced: World) -> None:
    researcher = priced.browser("researcher")
    costs = f"/applications/{priced.application}/costs"
    budget = f"/applications/{priced.application}/budget"
    assert "such as 1030" in words(researcher.submit(budget, page=costs, limit="lots").text)
    assert researcher.submit(budget, page=costs, limit="100").status_code == 303
    assert "£100.00" in words(researcher.get(costs).text)
    north = priced.custodians["officer"]
    asked = researcher.submit(f"/applications/{priced.application}/quotes/{north}", page=costs, applicant="academic")
    assert asked.status_code == 422
    assert "there is £100.00 left" in words(asked.text)
    assert priced.browser("colleague").submit(budget, page=costs, limit="9").status_code == 403


def test_a_waiver_is_granted_shown_to_the_public_and_ended(priced: World) -> None:
    page = f"/fees/issuers/{priced.custodians['officer']}"
    officer = priced.browser("officer")
    fields = {"application": priced.application, "percent": "25", "reason": "Teaching.", "until": str(day(60))}
    assert "no line" in words(officer.submit(f"{page}/waivers", page=page, lines="moon", **fields).text)
    assert officer.submit(f"{page}/waivers", page=page, **fields).status_code == 303
    assert "25%" in words(priced.browser().get("/fees/waivers").text)
    end = re.search(r'action="(/fees/waivers/[a-z2-7]{16}/end)"', officer.get(page).text)
    assert end
    assert officer.submit(end[1], page=page).status_code == 303
    assert "ended" in words(priced.browser().get("/fees/waivers").text)


def test_the_same_over_the_api(priced: World) -> None:
    api, rosa, oskar = priced.api(), priced.bearer("researcher"), priced.bearer("officer")
    north = priced.custodians["officer"]
    lists = api.get("/api/v1/price-lists").json()["items"]
    assert {each["issuer"] for each in lists} == {north, INFRASTRUCTURE}
    assert api.get(f"/api/v1/price-lists/{lists[0]['list_id']}").json()["sha256"] == lists[0]["sha256"]
    wanted = {"datasets": [priced.datasets["officer"]], "start": str(day(0)), "last": str(day(300))}
    found = api.post("/api/v1/estimates", json=wanted | {"answers": {"applicant": "academic", "users": None}}).json()
    assert {each["issuer_name"] for each in found} == {"North Hospital Trust", "The infrastructure"}
    for answers in ({}, {"applicant": "pirate"}, {"applicant": ["academic", "sme"], "moon": 1}, {"applicant": 7}):
        assert api.post("/api/v1/estimates", json=wanted | {"answers": answers}).status_code == 422
    asked = f"/api/v1/applications/{priced.application}/quotes/{north}"
    assert api.post(asked, json={"answers": {}}).status_code == 401
    made = api.post(asked, json={"answers": {"applicant": "academic"}}, headers=rosa)
    assert made.status_code == 201, made.text
    quote = f"/api/v1/quotes/{made.json()['quote_id']}"
    assert api.get(quote, headers=priced.bearer("other officer")).status_code == 404
    assert api.post(f"{quote}/offer", json={"settled": {"application": 1}}, headers=oskar).status_code == 422
    assert api.post(f"{quote}/offer", json={}, headers=oskar).json()["state"] == "offered"
    order = api.post(f"{quote}/accept", json={"bill_to": "Finance"}, headers=rosa).json()["order_id"]
    issued = api.post(f"/api/v1/orders/{order}/invoices", json={}, headers=oskar)
    assert issued.json()["label"] == "INV-000001"
    invoice = f"/api/v1/invoices/{issued.json()['invoice_id']}"
    part = api.post(f"{invoice}/credits", json={"reason": "Half.", "lines": {"application": 300_00}}, headers=oskar)
    assert part.json()["document"]["gross"] == 300_00
    assert api.post(f"{invoice}/payment", json={"reference": "B1"}, headers=oskar).json()["state"] == "paid"
    assert len(api.get("/api/v1/invoices", headers=rosa).json()["items"]) == 2
    budget = api.put(f"/api/v1/applications/{priced.application}/budget", json={"pence": 10**6}, headers=rosa)
    assert budget.json()["left"] == 10**6 - budget.json()["spent"]
    assert api.post(f"/api/v1/orders/{order}/close", headers=oskar).json()["state"] == "closed"
    assert api.get("/api/v1/fee-waivers").json()["items"] == []
