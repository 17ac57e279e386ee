"""A real Chromium on the pages of the hub: no accessibility violation, no complaint of the browser."""

from __future__ import annotations

import pytest

from orchestrator.access.enquiries.model import OfferKind
from orchestrator.alliance.accreditation.checklist import Subject
from tests.web.chromium import NEEDED, opened
from tests.web.test_enquiries import QUESTION, with_concierge
from tests.web.world import World, moment

pytestmark = NEEDED


@pytest.fixture(scope="module")
def told(served: World) -> dict[str, str]:
    """Things to look at."""
    with_concierge(served)
    service = served.house.enquiries
    offer = service.publish_offer(served.actor("operator"), OfferKind.CURATION, "Registers", "We make registers.")
    asked = service.ask(served.actor("researcher"), QUESTION, offer_id=offer.offer_id)
    service.answer(served.actor("concierge"), asked.enquiry_id, "The north has them.")
    case = served.house.accreditation.open_case(
        served.actor("officer"), Subject.CUSTODIAN, served.custodians["officer"]
    ).case_id
    served.house.accreditation.give_evidence(served.actor("officer"), case, "terms", "Ours", moment(9), sha256="a" * 64)
    hub = served.house.accreditation.register_hub(served.actor("operator"), "Northern hub")
    served.house.accreditation.open_case(served.actor("operator"), Subject.HUB, hub.hub_id)
    served.house.onboarding.propose_conditions(served.actor("operator"), "We keep to the law.", moment(9))
    served.house.onboarding.announce_departure(
        served.actor("other officer"), served.custodians["other officer"], moment(9), "We merge."
    )
    return {"case": case, "enquiry": asked.enquiry_id, "secret": service.ask_without_account(QUESTION).secret}


PAGES = [
    (None, "/enquiries"),
    (None, "/asked/{secret}"),
    ("researcher", "/enquiries"),
    ("researcher", "/enquiries/{enquiry}"),
    ("concierge", "/enquiries/{enquiry}"),
    ("operator", "/enquiries"),
    (None, "/alliance"),
    ("officer", "/alliance"),
    ("officer", "/alliance/cases/{case}"),
    ("operator", "/alliance"),
    ("operator", "/alliance/cases/{case}"),
]


@pytest.mark.parametrize(("role", "path"), PAGES)
def test_the_pages_of_the_hub_are_accessible(
    chromium: object, served: World, told: dict[str, str], role: str | None, path: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(chromium, served, role)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    assert page.goto(path.format(**told)).status == 200
    for summary in page.locator("details > summary").all():
        summary.click()
    results = Axe().run(page)
    report = results.generate_snapshot() + results.generate_report() if results.violations_count else ""
    page.context.close()
    assert not report, report
    assert complaints == []
