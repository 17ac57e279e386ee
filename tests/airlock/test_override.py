"""Overrides: people may look at what the checks block, only when an SDC lead says so in writing, for these bytes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import rfc8785

from orchestrator.airlock.cases.model import CaseKind, CaseOutcome
from orchestrator.airlock.model import Choice, State
from orchestrator.airlock.release import documents
from orchestrator.airlock.release.verification import verify_release
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, Refused
from tests.airlock.places import BLOCKED, blocked, override_asked
from tests.airlock.world import SAFE


def decide(world, submission, person, *, accept=True, reason="The numbers are invented.", **more):
    return world.service.decide_override(
        world.actor(person),
        submission.submission_id,
        accept=accept,
        reason=reason,
        **({"seen": world.seen(submission.submission_id)} | more),
    )


def test_an_accepted_override_lets_people_judge_and_release_it_with_its_record(world):
    submission = override_asked(world)
    assert decide(world, submission, world.lead) is State.IN_REVIEW
    for checker in world.checkers[:2]:
        world.review(checker, submission)
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED
    document = world.service.signed_record(world.actor(world.author), submission.submission_id)
    assert verify_release(document, world.signer.public_keys()) == []
    (override,) = json.loads(document)["record"]["overrides"]
    assert override["asked_by"] == world.author
    assert [each["person"] for each in override["decided"]] == [world.lead]
    assert b"invented" not in document


def test_who_lets_a_blocked_file_go_to_review_does_not_review_it(world):
    submission = override_asked(world)
    world.governance.roles[world.lead] |= {"checker"}
    decide(world, submission, world.lead)
    with pytest.raises(Refused, match="override"):
        world.review(world.lead, submission)
    assert submission.submission_id not in {
        view.submission.submission_id for view in world.service.queue(world.actor(world.lead))
    }


@pytest.mark.parametrize("strip", ["overrides", "decided", "bindings"])
def test_a_record_without_the_override_does_not_verify(world, strip):
    submission = override_asked(world)
    decide(world, submission, world.lead)
    for checker in world.checkers[:2]:
        world.review(checker, submission)
    world.worker.releasing.release(submission.submission_id)
    record = json.loads(world.service.signed_record(world.actor(world.author), submission.submission_id))["record"]
    if strip == "overrides":
        record["overrides"] = []
    elif strip == "decided":
        record["overrides"][0]["decided"][0]["person"] = record["author"]
    else:
        record["overrides"][0]["bindings"] = ["0" * 64]
    document = documents.signed(record, world.signer)
    assert document == rfc8785.dumps(json.loads(document))
    assert "against the checks" in " ".join(verify_release(document, world.signer.public_keys()))


def test_a_declined_override_goes_back_with_its_reason(world):
    submission = override_asked(world)
    assert decide(world, submission, world.lead, accept=False, reason="They are real.") is State.RETURNED
    seen = world.service.history(world.actor(world.author), submission.submission_id)
    assert seen.rounds[-1].reason == "They are real."
    assert [(case.kind, case.outcome) for case in seen.cases] == [(CaseKind.OVERRIDE, CaseOutcome.REFUSED)]
    assert {opinion.person_id for case in seen.cases for opinion in case.opinions} == {""}
    again = world.submit({"people.csv": SAFE}, revises=submission.submission_id, whole=True)
    assert world.worker.scanning.scan(again.submission_id) is State.IN_REVIEW


@pytest.mark.parametrize("who", ["author", "colleague", "operator", "officer", "checker"])
def test_only_a_lead_decides(world, who):
    submission = override_asked(world)
    person = world.checkers[0] if who == "checker" else getattr(world, who)
    with pytest.raises((Refused, NotFound)):
        decide(world, submission, person)
    assert world.state(submission) is State.OVERRIDE_ASKED


@pytest.mark.parametrize("who", ["author", "colleague"])
def test_a_lead_of_the_project_does_not_decide(world, who):
    submission = override_asked(world)
    person = getattr(world, who)
    world.governance.roles[person] = frozenset({"sdc-lead", "checker", "operator"})
    with pytest.raises((Refused, NotFound)):
        decide(world, submission, person)


def test_a_lead_without_training_or_with_a_conflict_does_not_decide(world):
    submission = override_asked(world)
    world.governance.untrained.add(world.lead)
    with pytest.raises(Refused, match="training"):
        decide(world, submission, world.lead)
    world.governance.untrained.clear()
    world.service.declare_conflict(world.actor(world.lead), submission.submission_id, reason="My sister wrote it.")
    with pytest.raises(Refused, match="conflict"):
        decide(world, submission, world.lead)


def test_only_the_author_asks_and_only_where_something_is_blocked(world):
    submission = blocked(world)
    for person in (world.colleague, world.lead, world.operator, world.checkers[0]):
        with pytest.raises((Refused, NotFound)):
            world.service.ask_override(world.actor(person), submission.submission_id, reason="Safe.")
    with pytest.raises(Invalid):
        world.service.ask_override(world.actor(world.author), submission.submission_id, reason="  ")
    fine = world.in_review()
    with pytest.raises(NotPossible, match="nothing to override"):
        world.service.ask_override(world.actor(world.author), fine.submission_id, reason="Safe.")


def test_blocked_files_are_approved_only_with_an_override_for_exactly_them(world):
    submission = override_asked(world)
    with pytest.raises(NotPossible):
        world.vote(world.checkers[0], submission)
    decide(world, submission, world.lead)
    world.vote(world.checkers[0], submission)
    terms = world.governance.conditions[world.project][0]
    world.governance.conditions[world.project] = (replace(terms, minimum_count=11),)
    world.worker.once()
    assert world.state(submission) is State.BLOCKED


def test_an_override_does_not_cover_the_next_version(world):
    submission = override_asked(world)
    decide(world, submission, world.lead)
    for checker in world.checkers[:2]:
        world.review(checker, submission, Choice.CHANGES)
    world.submit({"people.csv": BLOCKED + b"treated,9434765919\n"}, revises=submission.submission_id)
    assert world.worker.scanning.scan(submission.submission_id) is State.BLOCKED


def test_an_override_covers_the_same_file_in_the_next_round(world):
    submission = world.submit({"people.csv": BLOCKED, "a.csv": SAFE})
    world.worker.scanning.scan(submission.submission_id)
    world.service.ask_override(world.actor(world.author), submission.submission_id, reason="They are invented.")
    decide(world, submission, world.lead)
    for checker in world.checkers[:2]:
        world.review(checker, submission, Choice.CHANGES)
    world.submit({}, revises=submission.submission_id, drop=("a.csv",))
    assert world.worker.scanning.scan(submission.submission_id) is State.IN_REVIEW


def test_two_leads_at_once_decide_once(world):
    submission = override_asked(world)
    seen = world.service.view(world.actor(world.lead), submission.submission_id).submission.version
    other = world.checkers[2]
    world.governance.roles[other] = frozenset({"sdc-lead"})
    decide(world, submission, world.lead, seen=seen)
    with pytest.raises(NotPossible):
        decide(world, submission, other, accept=False, seen=seen)
    again = override_asked(world)
    with pytest.raises(Conflict):
        decide(world, again, other, seen=seen + 17)
    assert world.state(again) is State.OVERRIDE_ASKED


def test_what_was_made_for_checkers_never_leaves_and_may_support(world):
    digest = b"0123456789abcdef" * 4 + b"\n"
    submission = world.submit({"a.csv": SAFE, "a.csv.txt": digest})
    assert world.worker.scanning.scan(submission.submission_id) is State.BLOCKED
    with pytest.raises(NotPossible, match="never leaves"):
        world.service.ask_override(world.actor(world.author), submission.submission_id, reason="It is only a number.")
    world.submit({"a.csv.txt": digest}, revises=submission.submission_id, supporting={"a.csv.txt"})
    assert world.worker.scanning.scan(submission.submission_id) is State.IN_REVIEW
