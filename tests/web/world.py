"""A house of real rooms on SQLite with people in every role, and browsers that behave like browsers."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path

from fastapi.testclient import TestClient

from orchestrator.access.model import Answers
from orchestrator.airlock.fakes import FakeInspector, FakeSessions, FakeSigner
from orchestrator.airlock.model import Choice, Submission
from orchestrator.airlock.ports import LiveSession
from orchestrator.airlock.states import State
from orchestrator.airlock.submissions import Announced
from orchestrator.airlock.worker import Worker
from orchestrator.assembly import House, open_house
from orchestrator.core.ids import new_id
from orchestrator.policy.model import Actor
from orchestrator.settings import Settings
from orchestrator.web import make_app
from orchestrator.workspaces.store import WorkspaceRow
from tests import deciding
from tests.empty_record import lay_tables

ORIGIN = "http://localhost:8700"
SAFE = b"arm,n,mean age\nplacebo,120,71.2\ntreated,118,70.9\n"
SUMMARY = " ".join(["We compare how long people live with a condition under two treatments."] * 12)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


PNG = b"".join(
    (
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(b"\x00\x40\x80\xc0")),
        _chunk(b"IEND", b""),
    )
)
"""A whole picture of one pixel."""


def day(days: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=days)


def moment(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def description(title: str, custodian: str, abstract: str = "A register of simulated people.") -> dict[str, object]:
    return {
        "identifier": "226fb3f1-4471-400a-8c39-2b66d46a39b6",
        "version": "1.0.0",
        "revisions": [{"version": "1.0.0", "url": None}],
        "issued": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-02T00:00:00Z",
        "summary": {
            "title": title,
            "abstract": abstract,
            "dataCustodian": {"identifier": "x1", "name": custodian, "contactPoint": ["data@example.org"]},
            "populationSize": 2694,
            "contactPoint": "data@example.org",
        },
        "accessibility": {
            "access": {"accessRights": "https://example.org/rights", "jurisdiction": ["GB"]},
            "formatAndStandards": {
                "vocabularyEncodingScheme": ["SNOMED CT"],
                "conformsTo": ["OMOP"],
                "language": ["en"],
                "format": ["text/csv"],
            },
        },
        "coverage": {"spatial": "United Kingdom", "followUp": "1 - 10 Years"},
        "provenance": {
            "temporal": {"publishingFrequency": "Annual", "startDate": "2010-01-01", "timeLag": "1-2 months"}
        },
        "observations": [
            {
                "observedNode": "Persons",
                "measuredValue": 2694,
                "observationDate": "2026-01-01",
                "measuredProperty": "Count",
            }
        ],
    }


class Browser(TestClient):
    """A client that keeps cookies, names its origin on posts, and fills in the token of the page it looks at."""

    def __init__(self, app, *, address: str = "127.0.0.1") -> None:
        super().__init__(app, base_url=ORIGIN, client=(address, 50_000), follow_redirects=False)

    def token(self, path: str = "/") -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.get(path).text)
        assert found, f"no form token on {path}"
        return found[1]

    def submit(self, path: str, *, page: str = "/", origin: str | None = ORIGIN, **fields):
        headers = {"origin": origin} if origin else {}
        return self.post(path, data={"csrf": self.token(page), **self.read(page), **fields}, headers=headers)

    def read(self, page: str) -> dict[str, str]:
        """Return what a page's forms carry of what their reader looked at: a hash of it, or its version."""
        return dict(re.findall(r'name="(read|seen)" value="([0-9a-f]+)"', self.get(page).text))


