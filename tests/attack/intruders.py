"""A filled house for intruders: everything of one project's people and custodians, and people who are none of them.

Whatever is private carries a word that must never reach somebody else: ``SECRET`` in what the project's people and
the hub keep, ``NORTH`` in what is between the applicant and the north alone. Once the house is filled nothing is
committed any more: each change is carried out up to its commit, noted, and undone (``Record.rehearse``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from joserfc import jwt
from joserfc.jwk import RSAKey

from orchestrator.access.enquiries.model import OfferKind
from orchestrator.access.forms.model import FormItem, Kind, Question, Section
from orchestrator.adapters.visas import make_key
from orchestrator.airlock.fakes import FakeInspector
from orchestrator.airlock.model import Choice, Finding, Severity, Submission
from orchestrator.airlock.states import State
from orchestrator.airlock.worker import Worker
from orchestrator.alliance.accreditation.checklist import Subject
from orchestrator.alliance.uses.model import Purpose
from orchestrator.audit.fakes import FakeSigner
from orchestrator.billing.model import INFRASTRUCTURE
from orchestrator.core.errors import Conflict
from orchestrator.core.events import Event
from orchestrator.discovery.catalogue.service import CatalogueService
from orchestrator.discovery.harvest.model import Authentication
from orchestrator.discovery.search.model import Asked
from orchestrator.transparency.federation.model import Kind as DocumentKind
from tests import deciding
from tests.cli.conftest import LETTER
from tests.web.test_fees import example
from tests.web.world import World, _role, answers, day, description, make_world, moment

SECRET = "zqsecret"
NORTH = "zqnorth"

NOBODY = "nobody"
SEATS = {
    "fresh": "stranger",
    "lead": "researcher",
    "member": "colleague",
    "rival": "rival",
    "north": "officer",
    "south": "other officer",
    "east": "far officer",
    "checker": "checker",
    "judge": "lead",
    "panel": "panellist",
    "concierge": "concierge",
    "operator": "operator",
    "deputy": "second operator",
}
"""Who tries, by the word of the table; the other word is the person's in the world."""

OUTSIDE = ("fresh", "rival", "east")
"""Signed in, and concerned with nothing of the project at all."""


class WouldChange(Conflict):
    """A change was carried out up to its commit and undone."""


@dataclass
class Filled:
    """The house, what there is in it by the name of a parameter, and what a request would have written."""

    world: World
    own: dict[str, str] = field(default_factory=dict)
    """Things of the project's people and of the north, by parameter."""
    other: dict[str, str] = field(default_factory=dict)
    """Things of the same kinds that belong to the rival and to the east."""
    written: list[Event] = field(default_factory=list)

    def rehearse(self) -> None:
        """Commit nothing from now on."""

        def instead(events: Sequence[Event]) -> NoReturn:
            self.written.extend(events)
            raise WouldChange("This would have been written.")

        self.world.house.record.rehearse(instead)

    def taken(self) -> list[Event]:
        """Return what would have been written since the last call."""
        found = list(self.written)
        self.written.clear()
        return found


@contextmanager
def filled(directory: Path) -> Iterator[Filled]:
    """Fill a house; at the end its record is closed."""
    make_key(directory / "visas.pem")
    broker = RSAKey.generate_key(2048, {"kid": "broker"})
    (directory / "broker.json").write_text(json.dumps({"keys": [broker.as_dict(private=False)]}))
    trusted = {"issuer": "development", "keys_file": str(directory / "broker.json"), "types": ["ResearcherStatus"]}
    settings = {"visas": {"trusted": [trusted], "key_file": str(directory / "visas.pem")}}
    made = Filled(world=make_world(directory / "state", **settings))
    for step in (
        _people,
        _decided,
        _questions,
        _applications,
        _airlock,
        _money,
        _gateway,
        _alliance,
        _hubs,
        _enquiries,
    ):
        step(made)
    _visa(made, broker)
    _others(made)
    yield made
    made.world.house.record.engine.dispose()


