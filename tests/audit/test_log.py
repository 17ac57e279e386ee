"""Whoever deletes, changes, reorders or inserts a row of the log is found out, and the row is named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from orchestrator.audit.fakes import FakeSigner
from orchestrator.audit.merkle import Frontier, leaf_hash
from orchestrator.audit.record import Record
from orchestrator.audit.service import AuditService
from orchestrator.audit.store import KeyRow
from orchestrator.audit.verification import verify_proof
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import make_engine
from orchestrator.core.errors import NotFound, NotPossible, Unavailable
from orchestrator.core.events import Event, Notice
from tests.empty_record import lay_tables


@pytest.fixture
def log(tmp_path: Path) -> Record:
    engine = make_engine(f"sqlite:///{tmp_path}/tre.db")
    lay_tables(engine)
    record = Record(engine, FixedClock())
    for number in range(10):
        write(record, number)
    return record


def write(record: Record, number: int) -> None:
    with record.change() as change:
        change.tell(Event(kind="thing.made", actor="system:test", subject=f"thing:{number}", details={"n": number}))


def tamper(record: Record, *statements: str) -> None:
    with record.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def test_an_untouched_log_is_sound_and_its_entries_can_be_proved(log: Record) -> None:
    audit, signer = AuditService(log), FakeSigner()
    audit.sign_head(signer)
    seen = audit.verify()
    assert seen.sound
    assert seen.size == 11
    assert seen.unsigned == 1
    for position in range(10):
        assert verify_proof(audit.prove(position), signer.public_keys()) == []


def test_a_proof_does_not_hold_under_another_key_or_for_another_entry(log: Record) -> None:
    audit, signer = AuditService(log), FakeSigner()
    audit.sign_head(signer)
    proof = audit.prove(3)
    assert verify_proof(proof, FakeSigner().public_keys())
    forged = type(proof)(entry=proof.entry.replace('"n":3', '"n":4'), position=3, path=proof.path, head=proof.head)
    assert verify_proof(forged, signer.public_keys())


TAMPERING: dict[str, tuple[tuple[str, ...], int]] = {
    "changed": (("UPDATE audit_entry SET body = replace(body, 'thing.made', 'thing.gone') WHERE position = 4",), 4),
    "deleted": (("DELETE FROM audit_entry WHERE position = 4",), 4),
    "first deleted": (("DELETE FROM audit_entry WHERE position = 0",), 0),
    "reordered": (
        (
            "UPDATE audit_entry SET position = 100 WHERE position = 4",
            "UPDATE audit_entry SET position = 4 WHERE position = 5",
            "UPDATE audit_entry SET position = 5 WHERE position = 100",
        ),
        4,
    ),
    "inserted": (
        (
            "UPDATE audit_entry SET position = position + 100 WHERE position >= 4",
            "UPDATE audit_entry SET position = position - 99 WHERE position >= 104",
            "INSERT INTO audit_entry SELECT 4, body, leaf, kind, subject FROM audit_entry WHERE position = 3",
        ),
        4,
    ),
    "not canonical": (("UPDATE audit_entry SET body = body || ' ' WHERE position = 4",), 4),
    "not JSON": (("UPDATE audit_entry SET body = 'x' WHERE position = 4",), 4),
}


@pytest.mark.parametrize(("statements", "position"), TAMPERING.values(), ids=TAMPERING.keys())
def test_tampering_is_found_and_the_row_named(log: Record, statements: tuple[str, ...], position: int) -> None:
    audit = AuditService(log)
    assert audit.verify().sound
    tamper(log, *statements)
    seen = audit.verify()
    assert not seen.sound
    assert position in {finding.position for finding in seen.findings}


def test_a_tail_cut_off_after_a_signed_head_is_found(log: Record) -> None:
    audit = AuditService(log)
    audit.sign_head(FakeSigner())
    frontier = Frontier()
    with log.read() as session:
        for leaf in session.execute(
            text("SELECT leaf FROM audit_entry WHERE position < 7 ORDER BY position")
        ).scalars():
            frontier.append(leaf)
    with log.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_entry WHERE position >= 7"))
        connection.execute(text("UPDATE audit_tree SET size = 7, peaks = :peaks"), {"peaks": b"".join(frontier.peaks)})
    findings = audit.verify().findings
    assert {(finding.rule, finding.position) for finding in findings} == {("entries-missing", 7), ("key-changed", None)}


def test_a_log_rewritten_with_all_its_hashes_still_differs_from_its_signed_head(log: Record) -> None:
    audit = AuditService(log)
    audit.sign_head(FakeSigner())
    rows, frontier = [], Frontier()
    with log.read() as session:
        for position, body in session.execute(text("SELECT position, body FROM audit_entry ORDER BY position")):
            changed = body.replace('"n":4', '"n":5')
            leaf = leaf_hash(changed.encode())
            frontier.append(leaf)
            rows.append({"position": position, "body": changed, "leaf": leaf})
    with log.engine.begin() as connection:
        connection.execute(text("UPDATE audit_entry SET body = :body, leaf = :leaf WHERE position = :position"), rows)
        connection.execute(text("UPDATE audit_tree SET peaks = :peaks"), {"peaks": b"".join(frontier.peaks)})
    findings = audit.verify().findings
    assert [finding.rule for finding in findings] == ["head-root"]
    assert "0 to 9" in findings[0].message


def test_a_whole_log_re_signed_with_another_key_is_found_with_a_key_kept_elsewhere(log: Record) -> None:
    audit, kept = AuditService(log), FakeSigner().public_keys()
    audit.sign_head(FakeSigner())
    assert audit.verify().sound
    assert [finding.rule for finding in audit.verify(keys=kept).findings] == ["head-signature"]


def test_a_change_without_an_event_is_undone(log: Record) -> None:
    with pytest.raises(AssertionError, match="no event was told"), log.change() as change:
        change.session.add(KeyRow(version=9, public=b"x" * 32))
    with pytest.raises(AssertionError, match="no event was told"), log.change() as change:
        change.session.execute(text("DELETE FROM audit_key"))
    assert AuditService(log).keys() == {}


def test_a_failing_change_leaves_neither_state_nor_entry_nor_notice(log: Record) -> None:
    with pytest.raises(NotPossible), log.change() as change:
        change.session.add(KeyRow(version=9, public=b"x" * 32))
        change.tell(Event(kind="key.added", actor="system:test", subject="key:9"))
        change.notify(Notice(person="aaaaaaaaaaaaaaaa", kind="key.added", subject="key:9"))
        change.session.flush()
        raise NotPossible("Not now.")
    audit = AuditService(log)
    assert audit.size() == 10
    assert audit.keys() == {}
    with log.read() as session:
        assert session.execute(text("SELECT count(*) FROM outbox")).scalar() == 0


def test_a_locked_record_is_said_in_words_and_nothing_is_written(log: Record) -> None:
    other = make_engine(str(log.engine.url))
    with other.connect() as holder:
        holder.execution_options(tre_write=True).execute(text("SELECT 1"))
        with log.engine.connect() as waiting:
            waiting.exec_driver_sql("PRAGMA busy_timeout = 50")
        with pytest.raises(Unavailable, match="locked"), log.change() as change:
            change.tell(Event(kind="thing.made", actor="system:test", subject="thing:x"))
    assert AuditService(log).size() == 10
    write(log, 11)
    assert AuditService(log).size() == 11


def test_a_full_disk_is_said_in_words_and_the_log_stays_whole(log: Record) -> None:
    with log.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Unavailable, match="full"):
        for number in range(200):
            write(log, number)
    with log.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert AuditService(log).verify().sound
    write(log, 1)
    assert AuditService(log).verify().sound


def test_an_entry_beyond_the_log_or_beyond_its_heads_cannot_be_proved(log: Record) -> None:
    audit = AuditService(log)
    with pytest.raises(NotFound):
        audit.prove(99)
    with pytest.raises(NotPossible):
        audit.prove(3)


def test_signing_twice_without_a_change_between_signs_once(log: Record) -> None:
    audit, signer = AuditService(log), FakeSigner()
    assert audit.sign_head(signer) is not None
    assert audit.sign_head(signer) is None
    assert audit.size() == 11


def test_entries_carry_no_floating_point_numbers(log: Record) -> None:
    body = json.loads(AuditService(log).entries(limit=1)[0])
    assert set(body) == {"actor", "at", "details", "kind", "position", "subject"}


def test_writers_in_parallel_neither_lose_nor_double_an_entry(log: Record) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def many(start: int) -> None:
        for number in range(start, start + 20):
            write(log, number)

    run: Callable[[int], None] = many
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, (100, 200, 300, 400)))
    seen = AuditService(log).verify()
    assert seen.sound
    assert seen.size == 90
