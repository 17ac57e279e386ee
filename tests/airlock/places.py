"""Brings a submission into every state there is, by the acts of people and the worker alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from orchestrator.airlock.cases.model import Gravity
from orchestrator.airlock.model import Choice, State, Submission
from orchestrator.airlock.states import Action
from orchestrator.airlock.store import load, move
from orchestrator.core.events import Event
from tests.airlock.world import SAFE, World

__all__ = ["BLOCKED", "PLACES", "signing"]

BLOCKED = b"arm,nhs number\n" + b"".join(
    b"placebo,%d\n" % number for number in (4010232137, 9434765919, 9434765870, 9449305552, 4857773456, 9434765838)
)
"""A table that the checks block, and that people can look at: valid health service numbers."""


def signing(world: World, *, asked: bool = True) -> None:
    """Let the project's custodian ask to agree to each release, or not."""
    terms = world.governance.conditions[world.project][0]
    world.governance.conditions[world.project] = (replace(terms, release_signoff=asked),)


def scanning(world: World) -> Submission:
    submission = world.submit()
    with world.record.change() as change:
        now = load(change.session, submission.submission_id)
        event = Event(kind="submission.scanning", actor="system:test", subject="submission:x")
        move(change, now, Action.START_SCAN, at=world.clock(), event=event)
    return submission


def blocked(world: World) -> Submission:
    submission = world.submit({"people.csv": BLOCKED})
    assert world.worker.scanning.scan(submission.submission_id) is State.BLOCKED
    return submission


def override_asked(world: World) -> Submission:
    submission = blocked(world)
    world.service.ask_override(world.actor(world.author), submission.submission_id, reason="They are invented.")
    return submission


def in_review(world: World) -> Submission:
    """One checker has handed in, two have not."""
    submission = world.in_review()
    world.review(world.done, submission)
    return submission


def consolidating(world: World) -> Submission:
    submission = in_review(world)
    world.review(world.checkers[1], submission, Choice.CHANGES)
    return submission


def returned(world: World) -> Submission:
    submission = in_review(world)
    world.service.return_early(
        world.actor(world.checkers[1]),
        submission.submission_id,
        reason="Round it.",
        seen=world.seen(submission.submission_id),
    )
    return submission


def rejected(world: World) -> Submission:
    submission = world.in_review()
    for checker in world.checkers[:2]:
        world.review(checker, submission, Choice.REJECT)
    return submission


def appealed(world: World) -> Submission:
    submission = rejected(world)
    world.service.appeal(world.actor(world.author), submission.submission_id, reason="It is rounded.")
    return submission


def rejected_finally(world: World) -> Submission:
    submission = rejected(world)
    world.clock.advance(timedelta(days=30))
    world.worker.upkeep.expire()
    return submission


def sign_off(world: World) -> Submission:
    return world.approved()


def approved(world: World) -> Submission:
    submission = sign_off(world)
    world.service.sign_off(
        world.actor(world.officer), submission.submission_id, agree=True, seen=world.seen(submission.submission_id)
    )
    return submission


def releasing(world: World) -> Submission:
    submission = approved(world)
    world.worker.releasing._admit(submission.submission_id)
    return submission


def released(world: World) -> Submission:
    submission = approved(world)
    world.worker.releasing.release(submission.submission_id)
    return submission


def lapsed(world: World) -> Submission:
    submission = released(world)
    world.clock.advance(timedelta(days=28))
    world.worker.upkeep.expire()
    return submission


def recall_asked(world: World) -> Submission:
    submission = released(world)
    asker = world.actor(world.operator)
    world.service.recall(asker, submission.submission_id, reason="A name is in it.", gravity=Gravity.HIGH)
    return submission


def recalled(world: World) -> Submission:
    submission = recall_asked(world)
    world.service.confirm_recall(
        world.actor(world.checkers[2]),
        submission.submission_id,
        confirm=True,
        seen=world.seen(submission.submission_id),
    )
    return submission


def quarantined(world: World) -> Submission:
    submission = world.submit()
    path = world.desk.frozen.path(submission.files[0].sha256)
    path.chmod(0o600)
    path.write_bytes(SAFE.replace(b"118", b"999"))
    world.worker.scanning.scan(submission.submission_id)
    path.write_bytes(SAFE)
    return submission


def withdrawn(world: World) -> Submission:
    submission = world.submit()
    world.service.withdraw(world.actor(world.author), submission.submission_id)
    return submission


def expired(world: World) -> Submission:
    submission = in_review(world)
    world.clock.advance(timedelta(days=28))
    world.worker.upkeep.expire()
    return submission


PLACES: dict[State, Callable[[World], Submission]] = {
    State.FROZEN: lambda world: world.submit(),
    State.SCANNING: scanning,
    State.BLOCKED: blocked,
    State.OVERRIDE_ASKED: override_asked,
    State.IN_REVIEW: in_review,
    State.CONSOLIDATING: consolidating,
    State.RETURNED: returned,
    State.REJECTED: rejected,
    State.APPEALED: appealed,
    State.REJECTED_FINALLY: rejected_finally,
    State.APPROVED: approved,
    State.SIGN_OFF: sign_off,
    State.RELEASING: releasing,
    State.RELEASED: released,
    State.LAPSED: lapsed,
    State.RECALL_ASKED: recall_asked,
    State.RECALLED: recalled,
    State.QUARANTINED: quarantined,
    State.WITHDRAWN: withdrawn,
    State.EXPIRED: expired,
}
