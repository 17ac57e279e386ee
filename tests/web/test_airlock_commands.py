"""Decisions of the airlock by command: each on the version that was looked at, and on no other."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from orchestrator.airlock.cases.model import Gravity
from orchestrator.airlock.fakes import FakeInspector
from orchestrator.airlock.model import Choice, Finding, Severity, Submission
from orchestrator.airlock.states import State
from orchestrator.airlock.worker import Worker
from orchestrator.cli import call, sessionfile
from orchestrator.cli.commands import app
from tests.web.world import SAFE, World, moment

CHECKERS = ("checker", "second checker")


def _voted(world: World, *choices: Choice) -> Submission:
    submission = world.in_review({"table.csv": SAFE})
    for name, choice in zip(CHECKERS, choices, strict=True):
        world.review(name, submission, choice, "My view.")
    return submission


def _blocked(world: World) -> Submission:
    submission, worker = world.submitted(), world.worker()
    found = Finding(rule="test", severity=Severity.BLOCK, where="", message="A row of a person.", guidance="")
    inspector = FakeInspector(extra=[found])
    scanning = Worker.of(world.house.airlock_desk, worker.intake._sessions, inspector, worker.releasing._signer)
    scanning.scanning.scan(submission.submission_id)
    world.house.airlock.ask_override(world.actor("researcher"), submission.submission_id, reason="Simulated.")
    return submission


def _to_sign(world: World) -> Submission:
    alliance, north = world.house.alliance, world.custodians["officer"]
    words = {"text": "Use with care.", "valid_until": moment(350), "release_signoff": True}
    published = alliance.publish_terms(world.actor("officer"), north, **words)
    for person in ("researcher", "colleague"):
        alliance.accept_terms(world.actor(person), north, published.version)
    return _voted(world, Choice.APPROVE, Choice.APPROVE)


def _appealed(world: World) -> Submission:
    submission = _voted(world, Choice.REJECT, Choice.REJECT)
    world.house.airlock.appeal(world.actor("researcher"), submission.submission_id, reason="They are means.")
    return submission


def _recall_asked(world: World) -> Submission:
    submission = world.released()
    world.house.airlock.recall(
        world.actor("checker"), submission.submission_id, reason="Seen late.", gravity=Gravity.LOW
    )
    return submission


DECISIONS: dict[str, tuple[Callable[[World], Submission], str, str, State]] = {
    "return": (
        lambda world: world.in_review(),
        "checker",
        "review return {} --reason Round. --yes",
        State.RETURNED,
    ),
    "settle": (
        lambda world: _voted(world, Choice.APPROVE, Choice.CHANGES),
        "lead",
        "review settle {} --outcome return --reason Rounded. --yes",
        State.RETURNED,
    ),
    "override": (
        _blocked,
        "lead",
        "submission decide-override {} --accept --reason Simulated.",
        State.IN_REVIEW,
    ),
    "sign-off": (_to_sign, "officer", "submission sign-off {} --refuse --reason Later.", State.RETURNED),
    "appeal": (_appealed, "third checker", "submission decide-appeal {} --uphold --reason Means.", State.APPEALED),
    "recall": (
        _recall_asked,
        "second checker",
        "release decide-recall {} --confirm --reason Yes.",
        State.RECALLED,
    ),
}


def _run(world: World, name: str, line: str) -> Result:
    secret = world.bearer(name)["authorization"].removeprefix("Bearer ")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(call, "begin_public", lambda _: world.house)
        patch.setattr(sessionfile, "read", lambda _: secret)
        return CliRunner().invoke(app, line.split())


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_holds_for_the_version_that_was_looked_at(world: World, decision: str) -> None:
    make, name, line, after = DECISIONS[decision]
    submission = make(world)
    here, before = line.format(submission.submission_id), world.seen(submission)
    asked = _run(world, name, f"submission show {submission.submission_id} --output json")
    seen = json.loads(asked.stdout)["submission"]["version"]
    assert seen == before.version
    missing = _run(world, name, here)
    assert (missing.exit_code, "--seen" in missing.output) == (2, True)
    for wrong in ("-1", "x", "9999999999"):
        assert _run(world, name, f"{here} --seen {wrong}").exit_code == 2
    stale = _run(world, name, f"{here} --seen {seen - 1}")
    assert stale.exit_code == 5, stale.output
    assert "look at it again" in stale.output
    assert world.seen(submission) == before
    done = _run(world, name, f"{here} --seen {seen}")
    assert done.exit_code == 0, done.output
    assert world.seen(submission).state is after
    assert _run(world, name, f"{here} --seen {seen}").exit_code == 5


def test_what_waits_is_listed_with_its_version(world: World) -> None:
    submission = world.in_review()
    [task] = json.loads(_run(world, "checker", "review list --output json").stdout)
    assert (task["submission_id"], task["version"]) == (submission.submission_id, submission.version)
    recalled = _recall_asked(world)
    [incident] = json.loads(_run(world, "second checker", "release incidents --output json").stdout)
    assert incident["version"] == world.seen(recalled).version


def test_pages_and_scripts_name_the_version_too(world: World) -> None:
    submission = world.in_review()
    here = f"/reviews/{submission.submission_id}"
    page = world.browser("checker").submit(f"{here}/return", page=here, return_reason="Round it.", seen="")
    assert page.status_code == 422
    assert "open it again" in page.text
    api, who = world.api(), world.bearer("checker")
    for body, status in (({}, 422), ({"seen": None}, 422), ({"seen": submission.version - 1}, 409)):
        answer = api.post(f"/api/v1{here}/return", headers=who, json={"reason": "Round it.", **body})
        assert answer.status_code == status, answer.text
    done = api.post(f"/api/v1{here}/return", headers=who, json={"reason": "Round it.", "seen": submission.version})
    assert done.status_code == 204