def _people(made: Filled) -> None:
    world, identity = made.world, made.world.house.identity
    operator = world.actor("operator")
    for key, name in (
        ("rival", "Rita Rival"),
        ("far officer", "Olaf Officer"),
        ("panellist", "Petra Panel"),
        ("concierge", "Connie Concierge"),
    ):
        mail = f"{key.replace(' ', '.')}@example.org"
        world.people[key] = identity.register_person(
            operator, name, mail, "development", key, affiliation="Elsewhere"
        ).person_id
    custodian = world.house.alliance.register_custodian(operator, "East Mental Health Trust").custodian_id
    world.custodians["far officer"] = custodian
    _role(world, "far officer", "custodian", custodian)
    for key in ("concierge", "third checker"):
        _role(world, key, "concierge")
    identity.record_training(operator, world.people["rival"], "Safe researcher", moment(200))
    identity.record_accreditation(operator, world.people["rival"], "AR-rival", moment(300))
    lead = world.people["researcher"]
    training = identity.record_training(operator, lead, f"Course {SECRET}", moment(200))
    accreditation = identity.record_accreditation(operator, lead, f"AR {SECRET}", moment(300))
    proposed = identity.propose_role(operator, world.people["colleague"], "checker", moment(100))
    made.own |= {
        "person_id": lead,
        "member": world.people["colleague"],
        "fresh": world.people["stranger"],
        "panellist": world.people["panellist"],
        "second concierge": world.people["third checker"],
        "training_id": training.training_id,
        "accreditation_id": accreditation.accreditation_id,
        "holding_id": proposed.holding_id,
        "custodian_id": world.custodians["officer"],
        "body_id": world.custodians["officer"],
        "issuer": world.custodians["officer"],
        "south": world.custodians["other officer"],
        "dataset_id": world.datasets["officer"],
        "version_id": world.house.discovery.versions(world.datasets["officer"])[0].version_id,
        "south dataset": world.datasets["other officer"],
        "project_id": world.project,
        "register_id": world.project,
    }


def _questions(made: Filled) -> None:
    """The north asks a question of its own, and has a lay panel of one."""
    world, access = made.world, made.world.house.access
    officer, north = world.actor("officer"), world.custodians["officer"]
    question = access.forms.define(
        officer,
        Question(
            question_id="own-north",
            owner=north,
            section=Section.DATA,
            title=f"Which wards, {NORTH}?",
            guidance="",
            kind=Kind.TEXT,
        ),
    )
    items = [FormItem(question_id=question.question_id, version=0, required=False, guidance="")]
    access.forms.publish(officer, north, items, panel=1)
    access.panels.add(officer, north, world.people["panellist"])


def _draft(world: World, title: str) -> str:
    said = replace(answers(world, title), purpose=f"To compare {SECRET}.")
    why = {
        world.custodians["officer"]: f"The north, {NORTH}.",
        world.custodians["other officer"]: f"The south, {SECRET}.",
    }
    lead = world.actor("researcher")
    return world.house.access.draft(lead, said, list(world.datasets.values()), justifications=why).application_id


def _decided(made: Filled) -> None:
    """An application that its custodians approved before the north had questions and a panel."""
    world, access = made.world, made.world.house.access
    made.own["decided"] = decided = _draft(world, f"decided {SECRET}")
    access.submit(world.actor("researcher"), decided)
    for key, reason in (("officer", NORTH), ("other officer", SECRET)):
        deciding.decide(
            access,
            world.actor(key),
            decided,
            world.custodians[key],
            approve=True,
            reason=f"Because {reason}.",
            agreement_until=day(150),
        )


