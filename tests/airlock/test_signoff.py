"""Sign-off: where a custodian's terms ask for it, nothing leaves without the yes of one of its officers."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from orchestrator.airlock.model import State
from orchestrator.airlock.ports import CustodianTerms
from orchestrator.airlock.release import documents
from orchestrator.airlock.release.verification import verify_release
from orchestrator.core.errors import Invalid, NotFound, NotPossible, Refused
from orchestrator.core.ids import new_id
from tests.airlock.places import signing


def sign(world, submission, person, *, agree=True, **more):
    return world.service.sign_off(
        world.actor(person),
        submission.submission_id,
        agree=agree,
        **({"seen": world.seen(submission.submission_id)} | more),
    )


def second_custodian(world):
    custodian, officer = new_id(), new_id()
    world.governance.conditions[world.project] += (
        CustodianTerms(custodian_id=custodian, version=1, checkers_needed=2, minimum_count=10, release_signoff=True),
    )
    world.governance.officers_of[officer] = frozenset({custodian})
    return custodian, officer


def test_where_nobody_asks_nobody_is_asked(world):
    assert world.approved().state is State.APPROVED


def test_the_officer_says_yes_and_the_record_says_so(world):
    signing(world)
    submission = world.approved()
    assert submission.state is State.SIGN_OFF
    assert world.worker.releasing.waiting() == []
    assert sign(world, submission, world.officer) is State.APPROVED
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED
    document = world.service.signed_record(world.actor(world.officer), submission.submission_id)
    assert verify_release(document, world.signer.public_keys()) == []
    record = json.loads(document)["record"]
    record["sign_offs"] = []
    problems = verify_release(documents.signed(record, world.signer), world.signer.public_keys())
    assert problems == [f"Custodian {world.custodian} asks to agree to each release, and did not."]


def test_every_custodian_that_asks_has_to_agree(world):
    signing(world)
    custodian, officer = second_custodian(world)
    submission = world.approved()
    assert sign(world, submission, officer) is State.SIGN_OFF
    with pytest.raises(NotPossible):
        sign(world, submission, officer)
    with pytest.raises((Refused, NotFound)):
        sign(world, submission, world.officer, custodian_id=custodian)
    assert sign(world, submission, world.officer) is State.APPROVED


def test_one_no_sends_it_back_with_its_reason(world):
    signing(world)
    second_custodian(world)
    submission = world.approved()
    with pytest.raises(Invalid):
        sign(world, submission, world.officer, agree=False, reason=" ")
    assert sign(world, submission, world.officer, agree=False, reason="Not for publication.") is State.RETURNED
    history = world.service.history(world.actor(world.author), submission.submission_id)
    assert history.rounds[0].reason == "Not for publication."
    assert sorted(case.outcome.value for case in history.cases) == ["lapsed", "refused"]


def test_what_is_sent_again_unchanged_keeps_its_votes_and_needs_a_new_yes(world):
    signing(world)
    submission = world.approved({"a.csv": b"arm,n\nx,120\n", "b.csv": b"arm,n\ny,130\n"})
    sign(world, submission, world.officer, agree=False, reason="Leave b out.")
    world.submit({}, revises=submission.submission_id, drop=("b.csv",))
    world.worker.scanning.scan(submission.submission_id)
    for checker in world.checkers[:2]:
        world.service.submit_review(
            world.actor(checker), submission.submission_id, seen=world.seen(submission.submission_id)
        )
    assert world.state(submission) is State.SIGN_OFF
    assert sign(world, submission, world.officer) is State.APPROVED


@pytest.mark.parametrize("who", ["author", "colleague", "checker"])
def test_an_officer_with_another_part_in_it_does_not_sign(world, who):
    signing(world)
    submission = world.approved()
    person = world.checkers[0] if who == "checker" else getattr(world, who)
    world.governance.officers_of[person] = frozenset({world.custodian})
    with pytest.raises((Refused, NotFound)):
        sign(world, submission, person)
    assert world.state(submission) is State.SIGN_OFF


def test_a_stranger_officer_sees_and_signs_nothing(world):
    signing(world)
    submission = world.approved()
    other = new_id()
    world.governance.officers_of[other] = frozenset({new_id()})
    with pytest.raises((Refused, NotFound)):
        sign(world, submission, other)
    with pytest.raises(NotFound):
        world.service.view(world.actor(other), submission.submission_id)
    assert world.service.open_file(
        world.actor(world.officer), submission.submission_id, submission.files[0].file_id
    ).path.is_file()


def test_an_officer_for_two_custodians_says_for_which(world):
    signing(world)
    custodian, _ = second_custodian(world)
    world.governance.officers_of[world.officer] = frozenset({world.custodian, custodian})
    submission = world.approved()
    with pytest.raises(Invalid, match="for which"):
        sign(world, submission, world.officer)
    assert sign(world, submission, world.officer, custodian_id=custodian) is State.SIGN_OFF
    assert sign(world, submission, world.officer) is State.APPROVED


def test_a_yes_of_somebody_who_is_no_officer_any_more_does_not_count(world):
    signing(world)
    submission = world.approved()
    sign(world, submission, world.officer)
    world.governance.officers_of.clear()
    assert world.worker.releasing.release(submission.submission_id) is State.SIGN_OFF
    assert not world.desk.frozen.released(submission.submission_id).exists()


def test_terms_that_ask_after_the_approval_are_kept_too(world):
    submission = world.approved()
    signing(world)
    assert world.worker.releasing.release(submission.submission_id) is State.SIGN_OFF


def test_silence_sends_it_back_and_releases_nothing(world):
    signing(world)
    submission = world.approved()
    world.clock.advance(timedelta(days=28))
    world.worker.once()
    assert world.state(submission) is State.RETURNED
    assert list((world.desk.frozen.directory / "released").iterdir()) == []


def test_a_held_submission_is_not_signed(world):
    signing(world)
    submission = world.approved()
    world.service.hold(world.actor(world.operator), submission.submission_id, reason="A question is open.")
    with pytest.raises(NotPossible, match="held"):
        sign(world, submission, world.officer)
    world.service.let_go(world.actor(world.operator), submission.submission_id, reason="Answered.")
    assert sign(world, submission, world.officer) is State.APPROVED
