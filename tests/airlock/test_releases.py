"""Release: exactly the reviewed bytes, a record that a stranger can verify, links for one person and one use."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import rfc8785

from orchestrator.airlock.fakes import FakeSigner
from orchestrator.airlock.frozen import file_sha256
from orchestrator.airlock.model import State
from orchestrator.airlock.release.verification import verify_release
from orchestrator.airlock.rows import FileRow, VoteRow
from orchestrator.core.errors import NotFound, NotPossible, Refused, Unavailable
from orchestrator.core.events import Event
from tests.airlock.world import SAFE


def tamper(world, row, key, **values):
    with world.record.change() as change:
        for name, value in values.items():
            setattr(change.session.get(row, key), name, value)
        change.tell(Event(kind="test.tampered", actor="system:test", subject="test:x"))


def test_what_is_released_is_what_was_submitted_and_its_record_verifies(world):
    submission = world.released({"a.csv": SAFE, "b.txt": b"We studied 240 people.\n", "c.csv": SAFE})
    secret, _ = world.service.make_link(world.actor(world.author), submission.submission_id)
    collected = world.service.collect(world.actor(world.author), secret)
    assert [path.read_bytes() for _, path in collected.files] == [SAFE, b"We studied 240 people.\n", SAFE]
    paths = [path for _, path in collected.files]
    assert verify_release(collected.document, world.signer.public_keys(), paths) == []
    record = json.loads(collected.document)["record"]
    assert {review["checker"] for review in record["reviews"]} == set(world.checkers[:2])
    assert record["policy"]["pack"]["sha256"] == world.desk.pack_for(world.project).sha256
    assert [entry["kind"] for entry in record["audit"]][:2] == ["submission.frozen", "submission.scanning"]
    assert b"rounded" not in collected.document


def test_a_changed_record_file_or_key_does_not_verify(world, tmp_path):
    submission = world.released()
    document = world.service.signed_record(world.actor(world.author), submission.submission_id)
    keys = world.signer.public_keys()
    whole = json.loads(document)
    for change in ("author", "project", "round"):
        altered = json.loads(document)
        altered["record"][change] = 7
        assert verify_release(rfc8785.dumps(altered), keys)
    assert verify_release(document, FakeSigner().public_keys())
    assert verify_release(json.dumps(whole, indent=1).encode(), keys)
    for nonsense in (b"", b"{}", b"[]", b"\xff", b'{"record":1,"signature":2}', b"[" * 100_000):
        assert verify_release(nonsense, keys)
    other = tmp_path / "other.csv"
    other.write_bytes(SAFE + b"x")
    assert verify_release(document, keys, [other])
    assert verify_release(document, keys, [tmp_path / "absent"])
    other.write_bytes(SAFE)
    assert verify_release(document, keys, [other]) == []


def test_an_altered_frozen_file_is_quarantined_and_nothing_comes_out(world):
    submission = world.approved()
    path = world.desk.frozen.path(submission.files[0].sha256)
    path.chmod(0o600)
    path.write_bytes(SAFE.replace(b"118", b"999"))
    assert world.worker.releasing.release(submission.submission_id) is State.QUARANTINED
    assert list((world.desk.frozen.directory / "released").iterdir()) == []
    with pytest.raises(NotPossible):
        world.service.make_link(world.actor(world.author), submission.submission_id)
    with pytest.raises(NotFound):
        world.service.signed_record(world.actor(world.author), submission.submission_id)


def test_a_checker_who_joins_the_project_after_voting_voids_the_approval(world):
    submission = world.approved()
    world.governance.members[world.project] |= {world.checkers[0]}
    assert world.worker.releasing.release(submission.submission_id) is State.IN_REVIEW
    assert not world.desk.frozen.released(submission.submission_id).exists()
    world.review(world.checkers[2], submission)
    assert world.state(submission) is State.APPROVED
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED
    document = world.service.signed_record(world.actor(world.author), submission.submission_id)
    checkers = {review["checker"] for review in json.loads(document)["record"]["reviews"]}
    assert checkers == set(world.checkers[1:])


@pytest.mark.parametrize("loss", ["role", "suspended"])
def test_a_checker_who_lost_his_role_after_voting_voids_the_approval(world, loss):
    submission = world.approved()
    if loss == "role":
        world.governance.roles[world.checkers[0]] = frozenset()
    else:
        world.governance.suspended.add(world.checkers[0])
    assert world.worker.releasing.release(submission.submission_id) is State.IN_REVIEW


@pytest.mark.parametrize(
    ("row", "values"),
    [
        (FileRow, {"context": "something else"}), (FileRow, {"name": "other.csv"}), (FileRow, {"sha256": "0" * 64}),
        (VoteRow, {"choice": "changes"}), (VoteRow, {"binding": "0" * 64}),
    ],
)  # fmt: skip
def test_an_approval_is_void_when_anything_it_covers_changes(world, row, values):
    submission = world.approved()
    if row is FileRow:
        key = submission.files[0].file_id
    else:
        with world.record.read() as session:
            key = session.query(VoteRow.vote_id).first()[0]
    tamper(world, row, key, **values)
    assert world.worker.releasing.release(submission.submission_id) in (State.IN_REVIEW, State.QUARANTINED)
    assert not world.desk.frozen.released(submission.submission_id).exists()


def test_stricter_rules_after_approval_ask_for_a_new_scan_and_a_new_review(world):
    submission = world.approved()
    terms = world.governance.conditions[world.project][0]
    world.governance.conditions[world.project] = (replace(terms, checkers_needed=3),)
    world.worker.once()
    assert world.state(submission) is State.IN_REVIEW
    assert world.now(submission).checkers_needed == 3
    assert not world.desk.frozen.released(submission.submission_id).exists()


def test_a_project_on_hold_releases_nothing_until_it_is_let_go(world):
    submission = world.approved()
    world.governance.holds[world.project] = ("The project is suspended.",)
    assert world.worker.releasing.release(submission.submission_id) is State.APPROVED
    world.worker.once()
    assert world.now(submission).held == ("The project is suspended.",)
    world.governance.holds.clear()
    world.worker.once()
    assert world.state(submission) is State.RELEASED


def test_nothing_is_released_while_governance_does_not_answer(world):
    submission = world.approved()
    world.governance.down = True
    with pytest.raises(Unavailable):
        world.worker.releasing.release(submission.submission_id)
    world.governance.down = False
    assert world.state(submission) is State.APPROVED
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED


def test_a_link_works_once(world):
    submission = world.released()
    author = world.actor(world.author)
    secret, _ = world.service.make_link(author, submission.submission_id)
    assert world.service.collect(author, secret).files
    with pytest.raises(Refused, match="used already"):
        world.service.collect(author, secret)
    again, _ = world.service.make_link(author, submission.submission_id)
    assert world.service.collect(author, again).files


def test_a_link_works_for_nobody_else_and_the_attempt_is_recorded(world):
    from sqlalchemy import select

    from orchestrator.audit.store import EntryRow

    submission = world.released()
    secret, _ = world.service.make_link(world.actor(world.author), submission.submission_id)
    for person in (world.colleague, world.checkers[0], world.operator, world.officer):
        with pytest.raises((Refused, NotFound)):
            world.service.collect(world.actor(person), secret)
        with pytest.raises((Refused, NotFound)):
            world.service.make_link(world.actor(person), submission.submission_id)
    assert world.service.collect(world.actor(world.author), secret).files
    with world.record.read() as session:
        kinds = list(session.scalars(select(EntryRow.kind).order_by(EntryRow.position)))
    assert kinds.count("link.refused") == 4
    assert kinds[-1] == "link.used"


def test_a_guessed_expired_or_replaced_link_is_refused(world):
    submission = world.released()
    author = world.actor(world.author)
    with pytest.raises((Refused, NotFound)):
        world.service.collect(author, "guess")
    first, _ = world.service.make_link(author, submission.submission_id)
    second, link = world.service.make_link(author, submission.submission_id)
    with pytest.raises(Refused, match="expired"):
        world.service.collect(author, first)
    world.clock.now = link.expires_at
    with pytest.raises(Refused, match="expired"):
        world.service.collect(author, second)


def test_the_secret_of_a_link_is_kept_nowhere(world, tmp_path):
    submission = world.released()
    secret, _ = world.service.make_link(world.actor(world.author), submission.submission_id)
    world.record.engine.dispose()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()


def test_altered_released_files_are_not_handed_out_and_the_link_stays_unused(world):
    submission = world.released()
    secret, _ = world.service.make_link(world.actor(world.author), submission.submission_id)
    path = world.desk.frozen.released(submission.submission_id) / submission.files[0].sha256
    path.chmod(0o600)
    path.write_bytes(b"x")
    with pytest.raises(Unavailable):
        world.service.collect(world.actor(world.author), secret)
    path.write_bytes(SAFE)
    assert world.service.collect(world.actor(world.author), secret).files


def test_a_release_that_is_not_collected_lapses_and_can_be_issued_again(world):
    submission = world.released()
    author = world.actor(world.author)
    secret, _ = world.service.make_link(author, submission.submission_id)
    world.clock.advance(timedelta(days=29))
    world.worker.once()
    assert world.state(submission) is State.LAPSED
    with pytest.raises((Refused, NotFound)):
        world.service.collect(author, secret)
    secret, _ = world.service.make_link(author, submission.submission_id)
    assert world.state(submission) is State.RELEASED
    assert world.service.collect(author, secret).files


@pytest.mark.parametrize("held", [True, False])
def test_waiting_never_releases_anything(world, held):
    submissions = [world.submit(), world.in_review()]
    if held:
        world.governance.holds[world.project] = ("The project is suspended.",)
        submissions.append(world.now(submissions[0]))
    world.clock.advance(timedelta(days=400))
    world.worker.once()
    assert {world.state(each) for each in submissions} == {State.EXPIRED}
    assert list((world.desk.frozen.directory / "released").iterdir()) == []


def test_the_record_is_shown_to_those_concerned_only(world):
    submission = world.released()
    for person in (world.author, world.checkers[2], world.operator, world.officer):
        assert world.service.signed_record(world.actor(person), submission.submission_id)
    with pytest.raises((Refused, NotFound)):
        world.service.signed_record(world.actor(world.colleague), submission.submission_id)


def test_frozen_and_released_files_are_written_once_and_private(world):
    submission = world.released()
    for path in (
        world.desk.frozen.path(submission.files[0].sha256),
        world.desk.frozen.released(submission.submission_id) / submission.files[0].sha256,
    ):
        assert path.stat().st_mode & 0o777 == 0o400
        assert file_sha256(path)[0] == path.name
