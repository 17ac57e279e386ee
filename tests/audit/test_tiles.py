"""Proofs read a few tiles of the tree; what is kept of it cannot lie, and older logs are proved too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select, text

from orchestrator.audit.fakes import FakeSigner
from orchestrator.audit.merkle import TILE, Frontier, inclusion_proof, leaf_hash, root_hash, verify_inclusion
from orchestrator.audit.record import Record
from orchestrator.audit.service import AuditService
from orchestrator.audit.store import NodeRow
from orchestrator.audit.tiles import Tiles
from orchestrator.audit.verification import verify_proof
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import make_engine
from orchestrator.core.errors import NotPossible
from orchestrator.core.events import Event
from tests.empty_record import lay_tables

ENTRIES = 3 * TILE + 40
LEAVES = [leaf_hash(number.to_bytes(4)) for number in range(TILE * TILE + 3 * TILE + 7)]


@pytest.fixture(scope="module")
def kept() -> dict[int, dict[int, bytes]]:
    """What is kept of a tree over all leaves, by level and number."""
    levels: dict[int, dict[int, bytes]] = {0: dict(enumerate(LEAVES)), 1: {}, 2: {}}
    frontier = Frontier()
    for leaf in LEAVES:
        for level, root in enumerate(frontier.append(leaf), start=1):
            levels[level][(frontier.size >> (8 * level)) - 1] = root
    return levels


class Reading:
    """Reads what is kept and counts it; levels above ``most`` are not kept."""

    def __init__(self, kept: dict[int, dict[int, bytes]], most: int = 2) -> None:
        self.kept, self.most, self.rows = kept, most, 0

    def __call__(self, level: int, start: int, end: int) -> dict[int, bytes]:
        found = {each: self.kept[level][each] for each in range(start, end)} if level <= self.most else {}
        self.rows += len(found)
        return found


def test_tiles_are_completed_with_their_last_leaf_and_are_the_roots_over_their_leaves(
    kept: dict[int, dict[int, bytes]],
) -> None:
    assert sorted(kept[1]) == list(range(TILE + 3))
    assert sorted(kept[2]) == [0]
    assert kept[1][2] == root_hash(LEAVES[2 * TILE : 3 * TILE])
    assert kept[2][0] == root_hash(LEAVES[: TILE * TILE])


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 3 * TILE + 7), st.data())
def test_a_path_by_tiles_is_the_path_by_leaves(
    kept: dict[int, dict[int, bytes]], size: int, data: st.DataObject
) -> None:
    index, most = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, 2))
    assert Tiles(size, Reading(kept, most)).inclusion(index) == inclusion_proof(LEAVES[:size], index)


@pytest.mark.parametrize("size", [TILE, TILE + 1, TILE * TILE, TILE * TILE + 1, len(LEAVES)])
def test_a_proof_in_a_large_tree_reads_a_few_tiles(kept: dict[int, dict[int, bytes]], size: int) -> None:
    root = root_hash(LEAVES[:size])
    for index in {0, TILE - 1, size // 2, size - 1}:
        reading = Reading(kept)
        path = Tiles(size, reading).inclusion(index)
        assert verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=path, root=root)
        assert reading.rows <= 6 * TILE


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Record]:
    engine = make_engine(f"sqlite:///{tmp_path}/tre.db")
    lay_tables(engine)
    record = Record(engine, FixedClock())
    write(record, ENTRIES - TILE)
    write(record, TILE)
    yield record
    engine.dispose()


def write(record: Record, many: int) -> None:
    with record.change() as change:
        for number in range(many):
            change.tell(Event(kind="thing.made", actor="system:test", subject=f"thing:{number}"))


def tamper(record: Record, statement: str) -> None:
    with record.engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount > 0


def nodes(record: Record) -> list[tuple[int, int]]:
    with record.read() as session:
        return [tuple(row) for row in session.execute(select(NodeRow.level, NodeRow.number).order_by(NodeRow.number))]


def holds(record: Record, signer: FakeSigner, *positions: int) -> bool:
    audit = AuditService(record)
    return all(verify_proof(audit.prove(each), signer.public_keys()) == [] for each in positions)


def test_a_proof_reads_tiles_and_not_the_log(log: Record) -> None:
    signer, read = FakeSigner(), [0]
    write(log, 8 * TILE)
    AuditService(log).sign_head(signer)

    def fetched(*_told: Any) -> None:
        read[0] += 1

    event.listen(log.engine, "after_cursor_execute", fetched)
    assert holds(log, signer, 5)
    assert read[0] <= 8
    event.remove(log.engine, "after_cursor_execute", fetched)
    with log.read() as session:
        assert session.scalar(select(func.count()).select_from(NodeRow)) == 11
    assert AuditService(log).verify().sound


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("UPDATE audit_node SET hash = zeroblob(32) WHERE number = 1", "node-changed"),
        ("UPDATE audit_node SET hash = 'text' WHERE number = 1", "node-changed"),
        ("UPDATE audit_node SET number = 77 WHERE number = 1", "node-unknown"),
        ("UPDATE audit_node SET level = 2 WHERE number = 1", "node-unknown"),
        ("UPDATE audit_node SET level = 0 WHERE number = 1", "node-unknown"),
    ],
    ids=["hash", "text", "number", "level", "leaf"],
)
def test_a_node_that_was_changed_is_found_and_no_proof_lies_because_of_it(log: Record, change: str, rule: str) -> None:
    signer = FakeSigner()
    AuditService(log).sign_head(signer)
    tamper(log, change)
    seen = AuditService(log).verify()
    assert [finding.rule for finding in seen.findings] == [rule]
    assert seen.findings[0].position == (TILE if rule == "node-changed" else None)
    assert holds(log, signer, 0, TILE, 2 * TILE, ENTRIES - 1)


def test_a_log_from_before_nodes_were_kept_is_proved_verified_and_filled_in_when_it_is_signed(log: Record) -> None:
    signer = FakeSigner()
    AuditService(log).sign_head(signer)
    tamper(log, "DELETE FROM audit_node")
    assert AuditService(log).verify().sound
    assert holds(log, signer, 0, TILE + 3, ENTRIES - 1)
    write(log, TILE)
    assert nodes(log) == [(1, 3)]
    AuditService(log).sign_head(signer)
    assert nodes(log) == [(1, 0), (1, 1), (1, 2), (1, 3)]
    assert AuditService(log).verify().sound
    assert holds(log, signer, 0, TILE + 3, ENTRIES + TILE - 1)


def test_a_long_log_is_filled_in_some_at_a_time_and_level_by_level(
    log: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.audit.kept_nodes._AT_ONCE", 2)
    tamper(log, "DELETE FROM audit_node")
    for expected in ([(1, 0), (1, 1)], [(1, 0), (1, 1), (1, 2)], [(1, 0), (1, 1), (1, 2)]):
        write(log, 1)
        AuditService(log).sign_head(FakeSigner())
        assert nodes(log) == expected


def test_an_entry_whose_log_no_longer_leads_to_its_head_is_not_proved(log: Record) -> None:
    AuditService(log).sign_head(FakeSigner())
    tamper(log, "UPDATE audit_entry SET leaf = zeroblob(32) WHERE position = 5")
    with pytest.raises(NotPossible, match=r"verified"):
        AuditService(log).prove(6)
    tamper(log, "DELETE FROM audit_entry WHERE position = 5")
    with pytest.raises(NotPossible, match=r"no longer leads"):
        AuditService(log).prove(6)


def test_a_change_that_fails_leaves_no_node_behind(log: Record) -> None:
    before = nodes(log)

    def fail() -> None:
        with log.change() as change:
            for number in range(2 * TILE):
                change.tell(Event(kind="thing.made", actor="system:test", subject=f"thing:{number}"))
            change.finish()
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        fail()
    assert nodes(log) == before
    write(log, TILE)
    assert AuditService(log).verify().sound


def test_what_was_left_of_a_longer_log_does_not_keep_this_one_from_growing(log: Record) -> None:
    with log.engine.begin() as connection:
        connection.execute(text("INSERT INTO audit_node (level, number, hash) VALUES (1, 3, zeroblob(32))"))
    write(log, TILE)
    assert nodes(log) == [(1, 0), (1, 1), (1, 2), (1, 3)]
    assert AuditService(log).verify().sound
