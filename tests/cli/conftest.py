"""A small installation made by the commands themselves, copied for each test; and ways to run commands in it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from orchestrator.airlock.packs import load_packs
from orchestrator.cli import sessionfile
from orchestrator.cli.commands import app
from orchestrator.policy.service import Policy
from orchestrator.settings import load_settings

TODAY = datetime.now(UTC).date()
SOON = str(TODAY + timedelta(days=90))
LATER = str(TODAY + timedelta(days=200))
LETTER = b"\xff\xd8\xff\xe0a scanned letter\xff\xd9"
"""As much of a picture as documents of evidence are asked for: its beginning and its end."""
SUMMARY = " ".join(["We study how long people with this illness live and what helps them."] * 12)


@dataclass(frozen=True)
class Ran:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@dataclass
class Terminal:
    """Runs commands in one state directory, as one person after another."""

    state: Path
    ids: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, who: str | None = None, stdin: str = "") -> Ran:
        """Run one command, signed in as ``who`` or as whoever was signed in before."""
        if who is not None:
            self.sign_in(who)
        result = CliRunner().invoke(app, ["--state", str(self.state), *words], input=stdin, catch_exceptions=False)
        assert "Traceback" not in result.stderr
        return Ran(result.exit_code, result.stdout, result.stderr)

    def done(self, *words: str, who: str | None = None) -> Any:
        """Run a command that must succeed and return its data."""
        ran = self.run(*words, "--output", "json", who=who)
        assert ran.code == 0, ran.err
        return ran.data

    def sign_in(self, who: str) -> None:
        """Open a command session for a person, as ``tre sign-in`` does after the confirmation on the portal."""
        from orchestrator.assembly import open_house

        house = open_house(load_settings(self.state))
        secret = house.identity.open_session(self.ids[who], "command", second_factor=True)
        sessionfile.keep(self.state, secret)
        house.record.engine.dispose()

    def sign_out(self) -> None:
        """Forget who was signed in."""
        sessionfile.forget(self.state)


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """Build the commands and read the access rules once for all tests, not once for each command that runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("typer.testing._get_command", cache(typer.main.get_command))
        patch.setattr("orchestrator.assembly.rooms.ground.Policy", cache(Policy))
        patch.setattr("orchestrator.assembly.rooms.results.load_packs", cache(load_packs))
        yield