@dataclass
class World:
    house: House
    app: object
    people: dict[str, str] = field(default_factory=dict)
    custodians: dict[str, str] = field(default_factory=dict)
    datasets: dict[str, str] = field(default_factory=dict)
    project: str = ""
    application: str = ""

    def actor(self, name: str) -> Actor:
        return self.house.identity.actor(self.people[name], second_factor=True)

    def browser(self, name: str | None = None, *, address: str = "127.0.0.1") -> Browser:
        """A browser, signed in as somebody through the development sign-in page."""
        browser = Browser(self.app, address=address)
        if name is not None:
            answer = browser.submit("/sign-in/development", page="/sign-in", person=self.people[name])
            assert answer.status_code == 303, answer.text
        return browser

    def bearer(self, name: str) -> dict[str, str]:
        secret = self.house.identity.open_session(self.people[name], "command", second_factor=True)
        return {"authorization": f"Bearer {secret}"}

    def api(self) -> TestClient:
        return TestClient(self.app, base_url=ORIGIN)

    # ---- the airlock, the way the intake does it ------------------------------------------------------------------

    def submitted(self, files: dict[str, bytes] | None = None, title: str = "Ages by arm", context: str = "rounded"):
        files = files or {"table.csv": SAFE}
        live = LiveSession(
            session_id=new_id(),
            project_id=self.project,
            person_id=self.people["researcher"],
            directory=self.house.settings.state / "i",
        )
        said = Announced(title=title, files=tuple((name, context) for name in files))
        with self.house.airlock_desk.frozen.incoming() as incoming:
            for content in files.values():
                with incoming.file() as file:
                    file.write(content)
            return self.house.airlock.submissions.receive(live, said, incoming.files)

    def worker(self) -> Worker:
        return Worker.of(self.house.airlock_desk, FakeSessions([]), FakeInspector(), FakeSigner())

    def in_review(self, files: dict[str, bytes] | None = None, **words: str) -> Submission:
        submission = self.submitted(files, **words)
        assert self.worker().scanning.scan(submission.submission_id) is State.IN_REVIEW
        return self.seen(submission)

    def seen(self, submission: Submission) -> Submission:
        return self.house.airlock.view(self.actor("researcher"), submission.submission_id).submission

    def review(self, name: str, submission: Submission, choice: Choice = Choice.APPROVE, comment: str = "fine") -> None:
        airlock, actor = self.house.airlock, self.actor(name)
        for file in submission.outputs:
            opened = airlock.open_file(actor, submission.submission_id, file.file_id).file
            airlock.vote(
                actor,
                submission.submission_id,
                file.file_id,
                choice=choice,
                comment=comment,
                binding=opened.binding,
                acknowledged=[finding.key for finding in opened.findings if finding.needs_answer],
            )
        airlock.submit_review(actor, submission.submission_id, seen=self.seen(submission).version)

    def released(self, files: dict[str, bytes] | None = None) -> Submission:
        submission = self.in_review(files)
        for checker in ("checker", "second checker"):
            self.review(checker, submission)
        assert self.worker().releasing.release(submission.submission_id) is State.RELEASED
        return self.seen(submission)

    def awake(self) -> None:
        """Do what the controller does when a workspace answers."""
        with self.house.record.change() as change:
            row = change.session.get_one(WorkspaceRow, self.project)
            row.ready_at = self.house.record.clock()
            from orchestrator.core.events import Event

            change.tell(Event(kind="workspace.ready", actor="system:controller", subject=f"project:{self.project}"))


def make_house(state: Path, **changes) -> House:
    (state / "record").mkdir(parents=True, exist_ok=True)
    house = open_house(Settings.model_validate({"state": state, **changes}))
    lay_tables(house.record.engine)
    return house


def make_world(state: Path, **changes) -> World:
    """Tell the story up to a running project: two custodians, two datasets, one researcher, everybody else."""
    house = make_house(state, **changes)
    world = World(house=house, app=make_app(house))
    _people(world)
    _data(world, state)
    _project(world)
    return world


