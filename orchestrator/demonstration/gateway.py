"""What stands around the demonstration's data: prices, terms of use, the hub's offers; and what people see of it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from orchestrator.access.enquiries.model import OfferKind
from orchestrator.alliance.uses.model import Clause
from orchestrator.assembly import House
from orchestrator.assembly.house import POLICIES
from orchestrator.billing.model import INFRASTRUCTURE
from orchestrator.core.errors import NotPossible, Refused
from orchestrator.policy.model import Actor
from orchestrator.transparency.sheets.verification import verify_sheet

__all__ = ["furnish", "see_costs", "see_sheet"]

_HEAD_SECONDS = 20.0
_INSIDE = (Clause(code="TRE:TRE-ONLY"), Clause(code="TRE:NO-REIDENTIFICATION"), Clause(code="TRE:DISCLOSURE-CONTROL"))
_USES = {
    "shared-care-omop": (Clause(code="DUO:0000006"), Clause(code="DUO:0000021"), *_INSIDE),
    "breast-cancer-trial": (Clause(code="DUO:0000042"), *_INSIDE),
    "pilot-trial-sdtm": (Clause(code="DUO:0000006"), Clause(code="TRE:NO-LINKAGE"), *_INSIDE),
}
_OFFERS = (
    (OfferKind.CONCIERGE, "Help with a question", "We tell you which data exist and draft the request with you."),
    (OfferKind.CURATION, "A curated register", "We build a register of a disease out of the data of your project."),
    (OfferKind.TRIALS, "Is a trial feasible?", "We count who could take part, in numbers that name nobody."),
    (OfferKind.ANALYTICS, "An analysis done for you", "Our analysts work in the environment and hand you results."),
)


def furnish(
    house: House, *, operator: Actor, officers: Mapping[str, Actor], datasets: Mapping[str, tuple[str, str]]
) -> None:
    """Publish example prices, terms of use and offers where there are none yet.

    ``officers`` are by custodian; ``datasets`` give each name's identifier and custodian.
    """
    today = house.record.clock().date()
    billing = house.billing
    if not billing.published(INFRASTRUCTURE):
        billing.publish(operator, INFRASTRUCTURE, _example("example-infrastructure", today))
    for custodian_id, officer in officers.items():
        if not billing.published(custodian_id):
            billing.publish(officer, custodian_id, _example("example-custodian", today))
    for name, (dataset_id, custodian_id) in datasets.items():
        if house.uses.current(dataset_id) is None:
            house.uses.publish(officers[custodian_id], dataset_id, _USES[name])
    if not house.enquiries.offers():
        for kind, title, words in _OFFERS:
            house.enquiries.publish_offer(operator, kind, title, words)


def _example(name: str, today: date) -> str:
    """Return one of the example lists, in force for a year from today."""
    text = (POLICIES / "fees" / f"{name}.yaml").read_text(encoding="utf-8")
    until = today + timedelta(days=364)
    return re.sub(r"(?m)^valid: .*$", f"valid: {{from: {today}, until: {until}}}", text)


def see_costs(estimates: list[dict[str, Any]], custodians: set[str]) -> None:
    """Look at an estimate: each custodian and the infrastructure have a part with lines of its own."""
    if {each["issuer"] for each in estimates} != {*custodians, INFRASTRUCTURE}:
        raise Refused("Not every custodian and the infrastructure have a part of the estimate.")
    for each in estimates:
        lines = each["priced"]["lines"] if each["priced"] else []
        if not lines:
            raise Refused(f"{each['issuer_name']} has no line in the estimate.")


def see_sheet(house: House, officer: Actor, custodian_id: str, project_id: str) -> None:
    """Issue a custodian's sheet, and look at it as a stranger would: genuine, complete, every check holding."""
    sheet = house.sheets.issue(officer, custodian_id)
    end = time.monotonic() + _HEAD_SECONDS
    while True:
        try:
            raw = house.sheets.signed(officer, sheet.sheet_id)
            break
        except NotPossible:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
    content, problems = verify_sheet(raw, house.audit.keys())
    failures = [failure for check in content.checks for failure in check.failures]
    if problems or failures:
        raise Refused("A custodian's sheet does not hold.", reasons=(*problems, *failures))
    if project_id not in {use.project_id for use in content.uses}:
        raise Refused("A custodian's sheet does not show the project.")
