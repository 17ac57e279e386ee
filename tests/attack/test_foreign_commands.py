"""Every command of the command line that names a thing, with the things of others, at the filled house.

The lines are the samples of the commands' own tests; here the names in braces are things of the project's people, and
who calls is none of them. Nothing is committed: what a command would have written is noted and undone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from orchestrator.cli import call, sessionfile
from orchestrator.cli.commands import app
from tests.attack.intruders import NORTH, OUTSIDE, SECRET
from tests.attack.trying import Trying
from tests.cli.conftest import LETTER, Terminal
from tests.cli.samples import ANYBODY, SAMPLES
from tests.web.world import description

THINGS = {
    "read": "read whole",
    "accreditation": "accreditation_id",
    "application": "application_id",
    "body_evidence": "body evidence",
    "case": "case_id",
    "con": "second concierge",
    "decided": "submitted",
    "departure": "departure_id",
    "draft": "draft",
    "endpoint": "endpoint_id",
    "enquiry": "enquiry_id",
    "entry": "imported entry",
    "evidence": "evidence_id",
    "grant": "grant_id",
    "kim": "panellist",
    "kim_role": "holding_id",
    "lettered": "evidence_id",
    "north": "custodian_id",
    "north_dataset": "dataset_id",
    "north_grant": "grant_id",
    "north_version": "version_id",
    "offer": "offer_id",
    "project": "project_id",
    "proposed_role": "holding_id",
    "pull": "pull_id",
    "rex": "person_id",
    "rex_training": "training_id",
    "south": "south",
    "south_dataset": "south dataset",
    "uma": "member",
}
"""What the names of the samples are here."""

STAND_INS = {
    "federation": "hub_id",
    "fee": "waiver_id",
    "invoice": "invoice_id",
    "quote": "quote_id",
    "release": "released",
    "review": "submission_id",
    "saved-search": "search_id",
    "sheet": "sheet_id",
    "submission": "submission_id",
    "visa": "visa_id",
    "federation recognised": "person_id",
    "federation accredited": "person_id",
    "invoice issue": "order_id",
    "invoice statement": "order_id",
    "quote close-order": "order_id",
    "submission sign-off": "signing",
}
"""Where a sample names a person because its own installation has no such thing: what the thing is here."""

OTHERS = {
    "application answer-changes": {"decided": "returned"},
    "evidence rely": {"evidence": "organisation evidence"},
    "purpose show": {"draft": "submitted"},
}
"""Commands that make sense with another thing of the kind only."""

FREE = {"application draft", "evidence record-organisation", "terms accept", "visa accept"}
"""Anybody may run these, for himself: what they name is public, or a file of his own."""

NAMED = sorted(
    name for name, sample in SAMPLES.items() if "{" in sample.words and sample.who is not ANYBODY and name not in FREE
)


@dataclass
class Prompt:
    """Terminals at which the people of the filled house are signed in."""

    trying: Trying
    terminal: Terminal

    def line(self, name: str) -> list[str]:
        """Return a command's sample with the things of the project's people."""
        own = self.trying.filled.own
        stand_in = STAND_INS.get(name, STAND_INS.get(name.split(maxsplit=1)[0], "person_id"))
        things = THINGS | {"rex": stand_in} | OTHERS.get(name, {})
        self.terminal.ids = {word: own[thing] for word, thing in things.items()}
        return SAMPLES[name].line(self.terminal)

    def run(self, seat: str, name: str) -> tuple[int, str, list[str]]:
        """Run a command as somebody; return its code, all that it said, and what it would have written."""
        self.trying.filled.taken()
        secret = self.trying.bearer(seat)["authorization"].removeprefix("Bearer ")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(call, "begin_public", lambda _: self.trying.filled.world.house)
            patch.setattr(sessionfile, "read", lambda _: secret)
            result = CliRunner().invoke(app, ["--state", str(self.terminal.state), *self.line(name)])
        return result.exit_code, result.output, [event.kind for event in self.trying.filled.taken()]


@pytest.fixture(scope="module")
def prompt(trying: Trying, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prompt]:
    folder = tmp_path_factory.mktemp("terminal")
    (folder / "state").mkdir()
    (folder / "letter.jpg").write_bytes(LETTER)
    (folder / "north").mkdir()
    (folder / "north" / "people.csv").write_text("person,age\n1,70\n")
    (folder / "north.json").write_text(json.dumps(description("North", "North Hospital Trust")))
    yield Prompt(trying, Terminal(folder / "state"))
    trying.filled.rehearse()  # a command that is only tried undoes changes in its own way: the house has its way back


@pytest.mark.parametrize("name", NAMED)
def test_a_command_with_somebody_elses_thing_is_refused(prompt: Prompt, name: str) -> None:
    for seat in OUTSIDE:
        code, said, written = prompt.run(seat, name)
        assert code in (3, 4), (seat, said)
        assert written == []
        assert SECRET not in said
        assert NORTH not in said


@pytest.mark.parametrize("name", sorted(set(NAMED) - {"project certificate"}))
def test_the_same_command_reaches_the_thing_for_somebody_with_the_right(prompt: Prompt, name: str) -> None:
    reached = [prompt.run(seat, name)[0] for seat in RIGHTS.get(name, RIGHT[SAMPLES[name].who])]
    assert any(code not in (3, 4) for code in reached), reached


RIGHT = {
    "ada": ("operator",),
    "ben": ("deputy",),
    "con": ("concierge",),
    "cora": ("north",),
    "dora": ("north",),
    "kim": ("checker",),
    "rex": ("lead",),
    "uma": ("member",),
}
"""Who of the filled house has the rights of whom in the samples."""

RIGHTS = {
    "catalogue withdraw": ("north",),
    "federation confirm": ("deputy",),
    "onboarding give": ("north",),
    "onboarding submit": ("north",),
    "onboarding withdraw": ("north",),
    "panel advise": ("panel",),
    "review settle": ("judge",),
    "submission decide-override": ("judge",),
}
"""The same where a sample shows no more than that there is no such thing."""
