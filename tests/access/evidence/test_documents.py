"""Documents of evidence: which files are taken, who reads them, how long they stay, what a crash leaves."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import pytest
from sqlalchemy import select

from orchestrator.access.evidence.document import LARGEST, MOST_WAITING, check_kind, download_name
from orchestrator.access.evidence.model import Evidence
from orchestrator.access.evidence.ports import FakeDocuments
from orchestrator.audit.store import EntryRow
from orchestrator.core.errors import Conflict, Invalid, NotFound, NotPossible, OrchestratorError, Refused, Unavailable
from orchestrator.identity.model import Role
from tests.access.evidence.conftest import Bringing

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"".join(
    struct.pack(">I4s", len(content), name) + content + struct.pack(">I", zlib.crc32(name + content))
    for name, content in ((b"IHDR", bytes(13)), (b"IDAT", bytes(9)), (b"IEND", b""))
)
JPEG = b"\xff\xd8\xff\xe0 a scan \xff\xd9"


@pytest.fixture
def documents(bringing: Bringing) -> FakeDocuments:
    made = FakeDocuments(bringing.world.record.clock)
    bringing.service.documents = made
    return made


@pytest.fixture
def piece(bringing: Bringing, documents: FakeDocuments) -> Evidence:  # noqa: ARG001 - they are there first
    return bringing.bring(bringing.world.submitted().application_id, "dpia")


def hand_in(bringing: Bringing, piece: Evidence, content: bytes = PDF, who: str = "lead"):
    return bringing.service.hand_in(bringing.world.actor(who), piece.evidence_id, content)


def read(bringing: Bringing, piece: Evidence, who: str = "operator") -> bytes:
    return bringing.service.read_document(bringing.world.actor(who), piece.evidence_id)[1]


def kinds_told(bringing: Bringing, piece: Evidence) -> list[str]:
    with bringing.world.record.read() as session:
        query = select(EntryRow.kind).where(EntryRow.subject == f"evidence:{piece.evidence_id}")
        return [kind for kind in session.scalars(query.order_by(EntryRow.position)) if "document" in kind]


# ---- what is taken ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("content", "kind"), [(PDF, "pdf"), (PNG, "png"), (JPEG, "jpeg")])
def test_letters_and_scans_are_taken_by_their_content(content: bytes, kind: str) -> None:
    assert check_kind(content) == kind


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!doctype html><script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"PK\x03\x04" + bytes(60),
        b"MZ" + bytes(100),
        b"\x7fELF" + bytes(100),
        b"#!/bin/sh\nrm -rf /\n",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
        b"GIF89a" + bytes(20),
        b"Dear committee,\n",
        b"<html>" + PDF,
        PDF[:-6],
        PDF + b"PK\x05\x06" + bytes(18),
        PDF + b"<script>alert(1)</script>",
        PNG[:-4],
        PNG + b"<script>",
        PNG[:8] + b"\xff\xff\xff\xff" + PNG[12:],
        JPEG + b"<?php system($_GET[0]);",
        JPEG[:4] + b"PK\x05\x06" + bytes(16) + b"\x02\x00" + JPEG[-2:],
        PDF[:-6] + b"PK\x05\x06" + bytes(16) + b"\x06\x00" + PDF[-6:],
        JPEG[:4] + PDF + JPEG[-2:],
        b"%PDF-" + bytes(8),
        b"%PDF-1.7" + bytes(LARGEST),
    ],
    ids=lambda content: content[:12].hex(),
)
def test_anything_else_is_not(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        check_kind(content)
    assert refused.value.field == "document"


def test_of_what_is_not_taken_nothing_stays(bringing: Bringing, documents: FakeDocuments, piece: Evidence) -> None:
    for content in (b"", b"<html>", b"%PDF-1.7 acting %%EOF"):
        with pytest.raises(Invalid):
            hand_in(bringing, piece, content)
    assert not documents.held
    assert kinds_told(bringing, piece) == []
    assert bringing.service.document(bringing.world.actor("lead"), piece.evidence_id) is None


# ---- who hands in, who reads -----------------------------------------------------------------------------------------


def test_deciders_read_it_and_each_reading_is_on_record(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence
) -> None:
    made = hand_in(bringing, piece)
    assert (made.kind, made.size, made.sha256) == ("pdf", len(PDF), hashlib.sha256(PDF).hexdigest())
    assert list(documents.held) == [made.document_id]
    seen = bringing.service.evidence(bringing.world.actor("lead"), piece.evidence_id)
    assert seen.file_sha256 == made.sha256
    assert bringing.told("evidence.document-handed-in") == {"operator", "operator2"}
    assert read(bringing, piece) == PDF
    assert read(bringing, piece, "operator2") == PDF
    assert kinds_told(bringing, piece) == ["evidence.document-handed-in", *["evidence.document-read"] * 2]
    assert download_name(piece, made) == f"dpia-{piece.evidence_id}.pdf"


def test_nobody_else_reads_or_destroys_it(bringing: Bringing, piece: Evidence) -> None:
    hand_in(bringing, piece)
    answers: dict[str, type[OrchestratorError]] = {
        "lead": Refused,
        "member": Refused,
        "officer_a": Refused,
        "stranger": NotFound,
    }
    for who, error in answers.items():
        with pytest.raises(error):
            read(bringing, piece, who)
        with pytest.raises(error):
            bringing.service.destroy_document(bringing.world.actor(who), piece.evidence_id, "I do not like it.")
    assert kinds_told(bringing, piece) == ["evidence.document-handed-in"]


def test_a_contract_is_read_by_its_custodian_alone(bringing: Bringing, documents: FakeDocuments) -> None:
    world = bringing.world
    application_id = world.submitted().application_id
    contract = bringing.bring(application_id, "contract", custodian_id=world.custodians["a"])
    hand_in(bringing, contract)
    assert read(bringing, contract, "officer_a") == PDF
    with pytest.raises(Refused):
        read(bringing, contract, "operator")
    with pytest.raises(NotFound):
        read(bringing, contract, "officer_b")
    assert len(documents.held) == 1


def test_who_brought_it_does_not_decide_on_it_in_another_role(bringing: Bringing, documents: FakeDocuments) -> None:
    own = bringing.bring(bringing.world.submitted().application_id, "dpia", who="operator")
    hand_in(bringing, own, who="operator")
    with pytest.raises(Refused) as refused:
        read(bringing, own, "operator")
    assert "its document is for those who do" in refused.value.message
    assert read(bringing, own, "operator2") == PDF
    assert documents.held


def test_only_who_brought_a_piece_hands_in_its_document(bringing: Bringing, piece: Evidence) -> None:
    for who in ("member", "operator", "officer_a"):
        with pytest.raises(Refused):
            hand_in(bringing, piece, who=who)
    with pytest.raises(NotFound):
        hand_in(bringing, piece, who="stranger")


def test_a_role_that_ended_reads_nothing_more(bringing: Bringing, piece: Evidence) -> None:
    hand_in(bringing, piece)
    before = bringing.world.actor("operator2")
    world = bringing.world
    world.clock.now += timedelta(days=4000)
    assert Role.OPERATOR.value in before.roles
    with pytest.raises((Refused, NotFound)):
        bringing.service.read_document(before, piece.evidence_id)


# ---- one document, bound to its hash ---------------------------------------------------------------------------------


def test_it_must_be_the_very_document_that_was_recorded(bringing: Bringing, documents: FakeDocuments) -> None:
    recorded = hashlib.sha256(PDF).hexdigest()
    piece = bringing.bring(bringing.world.submitted().application_id, "dpia", file_sha256=recorded)
    with pytest.raises(Invalid, match="its hash is another"):
        hand_in(bringing, piece, JPEG)
    assert not documents.held
    bringing.verify(piece)
    hand_in(bringing, piece, PDF)
    assert read(bringing, piece) == PDF


def test_no_document_is_slipped_under_a_verification(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence
) -> None:
    seen = piece.file_sha256
    hand_in(bringing, piece)
    for looked_at in (seen, None):
        with pytest.raises(Conflict, match="not the one you looked at"):
            bringing.service.verify(bringing.world.actor("operator"), piece.evidence_id, file_sha256=looked_at)
    now = bringing.service.evidence(bringing.world.actor("operator"), piece.evidence_id).file_sha256
    bringing.service.verify(bringing.world.actor("operator"), piece.evidence_id, file_sha256=now)
    with pytest.raises(NotPossible, match="here already"):
        hand_in(bringing, piece, JPEG)
    assert len(documents.held) == 1


def test_what_was_verified_without_a_document_or_has_ended_takes_none(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence
) -> None:
    bringing.verify(piece)
    with pytest.raises(NotPossible, match="without the hash of a document"):
        hand_in(bringing, piece)
    bringing.service.revoke(bringing.world.actor("operator"), piece.evidence_id, "Withdrawn.")
    with pytest.raises(NotPossible, match="is revoked"):
        hand_in(bringing, piece)
    assert not documents.held


def test_nobody_fills_the_disk_with_what_nobody_verified(bringing: Bringing, documents: FakeDocuments) -> None:
    pieces = [bringing.of_organisation(f"Institute {number}") for number in range(MOST_WAITING + 1)]
    for each in pieces[:-1]:
        hand_in(bringing, each)
    with pytest.raises(NotPossible, match="wait to be verified"):
        hand_in(bringing, pieces[-1])
    bringing.verify(pieces[0])
    hand_in(bringing, pieces[-1])
    assert len(documents.held) == MOST_WAITING + 1


# ---- the end of a document -------------------------------------------------------------------------------------------


def test_a_document_is_destroyed_by_hand_with_a_reason(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence
) -> None:
    hand_in(bringing, piece)
    operator = bringing.world.actor("operator")
    with pytest.raises(Invalid):
        bringing.service.destroy_document(operator, piece.evidence_id, " ")
    gone = bringing.service.destroy_document(operator, piece.evidence_id, "It names a patient.")
    assert gone.destroyed_by == operator.person_id
    assert not documents.held
    assert bringing.told("evidence.document-destroyed") == {"lead"}
    with pytest.raises(NotFound):
        read(bringing, piece)
    with pytest.raises(NotFound):
        bringing.service.destroy_document(operator, piece.evidence_id, "Again.")
    with pytest.raises(NotPossible, match="was destroyed"):
        hand_in(bringing, piece)
    shown = bringing.service.document(bringing.world.actor("lead"), piece.evidence_id)
    assert shown is not None
    assert shown.reason == "It names a patient."
    assert kinds_told(bringing, piece)[-1] == "evidence.document-destroyed"


def _take_back(bringing: Bringing, piece: Evidence) -> timedelta:
    bringing.service.take_back(bringing.world.actor("lead"), piece.evidence_id)
    return timedelta()


def _reject(bringing: Bringing, piece: Evidence) -> timedelta:
    bringing.service.reject(bringing.world.actor("operator"), piece.evidence_id, "Another project.")
    return bringing.service.keep_documents


def _revoke_late(bringing: Bringing, piece: Evidence) -> timedelta:
    """Revoke what had stopped counting by itself ten days before."""
    bringing.verify(piece)
    bringing.world.clock.now = piece.valid_until + timedelta(days=10)
    bringing.service.revoke(bringing.world.actor("operator"), piece.evidence_id, "Late.")
    return piece.valid_until - bringing.world.clock.now + bringing.service.keep_documents


def _expire(bringing: Bringing, piece: Evidence) -> timedelta:
    bringing.verify(piece)
    return piece.valid_until - bringing.world.clock.now + bringing.service.keep_documents


@pytest.mark.parametrize("end", [_take_back, _reject, _expire, _revoke_late])
def test_it_is_kept_by_the_retention_rule_and_then_destroyed(
    bringing: Bringing,
    documents: FakeDocuments,
    piece: Evidence,
    end: Callable[[Bringing, Evidence], timedelta],
) -> None:
    hand_in(bringing, piece)
    stays = end(bringing, piece)
    if stays:
        bringing.world.clock.now += stays - timedelta(seconds=1)
        bringing.service.chase()
        assert len(documents.held) == 1
        bringing.world.clock.now += timedelta(seconds=1)
    bringing.service.chase()
    assert not documents.held
    assert kinds_told(bringing, piece)[-1] == "evidence.document-destroyed"
    assert bringing.service.tidy() == 0
    assert kinds_told(bringing, piece).count("evidence.document-destroyed") == 1


def test_what_is_taken_back_leaves_nothing_behind_at_once(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence
) -> None:
    hand_in(bringing, piece)
    _take_back(bringing, piece)
    assert not documents.held
    assert kinds_told(bringing, piece)[-1] == "evidence.document-destroyed"
    with pytest.raises(NotFound):
        read(bringing, piece)


def test_none_is_said_to_be_destroyed_where_nobody_knows_where_it_lies(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence
) -> None:
    hand_in(bringing, piece)
    bringing.service.documents = None
    _take_back(bringing, piece)
    assert bringing.service.tidy() == 0
    assert kinds_told(bringing, piece) == ["evidence.document-handed-in"]
    bringing.service.documents = documents
    assert bringing.service.tidy() == 1 + 1
    assert not documents.held


# ---- what a crash leaves ---------------------------------------------------------------------------------------------


class Stopped(BaseException):
    """The process is gone."""


def test_a_crash_before_the_row_leaves_bytes_that_go_after_an_hour(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop() -> None:
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(bringing.world.record, "change", stop)
        with pytest.raises(Stopped):
            hand_in(bringing, piece)
    assert len(documents.held) == 1
    assert bringing.service.document(bringing.world.actor("lead"), piece.evidence_id) is None
    assert bringing.service.tidy() == 0
    made = hand_in(bringing, piece)
    bringing.world.clock.now += timedelta(hours=1, seconds=1)
    assert bringing.service.tidy() == 1
    assert list(documents.held) == [made.document_id]
    assert read(bringing, piece) == PDF


def test_a_crash_before_the_bytes_go_is_made_good(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(bringing, piece)

    def stop(_: str) -> None:
        raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(documents, "remove", stop)
        with pytest.raises(Stopped):
            bringing.service.destroy_document(bringing.world.actor("operator"), piece.evidence_id, "Wrong one.")
    assert len(documents.held) == 1
    with pytest.raises(NotFound):
        read(bringing, piece)
    assert bringing.service.tidy() == 1
    assert not documents.held


def test_bytes_that_cannot_be_removed_now_are_tried_again(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(bringing, piece)

    def fails(_: str) -> None:
        raise Unavailable("The disk failed.", system="documents")

    with monkeypatch.context() as patched:
        patched.setattr(documents, "remove", fails)
        _take_back(bringing, piece)
        assert bringing.service.tidy() == 0
    assert len(documents.held) == 1
    assert bringing.service.tidy() == 1
    assert not documents.held


def test_bytes_that_are_lost_are_told_and_no_reading_is_recorded(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence
) -> None:
    hand_in(bringing, piece)
    documents.held.clear()
    with pytest.raises(Unavailable):
        read(bringing, piece)
    assert kinds_told(bringing, piece) == ["evidence.document-handed-in"]


def test_an_installation_without_a_place_for_documents_says_so(bringing: Bringing) -> None:
    piece = bringing.bring(bringing.world.submitted().application_id, "dpia")
    with pytest.raises(NotPossible, match="No documents are kept here"):
        hand_in(bringing, piece)
    assert bringing.service.tidy() == 0


def test_the_log_says_nothing_but_identifiers_and_hashes(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence
) -> None:
    hand_in(bringing, piece)
    bringing.service.destroy_document(bringing.world.actor("operator"), piece.evidence_id, "It names Zqxcanary.")
    with bringing.world.record.read() as session:
        bodies = list(session.scalars(select(EntryRow.body).where(EntryRow.kind.like("evidence.document%"))))
    assert len(bodies) == 2
    assert all("canary" not in body for body in bodies)
    assert {key for body in bodies for key in json.loads(body)["details"]} == {"document", "sha256", "size"}
    assert not documents.held


# ---- rehearsed, and under a new key ----------------------------------------------------------------------------------


def test_a_rehearsal_looks_into_it_and_leaves_no_bytes(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence
) -> None:
    class Undone(Exception):
        pass

    def undone(_: object) -> NoReturn:
        raise Undone

    record = bringing.world.record
    assert not record.rehearsed
    record.rehearse(undone)
    assert record.rehearsed
    with pytest.raises(Invalid, match="acts"):
        hand_in(bringing, piece, PDF[:9] + b"acting" + PDF[9:])
    with pytest.raises(Undone):
        hand_in(bringing, piece)
    assert documents.held == {}


def test_an_operator_changes_the_key_and_nobody_else(
    bringing: Bringing, documents: FakeDocuments, piece: Evidence
) -> None:
    hand_in(bringing, piece)
    for who in ("lead", "officer_a", "stranger"):
        with pytest.raises(Refused, match="Only an operator changes the key"):
            bringing.service.rotate_key(bringing.world.actor(who))
    done = bringing.service.rotate_key(bringing.world.actor("operator"))
    assert (done.sealed, done.finished) == (1, True)
    assert key_events(bringing) == ["evidence.key-change-began", "evidence.key-changed"]
    (document_id,) = documents.held
    documents.held["strange"] = documents.held[document_id]
    documents.held[document_id] = ("0" * 64, b"", bringing.world.now)
    done = bringing.service.rotate_key(bringing.world.actor("operator"))
    assert (done.sealed, done.coming, done.unread, done.finished) == (0, 1, (document_id,), False)
    assert key_events(bringing)[2:] == ["evidence.key-change-began", "evidence.key-change-unfinished"]


def key_events(bringing: Bringing) -> list[str]:
    with bringing.world.record.read() as session:
        query = select(EntryRow.kind).where(EntryRow.subject == "documents:key").order_by(EntryRow.position)
        return list(session.scalars(query))
