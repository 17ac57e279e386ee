"""What is made from a submitted file is what people see and what leaves; and the ledger from scan to release."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import openpyxl
from PIL import Image, PngImagePlugin
from sqlalchemy import select

from orchestrator.airlock.frozen import file_sha256
from orchestrator.airlock.inspection.ledgering import Looked
from orchestrator.airlock.inspection.scanning import told_apart
from orchestrator.airlock.ledger.rows import LedgerTableRow
from orchestrator.airlock.model import Choice, File, Finding, Severity, State
from orchestrator.airlock.release.verification import verify_release
from orchestrator.airlock.rows import FileRow
from tests.airlock.world import SAFE


def workbook(treated: int = 118) -> bytes:
    book = openpyxl.Workbook()
    ages = book.active
    ages.title = "Ages"
    for row in (["arm", "n"], ["placebo", 120], ["treated", treated]):
        ages.append(row)
    sexes = book.create_sheet("Sex")
    for row in (["sex", "n"], ["f", 130], ["m", 108]):
        sexes.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def picture() -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", "Alice Example")
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(out, "PNG", pnginfo=words)
    return out.getvalue()


def test_each_sheet_is_reviewed_and_released_as_a_file_of_its_own(world):
    content = workbook()
    submission = world.in_review({"t.xlsx": content})
    assert [file.name for file in submission.files] == ["t-Ages.csv", "t-Sex.csv"]
    assert {file.original_name for file in submission.files} == {"t.xlsx"}
    (original,) = {file.original_sha256 for file in submission.files}
    assert world.desk.frozen.path(original).read_bytes() == content
    assert {file.context for file in submission.files} == {"rounded, no small groups"}
    assert "DOCUMENT_METADATA" in {finding.rule for file in submission.files for finding in file.findings}
    for file in submission.files:
        opened = world.service.open_file(world.actor(world.checkers[0]), submission.submission_id, file.file_id)
        assert file_sha256(opened.path) == (file.sha256, file.size)
    for checker in world.checkers[:2]:
        world.review(checker, submission)
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED
    released = world.desk.frozen.released(submission.submission_id)
    assert {path.name for path in released.iterdir()} == {file.sha256 for file in submission.files}
    document = world.service.signed_record(world.actor(world.author), submission.submission_id)
    assert verify_release(document, world.signer.public_keys(), released.iterdir()) == []
    assert {file["made_from_sha256"] for file in json.loads(document)["record"]["files"]} == {original}
    assert original not in {path.name for path in released.iterdir()}


def test_a_picture_leaves_without_what_it_said_about_people(world):
    submission = world.approved({"p.png": picture(), "a.csv": SAFE})
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED
    for path in world.desk.frozen.released(submission.submission_id).iterdir():
        assert b"Alice" not in path.read_bytes()


def test_scanned_again_the_same_bytes_are_the_same_file(world):
    submission = world.in_review({"t.xlsx": workbook()})
    before = {file.file_id for file in submission.files}
    with world.record.read() as session:
        rows = len(list(session.scalars(select(FileRow.file_id))))
    terms = world.governance.conditions[world.project][0]
    world.governance.conditions[world.project] = (replace(terms, minimum_count=11),)
    world.worker.once()
    again = world.now(submission)
    assert (again.round, again.state) == (2, State.IN_REVIEW)
    assert {file.file_id for file in again.files} == before
    with world.record.read() as session:
        assert len(list(session.scalars(select(FileRow.file_id)))) == rows


def test_a_sheet_that_did_not_change_keeps_its_approvals(world):
    submission = world.in_review({"t.xlsx": workbook()})
    for checker in world.checkers[:2]:
        for file in submission.files:
            world.vote_on(checker, submission, file, Choice.CHANGES if file.name == "t-Ages.csv" else Choice.APPROVE)
        world.service.submit_review(
            world.actor(checker), submission.submission_id, seen=world.seen(submission.submission_id)
        )
    world.submit({"t.xlsx": workbook(119)}, revises=submission.submission_id)
    world.worker.scanning.scan(submission.submission_id)
    now = world.now(submission)
    assert [file.name for file in now.files] == ["t-Ages.csv", "t-Sex.csv"]
    (vote,) = world.service.view(world.actor(world.checkers[0]), submission.submission_id).own_votes
    assert (vote.file_id, vote.carried_from) == (now.files[1].file_id, 1)
    assert now.files[1].original_sha256 != submission.files[1].original_sha256
    first = world.service.history(world.actor(world.checkers[0]), submission.submission_id).rounds[0]
    assert {file.sha256 for file in first.files} != {file.sha256 for file in now.files}


def test_a_workbook_that_comes_back_after_it_was_dropped_is_scanned_like_any_other(world):
    submission = world.in_review({"t.xlsx": workbook(), "a.csv": SAFE})
    for number, (files, drop) in enumerate([({}, ("t.xlsx",)), ({"t.xlsx": workbook()}, ())]):
        world.service.return_early(
            world.actor(world.checkers[0]),
            submission.submission_id,
            reason="Again.",
            seen=world.seen(submission.submission_id),
        )
        world.submit(files, revises=submission.submission_id, drop=drop)
        assert world.worker.scanning.scan(submission.submission_id) is State.IN_REVIEW
        assert len(world.now(submission).files) == (1, 3)[number]


def test_files_made_from_two_under_one_name_are_told_apart():
    def made(name, origin):
        return Looked(
            file=File(
                file_id=origin + name, position=0, name=name, size=1, sha256="0" * 64, context="c",
                original_name=origin, original_sha256="1" * 64 if origin else "",
            )
        )  # fmt: skip

    names = [each.file.name for each in told_apart([made("s.csv", "a.xlsx"), made("S.csv", "b.xlsx"), made("x", "")])]
    assert names == ["a.xlsx.s.csv", "b.xlsx.S.csv", "x"]


def test_an_altered_original_stops_the_scan(world):
    submission = world.submit({"t.xlsx": workbook()})
    path = world.desk.frozen.path(submission.files[0].sha256)
    path.chmod(0o600)
    path.write_bytes(b"other")
    assert world.worker.scanning.scan(submission.submission_id) is State.QUARANTINED


def test_originals_are_not_swept_away_when_a_worker_starts(world):
    submission = world.in_review({"t.xlsx": workbook()})
    world.worker.recover()
    assert world.desk.frozen.path(submission.files[0].original_sha256).exists()
    assert all(world.desk.frozen.path(file.sha256).exists() for file in submission.files)


# ---- the ledger -----------------------------------------------------------------------------------------------------


def tables(world, **where):
    with world.record.read() as session:
        return list(session.scalars(select(LedgerTableRow).filter_by(**where)))


def test_tables_are_kept_at_the_scan_and_known_from_the_release_on(world):
    submission = world.in_review()
    (row,) = tables(world)
    assert (row.file, row.released_at) == ("table.csv", None)
    for checker in world.checkers[:2]:
        world.review(checker, submission)
    world.worker.releasing.release(submission.submission_id)
    (row,) = tables(world)
    assert row.released_at == world.clock()


def test_a_table_of_a_supporting_file_never_counts_as_known(world):
    submission = world.in_review({"a.csv": SAFE, "b.csv": SAFE + b"other,130,70.1\n"}, supporting={"b.csv"})
    for checker in world.checkers[:2]:
        world.review(checker, submission)
    world.worker.releasing.release(submission.submission_id)
    assert [row.file for row in tables(world)] == ["a.csv"]


ALL = b"region,people\nNorth,240\nSouth,310\nTotal,550\n"
BUT_ONE = b"region,people\nNorth,239\nSouth,310\nTotal,549\n"


def test_what_another_release_has_made_of_it_meanwhile_voids_the_approval(world):
    first = world.approved({"all.csv": ALL})
    second = world.in_review({"but-one.csv": BUT_ONE})
    world.review(world.checkers[0], second)
    world.review(world.checkers[1], second)
    assert world.worker.releasing.release(first.submission_id) is State.RELEASED
    assert world.worker.releasing.release(second.submission_id) is State.IN_REVIEW
    assert not world.desk.frozen.released(second.submission_id).exists()
    now = world.now(second)
    assert now.round == 2
    assert {finding.rule for finding in now.files[0].findings} - {
        finding.rule for finding in second.files[0].findings
    }, "the checkers read what was found"
    assert world.service.view(world.actor(world.checkers[0]), second.submission_id).reviews_submitted == 0


def test_what_the_checkers_saw_already_does_not_void_again(world):
    class Warned(type(world.worker.releasing._inspector)):
        def inspect_together(self, files, **named):
            found = dict(super().inspect_together(files, **named))
            note = Finding(rule="DIFFERENCING", severity=Severity.FLAG, where="table", message="Looks alike.")
            return {each: (*findings, note) for each, findings in found.items()}

    world.worker.scanning._inspector = world.worker.releasing._inspector = Warned()
    world.released({"other.csv": b"sex,people\nf,240\nm,310\n"})
    submission = world.approved()
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED


def test_a_recheck_that_fails_is_a_finding_and_never_a_release(world):
    world.released({"other.csv": b"sex,people\nf,240\nm,310\n"})
    submission = world.approved()

    class Broken(type(world.worker.releasing._inspector)):
        def inspect_together(self, files, **_):
            failed = Finding(
                rule="INSPECTION_INCOMPLETE", severity=Severity.FLAG, where="whole file", message="It crashed."
            )
            return {each.file_id: (failed,) for each in files}

    world.worker.releasing._inspector = Broken()
    assert world.worker.releasing.release(submission.submission_id) is State.IN_REVIEW
    assert not world.desk.frozen.released(submission.submission_id).exists()
    for checker in world.checkers[:2]:
        world.review(checker, submission)
    assert world.worker.releasing.release(submission.submission_id) is State.RELEASED
