"""A custodian that has left offers nothing in any room, its sources close, and what it owes to others can be done."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from orchestrator.access.forms.model import FormItem, Kind, Question, Section
from orchestrator.alliance.accreditation.checklist import Subject
from orchestrator.alliance.uses.service import UsesService
from orchestrator.audit.store import EntryRow as LogRow
from orchestrator.billing.ports import FakeMeter
from orchestrator.billing.service import BillingService
from orchestrator.core.errors import NotPossible
from orchestrator.discovery import store as datasets
from orchestrator.discovery.catalogue.service import CatalogueService
from orchestrator.discovery.harvest.model import Authentication, EndpointState
from orchestrator.discovery.harvest.pulling import Puller
from orchestrator.discovery.harvest.service import HarvestService
from tests.access.conftest import description
from tests.alliance.conftest import Alliance
from tests.alliance.onboarding.test_onboarding import leaving, published

ROOT = Path(__file__).parents[3]
PRICES = (ROOT / "policies" / "fees" / "example-custodian.yaml").read_text(encoding="utf-8")
ENDPOINT: dict[str, Any] = {
    "name": "Ours",
    "address": "https://data.example.org",
    "datasets_path": "/datasets",
    "dataset_path": "/datasets/{id}",
    "authentication": Authentication.NONE,
    "secret_name": "",
    "hour": 2,
    "minute": 0,
}


class Trust:
    """Custodian a with something in every room, and the rooms themselves."""

    def __init__(self, members: Alliance) -> None:
        world, record, policy = members.world, members.world.record, members.world.access._policy
        self.members, self.world, self.custodian = members, world, members.world.custodians["a"]
        self.officer = members.actor("officer_a")
        self.harvest = HarvestService(record=record, policy=policy, alliance=world.alliance)
        self.catalogue = CatalogueService(record, policy)
        self.uses = UsesService(
            record,
            policy,
            as_now=world.identity.as_now,
            owner_of=lambda session, dataset: datasets.dataset_row(session, dataset).custodian_id,
        )
        self.billing = BillingService(record=record, policy=policy, meter=FakeMeter())
        self.billing.publish(self.officer, self.custodian, PRICES)
        self.application = world.submitted(("a",)).application_id
        lead = world.actor("lead")
        self.quote = self.billing.ask_quote(
            lead, self.application, self.custodian, answers={"applicant": "academic"}
        ).quote_id
        self.endpoint = self.harvest.register_endpoint(self.officer, custodian_id=self.custodian, **ENDPOINT)
        record_of = description("A file's dataset") | {"identifier": "urn:file:1"}
        self.catalogue.import_records(self.officer, [record_of], source="files", custodian_id=self.custodian)
        self.conditions = published(members)

    def files(self) -> Path:
        folder = self.world.directory / "more"
        folder.mkdir(exist_ok=True)
        (folder / "people.csv").write_text("id\n1\n")
        return folder

    def question(self) -> Question:
        return Question(
            question_id="own-late", owner=self.custodian, section=Section.DATA, title="What else?", kind=Kind.TEXT
        )

    def item(self) -> FormItem:
        return FormItem(question_id="public-benefit", version=0, required=True)


Act = Callable[[Trust], object]

OFFERS: dict[str, Act] = {
    "registerDataset": lambda t: t.world.discovery.register_dataset(
        t.officer, custodian_id=t.custodian, name="late-set", description=description("Late")
    ),
    "describeDataset": lambda t: t.world.discovery.describe_dataset(
        t.officer, t.world.datasets["a"], description("Other words")
    ),
    "addVersion": lambda t: t.world.discovery.add_files_version(t.officer, t.world.datasets["a"], t.files()),
    "importRecords": lambda t: t.catalogue.import_records(
        t.officer, [description("X") | {"identifier": "x"}], source="files", custodian_id=t.custodian
    ),
    "registerEndpoint": lambda t: t.harvest.register_endpoint(t.officer, custodian_id=t.custodian, **ENDPOINT),
    "changeEndpoint": lambda t: t.harvest.change_endpoint(t.officer, t.endpoint.endpoint_id, **ENDPOINT),
    "testEndpoint": lambda t: t.harvest.ask_for_test(t.officer, t.endpoint.endpoint_id),
    "resumeEndpoint": lambda t: t.harvest.resume_endpoint(t.officer, t.endpoint.endpoint_id),
    "pullEndpoint": lambda t: t.harvest.ask_for_pull(t.officer, t.endpoint.endpoint_id),
    "publishTerms": lambda t: t.world.publish_terms("a"),
    "publishUses": lambda t: t.uses.publish(t.officer, t.world.datasets["a"], []),
    "publishForm": lambda t: t.world.access.forms.publish(t.officer, t.custodian, [t.item()]),
    "keepOwnQuestions": lambda t: t.world.access.forms.define(t.officer, t.question()),
    "keepPanel": lambda t: t.world.access.panels.add(t.officer, t.custodian, t.world.people["stranger"]),
    "publishPrices": lambda t: t.billing.publish(t.officer, t.custodian, PRICES),
    "grantFeeWaiver": lambda t: t.billing.grant_waiver(
        t.officer, t.custodian, t.application, percent=10, reason="Kind.", until=t.world.day(60)
    ),
    "offerQuote": lambda t: t.billing.offer_quote(t.officer, t.quote),
    "acceptConditions": lambda t: t.members.onboarding.accept_conditions(t.officer, t.custodian, t.conditions),
    "openCase": lambda t: t.members.accreditation.open_case(t.officer, Subject.CUSTODIAN, t.custodian),
}
"""By the name of the action, what an officer does to offer something in his custodian's name."""

GRANTS = {"decideApplication", "renewGrant"}
"""Whatever keeps a custodian from granting keeps one that left: see the tests of onboarding."""

