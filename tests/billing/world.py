"""Two custodians with prices, an application over both, and a meter that reads what a test put into it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from orchestrator.audit.record import Record
from orchestrator.billing.documents import Order, Quote
from orchestrator.billing.model import INFRASTRUCTURE
from orchestrator.billing.ports import FakeMeter
from orchestrator.billing.request import Usage
from orchestrator.billing.service import BillingService
from orchestrator.core.clock import FixedClock
from orchestrator.policy.model import Actor
from orchestrator.policy.service import Policy
from tests.access.conftest import World as AccessWorld

from .conftest import FEES

ACADEMIC = {"applicant": "academic"}


class World(AccessWorld):
    """The world of access, with fees."""

    def __init__(self, record: Record, policy: Policy, clock: FixedClock, directory: Path, **more: Any) -> None:
        super().__init__(record, policy, clock, directory, **more)
        self.meter = FakeMeter()
        self.billing = BillingService(record=record, policy=policy, meter=self.meter)
        self.access.beyond_orders = self.billing.beyond_orders

    def issuer(self, name: str) -> str:
        return INFRASTRUCTURE if name == INFRASTRUCTURE else self.custodians[name]

    def issuers_actor(self, name: str) -> Actor:
        return self.actor("operator" if name == INFRASTRUCTURE else f"officer_{name}")

    def publish(self, name: str, **changes: str) -> str:
        """Publish an example list for a custodian, or the infrastructure, with some of its text changed."""
        text = (FEES / f"example-{'infrastructure' if name == INFRASTRUCTURE else 'custodian'}.yaml").read_text()
        for old, new in changes.items():
            text = text.replace(old, new)
        return self.billing.publish(self.issuers_actor(name), self.issuer(name), text).list_id

    def asked(self, application_id: str, name: str = "a", **answers: Any) -> Quote:
        return self.billing.ask_quote(self.actor("lead"), application_id, self.issuer(name), answers=ACADEMIC | answers)

    def offered(self, application_id: str, name: str = "a", **answers: Any) -> Quote:
        quote = self.asked(application_id, name, **answers)
        return self.billing.offer_quote(self.issuers_actor(name), quote.quote_id)

    def ordered(self, application_id: str, name: str = "a", **answers: Any) -> Order:
        quote = self.offered(application_id, name, **answers)
        return self.billing.accept_quote(self.actor("lead"), quote.quote_id, bill_to="University of Nowhere, Finance")

    def use(self, project_id: str, month: str, **used: int) -> None:
        """Let the lead use something in a month; underscores stand for hyphens."""
        lead = self.people["lead"]
        self.meter.read[project_id, month] = [
            Usage(of=name.replace("_", "-"), quantity=number, month=month, user=lead) for name, number in used.items()
        ]

    def at(self, day: str) -> None:
        """Move the clock to a day."""
        self.clock.now = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(hours=9)
