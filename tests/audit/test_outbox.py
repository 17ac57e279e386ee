"""Notices are handed out until they were delivered, later each time they fail, and never lost or doubled."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from orchestrator.audit.outbox import Outbox
from orchestrator.audit.record import Record
from orchestrator.audit.store import NoticeRow
from orchestrator.core.clock import FixedClock
from orchestrator.core.events import Event, Notice

PERSON = "aaaaaaaaaaaaaaaa"


@pytest.fixture
def outbox(record_everywhere: Record) -> Outbox:
    with record_everywhere.change() as change:
        change.tell(Event(kind="thing.made", actor="system:test", subject="thing:x"))
        change.notify(Notice(person=PERSON, kind="thing.made", subject="thing:x"))
    return Outbox(record_everywhere)


def test_a_notice_is_due_at_once_and_gone_when_delivered(outbox: Outbox) -> None:
    (notice,) = outbox.due()
    assert (notice.person_id, notice.kind, notice.subject) == (PERSON, "thing.made", "thing:x")
    outbox.delivered(notice.notice_id)
    assert outbox.due() == []


def wait(record: Record, notice_id: str) -> datetime:
    with record.read() as session:
        return session.get_one(NoticeRow, notice_id).due_at


def test_a_failed_notice_waits_longer_each_time_and_keeps_its_identifier(
    outbox: Outbox, record_everywhere: Record, clock: FixedClock
) -> None:
    (first,) = outbox.due()
    pauses = []
    for _ in range(12):
        outbox.failed(first.notice_id)
        assert outbox.due() == []
        pauses.append(wait(record_everywhere, first.notice_id) - clock())
        clock.advance(pauses[-1] - timedelta(seconds=1))
        assert outbox.due() == []
        clock.advance(timedelta(seconds=1))
        assert [notice.notice_id for notice in outbox.due()] == [first.notice_id]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=10)
    assert pauses[-1] == timedelta(hours=1)