def _applications(made: Filled) -> None:
    """A draft, one before its custodians, one that was given back, and the running project's."""
    world, access = made.world, made.world.house.access
    lead, officer, north = world.actor("researcher"), world.actor("officer"), world.custodians["officer"]
    draft, submitted, returned = (_draft(world, f"{state} {SECRET}") for state in ("draft", "submitted", "returned"))
    for application in (draft, submitted, returned):
        access.answers.answer(lead, application, {"own-north": f"Three {NORTH}."})
    world.house.data_uses.declare(lead, submitted, Purpose(commercial=False, words=f"To learn {SECRET}."))
    for application in (submitted, returned):
        access.submit(lead, application)
    comment = access.talks.comment(lead, submitted, north, f"Please note {NORTH}.")
    access.talks.comment(officer, submitted, north, f"Among us {NORTH}.", internal=True)
    deciding.ask_changes(access, officer, returned, north, f"Change this {NORTH}.", questions=["own-north"])
    grants = access.project_record(world.project).grants
    made.own |= {
        "application_id": world.application,
        "draft": draft,
        "submitted": submitted,
        "returned": returned,
        "comment": comment.comment_id,
        "read": access.reading(officer, submitted, north),
        "read whole": access.readings(world.actor("operator"), made.own["decided"]).whole,
        "grant_id": next(each.grant_id for each in grants if each.custodian_id == north),
    }
    evidence = world.house.evidence
    piece = evidence.record(
        lead, world.application, "dpia", reference=f"D {SECRET}", valid_from=day(-1), valid_until=day(100)
    )
    evidence.hand_in(lead, piece.evidence_id, LETTER)
    organisation = evidence.record_of_organisation(
        lead, "Institute of Health", "dspt", reference=f"O {SECRET}", valid_from=day(-1), valid_until=day(100)
    )
    letter = hashlib.sha256(LETTER).hexdigest()
    made.own |= {
        "letter sha256": letter,
        "evidence_id": piece.evidence_id,
        "organisation evidence": organisation.evidence_id,
    }


def _airlock(made: Filled) -> None:
    world = made.world
    world.house.workspaces.open(world.actor("researcher"), world.project)
    world.awake()
    files = {"table.csv": b"arm,n\nplacebo,120\ntreated,118\n", "picture.html": b"<p>Nothing to see.</p>\n"}
    released = world.released({"out.csv": files["table.csv"]})
    secret, _ = world.house.airlock.make_link(world.actor("researcher"), released.submission_id)
    waiting = _waiting(world, files)
    signing = _signing(world, files)
    file = waiting.files[0]
    opened = world.house.airlock.open_file(world.actor("second checker"), waiting.submission_id, file.file_id).file
    world.house.airlock.vote(
        world.actor("second checker"),
        waiting.submission_id,
        file.file_id,
        choice=Choice.CHANGES,
        comment=f"Mend {SECRET}.",
        binding=opened.binding,
        acknowledged=[each.key for each in opened.findings if each.needs_answer],
    )
    case = world.house.training.queue(world.actor("checker"))[0]
    made.own |= {
        "submission_id": waiting.submission_id,
        "file_id": file.file_id,
        "framed file": waiting.files[1].file_id,
        "finding": next((each.key for each in opened.findings), "0" * 32),
        "binding": opened.binding,
        "seen": str(world.seen(waiting).version),
        "seen of signing": str(world.house.airlock.view(world.actor("researcher"), signing).submission.version),
        "released": released.submission_id,
        "released file": released.files[0].file_id,
        "release secret": secret,
        "signing": signing,
        "case_id of training": case.case_id,
        "sha256 of training": case.sha256,
    }


def _waiting(world: World, files: dict[str, bytes]) -> Submission:
    """Hand results in, of which the checks flag something, and have them scanned."""
    flagged = Finding(rule="test.words", severity=Severity.FLAG, where="", message=f"Look {SECRET}.", guidance="")
    made = world.submitted(files, f"Ages {SECRET}", f"rounded {SECRET}")
    worker = world.worker()
    inspecting = Worker.of(
        world.house.airlock_desk, worker.intake._sessions, FakeInspector(extra=[flagged]), worker.releasing._signer
    )
    assert inspecting.scanning.scan(made.submission_id) is State.IN_REVIEW
    return world.seen(made)