STAYS = {
    *("withdrawDataset", "withdrawVersion", "withdrawEntry", "pauseEndpoint", "closeEndpoint", "decideOnPull"),
    *("withdrawGrant", "withdrawQuote", "endFeeWaiver", "issueInvoice", "creditInvoice", "recordPayment"),
    *("closeOrder", "askChanges", "noteOnPart", "writeOnPart", "stateForCustodian", "importRegister"),
    *("recordEvidence", "verifyEvidence", "rejectEvidence", "revokeEvidence", "giveBodyEvidence", "submitCase"),
    *("withdrawCase", "announceDeparture", "confirmDeparture", "withdrawDeparture"),
    *("readEvidenceDocument", "destroyEvidenceDocument", "rewordForRegister", "showDeparture"),
    *("showCase", "showEndpoint", "showEvidence", "showForm", "showSheet", "seeQuote"),
    "showApplicantsAccreditation",
}
"""Taking back, settling what is owed, telling the truth of what was, and looking; an ended departure ends no more."""


@pytest.fixture
def trust(members: Alliance) -> Trust:
    return Trust(members)


def left(trust: Trust, *, carried_out: bool = True) -> None:
    """Let the custodian's last day pass; ``carried_out``: the controller looked."""
    leaving(trust.members, days=3)
    trust.members.clock.advance(timedelta(days=3))
    if carried_out:
        assert trust.members.departures.chase() == 1


def log(trust: Trust) -> int:
    with trust.world.record.read() as session:
        return session.scalar(select(func.count()).select_from(LogRow)) or 0


def test_every_action_of_officers_is_known_as_an_offer_or_as_what_stays() -> None:
    written = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "policies/access").glob("*.cedar")))
    permits = re.findall(r"^permit \((.*?)\bresource\b(.*?);", written, re.DOTALL | re.MULTILINE)
    of_officers = [head for head, when in permits if "principal.custodians.contains(resource.custodian)" in when]
    actions = {name for head in of_officers for name in re.findall(r'Action::"(\w+)"', head)}
    own_rooms = {name for name in actions if name not in OFFERS.keys() | GRANTS | STAYS}
    assert own_rooms == set(), "say of a new action whether a custodian that has left may still do it"
    assert OFFERS.keys() <= actions


@pytest.mark.parametrize("carried_out", [True, False], ids=["gone", "day-has-come"])
def test_nothing_is_offered_any_more(trust: Trust, *, carried_out: bool) -> None:
    left(trust, carried_out=carried_out)
    before, refused = log(trust), set()
    for name, act in OFFERS.items():
        with pytest.raises(NotPossible, match=r"left the alliance after .* joins anew"):
            act(trust)
        refused.add(name)
    assert refused == OFFERS.keys()
    assert log(trust) == before


def test_who_applied_can_neither_ask_nor_order_at_its_prices(trust: Trust) -> None:
    trust.billing.offer_quote(trust.officer, trust.quote)
    left(trust)
    lead = trust.world.actor("lead")
    with pytest.raises(NotPossible, match="left the alliance"):
        trust.billing.accept_quote(lead, trust.quote, bill_to="University of Nowhere")
    trust.billing.decline_quote(lead, trust.quote)
    with pytest.raises(NotPossible, match="left the alliance"):
        trust.billing.ask_quote(lead, trust.application, trust.custodian, answers={"applicant": "academic"})


def test_its_sources_close_in_the_change_with_which_it_leaves(trust: Trust) -> None:
    other = trust.world.custodians["b"]
    kept = trust.harvest.register_endpoint(
        trust.members.actor("officer_b"), custodian_id=other, **ENDPOINT | {"name": "Theirs"}
    )
    pull = trust.harvest.ask_for_test(trust.officer, trust.endpoint.endpoint_id)
    left(trust)
    operator = trust.world.actor("operator")
    closed = trust.harvest.endpoint(operator, trust.endpoint.endpoint_id).endpoint
    assert (closed.state, closed.due_at) == (EndpointState.CLOSED, None)
    stopped = trust.harvest.pull(operator, pull.pull_id)
    assert stopped.trouble == "Trust a has left the alliance."
    assert trust.harvest.endpoint(operator, kept.endpoint_id).endpoint.state is EndpointState.REGISTERED
    titles = {entry.title for entry in trust.catalogue.entries()}
    assert titles == {"Dataset b"}, "offered and imported entries of the one that left are gone"
    puller = Puller(trust.world.record, fetcher=_Nobody(), secrets=_Nobody())
    assert puller.work(1) is False, "nothing is asked of it any more"


def test_what_it_owes_and_what_is_true_of_it_stays(trust: Trust) -> None:
    trust.billing.offer_quote(trust.officer, trust.quote)
    order = trust.billing.accept_quote(trust.world.actor("lead"), trust.quote, bill_to="University of Nowhere")
    left(trust)
    assert trust.billing.close_order(trust.officer, order.order_id).order_id == order.order_id
    assert trust.harvest.endpoints(trust.officer)
    assert trust.members.onboarding.joined(trust.custodian).barriers == ("This custodian has left the alliance.",)


def test_another_custodian_and_one_that_took_its_leaving_back_go_on(trust: Trust) -> None:
    departure = leaving(trust.members, days=3)
    OFFERS["publishTerms"](trust)
    trust.members.onboarding.withdraw_departure(trust.officer, departure.departure_id)
    trust.members.clock.advance(timedelta(days=4))
    assert trust.members.departures.chase() == 0
    OFFERS["registerDataset"](trust)
    left(trust)
    trust.world.publish_terms("b")
    assert trust.world.dataset("fresh", custodian="b")


class _Nobody:
    """Whoever is asked of a custodian that left would be asked in vain: nobody may be."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for")