def _people(world: World) -> None:
    identity, alliance = world.house.identity, world.house.alliance
    first = identity.first_operator("Olga Operator", "olga@example.org", "development", "olga")
    world.people["operator"] = first.person_id
    for key, name in (
        ("second operator", "Omar Operator"),
        ("researcher", "Rosa Researcher"),
        ("colleague", "Carl Colleague"),
        ("stranger", "Sam Stranger"),
        ("checker", "Chloe Checker"),
        ("second checker", "Chris Checker"),
        ("third checker", "Cara Checker"),
        ("lead", "Lena Lead"),
        ("officer", "Oskar Officer"),
        ("other officer", "Orla Officer"),
    ):
        made = identity.register_person(
            world.actor("operator"),
            name,
            f"{key.replace(' ', '.')}@example.org",
            "development",
            key,
            affiliation="Institute",
        )
        world.people[key] = made.person_id
    _role(world, "second operator", "operator", confirmer="second operator")
    for key in ("checker", "second checker", "third checker"):
        _role(world, key, "checker")
    _role(world, "lead", "sdc-lead")
    for key in ("checker", "second checker", "third checker", "lead"):
        identity.record_training(world.actor("operator"), world.people[key], "Output checking", moment(200))
    for key, name in (("officer", "North Hospital Trust"), ("other officer", "South Cancer Registry")):
        custodian = alliance.register_custodian(world.actor("operator"), name).custodian_id
        world.custodians[key] = custodian
        _role(world, key, "custodian", custodian)
    for key in ("researcher", "colleague"):
        identity.record_training(world.actor("operator"), world.people[key], "Safe researcher", moment(200))
        identity.record_accreditation(world.actor("operator"), world.people[key], f"AR-{key}", moment(300))


def _role(world: World, key: str, role: str, custodian: str | None = None, confirmer: str = "second operator") -> None:
    identity = world.house.identity
    holding = identity.propose_role(world.actor("operator"), world.people[key], role, moment(300), custodian)
    identity.confirm_role(world.actor(confirmer), holding.holding_id)


def _data(world: World, state: Path) -> None:
    discovery, alliance = world.house.discovery, world.house.alliance
    for key, name, title in (
        ("officer", "admissions", "Hospital admissions"),
        ("other officer", "tumours", "Tumour registrations"),
    ):
        custodian, actor = world.custodians[key], world.actor(key)
        alliance.publish_terms(
            actor, custodian, text=f"Use {title.lower()} for research only.", valid_until=moment(350)
        )
        document = description(title, house_name(world, custodian))
        dataset = discovery.register_dataset(actor, custodian_id=custodian, name=name, description=document)
        world.datasets[key] = dataset.dataset_id
        source = state / "source" / name
        source.mkdir(parents=True)
        (source / "people.csv").write_text("person,age\n1,70\n2,71\n")
        version = discovery.add_files_version(actor, dataset.dataset_id, source)
        discovery.mark_sealed(version.version_id)


def house_name(world: World, custodian: str) -> str:
    return world.house.alliance.custodian(custodian).name


def answers(world: World, title: str = "Survival after treatment") -> Answers:
    return Answers(
        title=title,
        lay_summary=SUMMARY,
        purpose="To compare treatments.",
        organisation="Institute of Health",
        ethics_reference="REC 26/1",
        ethics_until=day(300),
        start=day(-1),
        end=day(200),
        members=(world.people["colleague"],),
    )


def _project(world: World) -> None:
    access, researcher = world.house.access, world.actor("researcher")
    made = access.draft(
        researcher,
        answers(world),
        list(world.datasets.values()),
        justifications={
            world.custodians["officer"]: "Needed from the north.",
            world.custodians["other officer"]: "Needed from the south.",
        },
    )
    world.application = made.application_id
    access.submit(researcher, made.application_id)
    for key in ("officer", "other officer"):
        deciding.decide(
            access,
            world.actor(key),
            made.application_id,
            world.custodians[key],
            approve=True,
            reason="",
            agreement_until=day(150),
        )
        for person in ("researcher", "colleague"):
            world.house.alliance.accept_terms(world.actor(person), world.custodians[key], 1)
    world.project = deciding.approve_project(access, world.actor("operator"), made.application_id).project_id


def words(html: str) -> str:
    """Return what a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())