def _signing(world: World, files: dict[str, bytes]) -> str:
    """Have the north ask for its sign-off from now on, and results that wait for it."""
    alliance, north = world.house.alliance, world.custodians["officer"]
    published = alliance.publish_terms(
        world.actor("officer"), north, text="Use with care.", valid_until=moment(350), release_signoff=True
    )
    for person in ("researcher", "colleague"):
        alliance.accept_terms(world.actor(person), north, published.version)
    made = world.in_review(files, title=f"To sign {SECRET}")
    for checker in ("second checker", "third checker"):
        world.review(checker, made)
    assert world.seen(made).state is State.SIGN_OFF
    return made.submission_id


def _money(made: Filled) -> None:
    """A price list, a waiver, a quote that waits, one that was ordered, an invoice."""
    world, billing = made.world, made.world.house.billing
    lead, officer, north = world.actor("researcher"), world.actor("officer"), world.custodians["officer"]
    prices = example("custodian")
    published = billing.publish(officer, north, prices)
    billing.publish(world.actor("operator"), INFRASTRUCTURE, example("infrastructure"))
    waiver = billing.grant_waiver(officer, north, made.own["submitted"], percent=10, reason="New here.", until=day(30))
    waiting, ordered = (
        billing.ask_quote(lead, application, north, answers={"applicant": "academic"})
        for application in (made.own["submitted"], world.application)
    )
    billing.offer_quote(officer, ordered.quote_id)
    order = billing.accept_quote(lead, ordered.quote_id, bill_to=f"Finance {NORTH}")
    invoice = billing.invoice_order(officer, order.order_id)
    made.own |= {
        "later prices": example("custodian").replace(
            f"{day(-30)}, until: {day(300)}", f"{day(301)}, until: {day(600)}"
        ),
        "list_id": published.list_id,
        "waiver_id": waiver.waiver_id,
        "quote_id": ordered.quote_id,
        "asked quote": waiting.quote_id,
        "order_id": order.order_id,
        "invoice_id": invoice.invoice_id,
    }


def _gateway(made: Filled) -> None:
    """A catalogue entry, an endpoint with a pull, a kept search."""
    world, house = made.world, made.world.house
    officer, north = world.actor("officer"), world.custodians["officer"]
    house.catalogue.refresh()
    entry = next(each for each in house.catalogue.entries() if each.dataset_id == world.datasets["officer"])
    imported = {**description("Imported wards", "North Hospital Trust"), "identifier": "an-import"}
    _import(house.catalogue, world, imported)
    alone = next(each for each in house.catalogue.entries(custodian_id=north) if each.dataset_id is None)
    endpoint = house.harvest.register_endpoint(
        officer,
        custodian_id=north,
        name=f"Endpoint {NORTH}",
        address=f"https://{NORTH}.example.org/api",
        datasets_path="/datasets",
        dataset_path="/datasets/{id}",
        authentication=Authentication.NONE,
        secret_name="",
        hour=3,
        minute=15,
    )
    pull = house.harvest.ask_for_test(officer, endpoint.endpoint_id)
    kept = house.saved_searches.keep(world.actor("researcher"), f"My {SECRET}", Asked(words=SECRET))
    made.own |= {
        "entry_id": entry.entry_id,
        "imported entry": alone.entry_id,
        "endpoint_id": endpoint.endpoint_id,
        "pull_id": pull.pull_id,
        "search_id": kept.search_id,
    }


def _import(catalogue: CatalogueService, world: World, record: dict[str, object]) -> None:
    catalogue.import_records(
        world.actor("officer"), [record], source="A file", custodian_id=world.custodians["officer"]
    )


def _alliance(made: Filled) -> None:
    """The north's accreditation with evidence, a departure that was announced, a sheet, conditions that wait."""
    world, house = made.world, made.world.house
    officer, north = world.actor("officer"), world.custodians["officer"]
    case = house.accreditation.open_case(officer, Subject.CUSTODIAN, north)
    item = house.accreditation.checklists[Subject.CUSTODIAN].items[0]
    given = house.accreditation.give_evidence(officer, case.case_id, item.key, f"Shelf {NORTH}", moment(200))
    house.onboarding.propose_conditions(world.actor("operator"), "Everybody keeps to this.", moment(100))
    departure = house.onboarding.announce_departure(officer, north, moment(200), f"We leave {NORTH}.")
    house.audit.sign_head(FakeSigner())
    made.own |= {
        "case_id": case.case_id,
        "body evidence": given.evidence[0].evidence_id,
        "departure_id": departure.departure_id,
        "sheet_id": house.sheets.issue(officer, north).sheet_id,
    }