@pytest.fixture(scope="session")
def founded(_read_once: None, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """An installation with people, two custodians, a sealed dataset of each, and one project; never changed."""
    terminal = Terminal(tmp_path_factory.mktemp("founded") / "state")
    _people(terminal)
    for custodian, officer in (("north", "cora"), ("south", "dora")):
        _custodian(terminal, custodian, officer)
    _project(terminal)
    _more(terminal)
    _catalogue(terminal)
    terminal.sign_out()
    return terminal


@pytest.fixture
def terminal(founded: Terminal, tmp_path: Path) -> Terminal:
    """A copy of the installation, for one test."""
    shutil.copytree(founded.state, tmp_path / "state", symlinks=True)
    shutil.copytree(founded.state.parent / "north", tmp_path / "north")
    shutil.copy(founded.state.parent / "north.json", tmp_path)
    return Terminal(tmp_path / "state", dict(founded.ids))


@pytest.fixture(autouse=True)
def _no_state_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRE_STATE", raising=False)


def _people(terminal: Terminal) -> None:
    ada = terminal.done("init", "--name", "Ada Operator", "--email", "ada@example.org")
    terminal.ids["ada"] = ada["person_id"]
    terminal.sign_in("ada")
    for name in ("ben", "cora", "dora", "rex", "uma", "kim", "lee"):
        made = terminal.done("person", "register", "--name", name.title(), "--email", f"{name}@example.org")
        terminal.ids[name] = made["person_id"]
    _give(terminal, "ben", "operator", confirmed_by="ben")
    for name in ("kim", "lee"):
        _give(terminal, name, "checker", confirmed_by="ben")
    for name in ("rex", "uma"):
        person = terminal.ids[name]
        trained = terminal.done("training", "record", person, "--course", "Safe", "--until", LATER, who="ada")
        terminal.ids[f"{name}_training"] = trained["training_id"]
        terminal.done("accreditation", "record", person, "--number", "AR-1", "--until", LATER)


def _give(terminal: Terminal, name: str, role: str, *more: str, confirmed_by: str) -> None:
    words = ("role", "propose", terminal.ids[name], role, "--until", LATER, *more)
    proposed = terminal.done(*words, who="ada")
    terminal.done("role", "confirm", proposed["holding_id"], "--yes", who=confirmed_by)
    terminal.ids[f"{name}_role"] = proposed["holding_id"]


def _custodian(terminal: Terminal, name: str, officer: str) -> None:
    folder = terminal.state.parent / name
    folder.mkdir()
    (folder / "patients.csv").write_text("person,age\n1,50\n2,60\n")
    (folder.parent / "terms.txt").write_text("Use it well.\nPublish nothing about single people.\n")
    description = folder.parent / f"{name}.json"
    description.write_text(json.dumps(_description(f"{name.title()} register")))
    custodian = terminal.done("custodian", "register", "--name", f"{name.title()} Trust", who="ada")["custodian_id"]
    terminal.ids[name] = custodian
    _give(terminal, officer, "custodian", "--custodian", custodian, confirmed_by="ben")
    terms = str(folder.parent / "terms.txt")
    terminal.done("terms", "publish", custodian, terms, "--until", LATER, "--yes", who=officer)
    words = ("dataset", "register", "--custodian", custodian, "--name", f"{name}-register", str(description))
    terminal.ids[f"{name}_dataset"] = dataset = terminal.done(*words)["dataset_id"]
    version = terminal.done("dataset", "add-files", dataset, str(folder))["version_id"]
    terminal.ids[f"{name}_version"] = version
    from orchestrator.assembly import open_house

    open_house(load_settings(terminal.state)).discovery.mark_sealed(version)


def _project(terminal: Terminal) -> None:
    both = [terminal.ids["north_dataset"], terminal.ids["south_dataset"]]
    terminal.ids["application"] = application = _decided(terminal, both)
    project = terminal.done("project", "approve", application, "--read", read_of(terminal, application), "--yes")
    terminal.ids["project"] = project["project_id"]
    terminal.ids["grant"] = project["grants"][0]["grant_id"]
    for grant in project["grants"]:
        if grant["custodian_id"] == terminal.ids["north"]:
            terminal.ids["north_grant"] = grant["grant_id"]
    terminal.ids["decided"] = _decided(terminal, both[:1])
    terminal.ids["read"] = read_of(terminal, terminal.ids["decided"])
    draft = terminal.done("application", "draft", str(answers_file(terminal, both)), who="rex")
    terminal.ids["draft"] = draft["application_id"]


def _more(terminal: Terminal) -> None:
    """Leave something in every state that a command acts on."""
    waiting = terminal.done("role", "propose", terminal.ids["uma"], "checker", "--until", LATER, who="ada")
    terminal.ids["proposed_role"] = waiting["holding_id"]
    accredited = terminal.done("accreditation", "record", terminal.ids["uma"], "--number", "AR-2", "--until", LATER)
    terminal.ids["accreditation"] = accredited["accreditation_id"]
    folder = terminal.state.parent
    (folder / "own.yaml").write_text("{question_id: own-north, section: safe data, title: Which ward, kind: line}")
    (folder / "form.yaml").write_text("decide_within: 15\nquestions: [funded, funder, own-north]\n")
    north = terminal.ids["north"]
    terminal.done("question", "define", str(folder / "own.yaml"), "--custodian", north, who="cora")
    terminal.done("form", "publish", north, str(folder / "form.yaml"), "--yes")
    words = ("--reference", "D-1", "--from", str(TODAY), "--until", LATER)
    piece = terminal.done("evidence", "record", terminal.ids["application"], "dpia", *words, who="rex")
    terminal.ids["evidence"] = piece["evidence_id"]
    letter = folder / "letter.jpg"
    letter.write_bytes(LETTER)
    lettered = terminal.done("evidence", "record", terminal.ids["application"], "dpia", *words, who="rex")
    terminal.ids["lettered"] = lettered["evidence_id"]
    terminal.done("evidence", "hand-in", lettered["evidence_id"], str(letter))
    purpose = terminal.state.parent / "purpose.yaml"
    purpose.write_text("uses: [HMB]\ncommercial: false\n")
    terminal.done("purpose", "declare", terminal.ids["draft"], str(purpose))
    terminal.done("uses", "publish", terminal.ids["north_dataset"], "HMB", "--yes", who="cora")
    con = terminal.done("person", "register", "--name", "Con", "--email", "con@example.org", who="ada")
    terminal.ids["con"] = con["person_id"]
    _give(terminal, "con", "concierge", confirmed_by="ben")
    words = ("--kind", "curation", "--title", "Cohorts", "--description", "We make cohorts.")
    terminal.ids["offer"] = terminal.done("offer", "publish", *words, who="ada")["offer_id"]
    terminal.ids["enquiry"] = terminal.done("enquiry", "ask", "Is there a register?", who="rex")["enquiry_id"]
    _alliance(terminal)


def _alliance(terminal: Terminal) -> None:
    """Leave a hub's accreditation, standard conditions and a departure where commands act on them."""
    hub = terminal.done("hub", "register", "--name", "Northern hub", who="ada")["hub_id"]
    terminal.ids["case"] = case = terminal.done("onboarding", "open", "hub", hub)["case_id"]
    given = terminal.done("onboarding", "give", case, "people", "--reference", "Ours", "--until", LATER)
    terminal.ids["body_evidence"] = given["evidence"][0]["evidence_id"]
    terminal.done("conditions", "propose", str(terminal.state.parent / "terms.txt"), "--from", LATER)
    words = ("--last-day", LATER, "--reason", "Merged.", "--yes")
    leaving = terminal.done("departure", "announce", terminal.ids["south"], *words, who="dora")
    terminal.ids["departure"] = leaving["departure_id"]


def _catalogue(terminal: Terminal) -> None:
    """An endpoint whose test was asked for, and an entry from a file."""
    words = ("--custodian", terminal.ids["north"], "--name", "North's own", "https://catalogue.example.org/api")
    terminal.ids["endpoint"] = terminal.done("endpoint", "register", *words, who="cora")["endpoint_id"]
    terminal.ids["pull"] = terminal.done("endpoint", "test", terminal.ids["endpoint"])["pull_id"]
    file = terminal.state.parent / "catalogue.json"
    file.write_text(json.dumps([_description("Old register") | {"identifier": "https://example.org/old"}]))
    terminal.done("catalogue", "import", str(file), who="ada")
    from orchestrator.assembly import open_house

    entries = open_house(load_settings(terminal.state)).catalogue.entries(source="catalogue.json")
    terminal.ids["entry"] = entries[0].entry_id


def _decided(terminal: Terminal, datasets: list[str]) -> str:
    made = terminal.done("application", "draft", str(answers_file(terminal, datasets)), who="rex")
    application = made["application_id"]
    terminal.done("application", "submit", application, "--yes")
    for custodian, officer in (("north", "cora"), ("south", "dora")):
        if terminal.ids[f"{custodian}_dataset"] in datasets:
            words = ("application", "decide", application, terminal.ids[custodian], "--approve", "--until")
            read = terminal.done("application", "show", application, who=officer)["parts_read"]
            words += (SOON, "--read", read[terminal.ids[custodian]])
            terminal.done(*words, "--reason", "Within our purposes.", "--yes", who=officer)
    return str(application)


def read_of(terminal: Terminal, application: str) -> str:
    """Read an application whole, as an operator."""
    return str(terminal.done("application", "show", application, who="ada")["read"])


def answers_file(terminal: Terminal, datasets: list[str]) -> Path:
    """Write a file of answers that can be submitted."""
    file = terminal.state.parent / "answers.yaml"
    answers = {
        "title": "Survival after diagnosis",
        "lay_summary": SUMMARY,
        "purpose": "To compare treatments.",
        "organisation": "Small Company Ltd",
        "ethics_reference": "26/LO/0001",
        "ethics_until": LATER,
        "start": str(TODAY),
        "end": SOON,
        "members": [terminal.ids["uma"]],
        "datasets": datasets,
        "justifications": {},
    }
    file.write_text(json.dumps(answers))
    return file


def _description(title: str) -> dict[str, Any]:
    return {
        "identifier": "226fb3f1-4471-400a-8c39-2b66d46a39b6",
        "version": "1.0.0",
        "revisions": [{"version": "1.0.0", "url": None}],
        "issued": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-02T00:00:00Z",
        "summary": {
            "title": title,
            "abstract": "A register of simulated people, for tests.",
            "dataCustodian": {"identifier": "x1", "name": "Simulated Trust", "contactPoint": "data@example.org"},
            "populationSize": 2,
            "keywords": ["survival"],
            "contactPoint": "data@example.org",
        },
        "provenance": {
            "origin": {"datasetType": [{"name": "Health and disease", "subTypes": ["Cancer"]}]},
            "temporal": {"timeLag": "Not applicable", "publishingFrequency": "Static", "startDate": "2020-01-01"},
        },
        "accessibility": {
            "access": {"accessRights": "https://example.org/access", "jurisdiction": ["GB"]},
            "formatAndStandards": {
                "vocabularyEncodingScheme": ["OTHER"],
                "conformsTo": ["OTHER"],
                "language": ["en"],
                "format": ["text/csv"],
            },
        },
        "observations": [
            {
                "observedNode": "Persons",
                "measuredValue": 2,
                "observationDate": "2026-01-01",
                "measuredProperty": "Count",
            }
        ],
        "structuralMetadata": {},
    }


def account() -> int:
    """The number of this account, as in the name of its session file."""
    return os.getuid()