def _hubs(made: Filled) -> None:
    """A hub whose keys wait for a second operator, an offer of ours, a document for others."""
    world, house = made.world, made.world.house
    operator = world.actor("operator")
    hub = house.federation.trust(operator, origin="tre/elsewhere", name="Hub Elsewhere", keys={1: bytes(range(32))})
    house.federation.export(operator, DocumentKind.CATALOGUE, name="Here")
    house.audit.sign_head(FakeSigner())
    made.own["hub_id"] = hub.hub_id


def _enquiries(made: Filled) -> None:
    world, enquiries = made.world, made.world.house.enquiries
    offer = enquiries.publish_offer(world.actor("operator"), OfferKind.CURATION, "Curation", "We mend data.")
    asked = enquiries.ask(world.actor("researcher"), f"Is there data on {SECRET}?")
    enquiries.answer(world.actor("concierge"), asked.enquiry_id, f"Perhaps, {SECRET}.")
    secret = enquiries.ask_without_account(f"A stranger asks of {SECRET}.").secret
    made.own |= {"offer_id": offer.offer_id, "enquiry_id": asked.enquiry_id, "asked secret": secret}


def _visa(made: Filled, broker: RSAKey) -> None:
    world = made.world
    now = int(world.house.record.clock().timestamp())
    visa = {"type": "ResearcherStatus", "asserted": now, "value": f"https://doi.org/{SECRET}", "by": "so"}
    visa["source"] = "https://university.example"
    claims = {"iss": "development", "sub": "researcher", "iat": now, "exp": now + 3600, "ga4gh_visa_v1": visa}
    token = jwt.encode({"alg": "RS256", "kid": "broker"}, claims, broker)
    (taken,) = world.house.visas.accept(world.actor("researcher"), [token])
    made.own |= {"visa_id": taken.visa_id, "visa": token}


def _others(made: Filled) -> None:
    """The rival's project at the east: what an address could mix with things of the north."""
    world, house = made.world, made.world.house
    rival, officer, east = world.actor("rival"), world.actor("far officer"), world.custodians["far officer"]
    house.alliance.publish_terms(officer, east, text="For research only.", valid_until=moment(350))
    document = description("Mental health admissions", "East Mental Health Trust")
    dataset = house.discovery.register_dataset(officer, custodian_id=east, name="minds", description=document)
    source = house.settings.state / "source" / "minds"
    source.mkdir(parents=True)
    (source / "people.csv").write_text("person,age\n1,70\n")
    house.discovery.mark_sealed(house.discovery.add_files_version(officer, dataset.dataset_id, source).version_id)
    said = replace(answers(world, "Sleep and work"), members=())
    application = house.access.draft(rival, said, [dataset.dataset_id], justifications={east: "Needed."})
    house.access.submit(rival, application.application_id)
    deciding.decide(
        house.access, officer, application.application_id, east, approve=True, reason="", agreement_until=day(150)
    )
    house.alliance.accept_terms(rival, east, 1)
    project = deciding.approve_project(house.access, world.actor("operator"), application.application_id)
    draft = house.access.draft(rival, replace(said, title="Another"), [dataset.dataset_id], justifications={})
    made.other |= {
        "person_id": world.people["rival"],
        "custodian_id": east,
        "issuer": east,
        "dataset_id": dataset.dataset_id,
        "application_id": application.application_id,
        "draft": draft.application_id,
        "project_id": project.project_id,
        "register_id": project.project_id,
        "grant_id": project.grants[0].grant_id,
        "training_id": house.identity.record_training(
            world.actor("operator"), world.people["rival"], "Another course", moment(200)
        ).training_id,
    }
    house.catalogue.refresh()
    house.register.bring_up_to_date()
    house.search.catch_up(10)
