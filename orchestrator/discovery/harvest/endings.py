"""How a pull ends or rests: put off after a fault, failed, finished, or held for a person."""

from __future__ import annotations

import json
from datetime import datetime

from orchestrator.audit.record import Change, Record
from orchestrator.core.events import Json

from . import store
from .model import OPEN_PULLS, PULL_STATES, PullKind, PullState
from .rules import MOST_PAUSES, pause
from .speaking import about_pull, tell_keepers
from .store import PullRow

__all__ = ["end", "fail", "put_off", "remark"]

_MOST_REMARKS = 50


def remark(row: PullRow, *sentences: str) -> None:
    """Add sentences to what is to be said of a pull, each once."""
    said = json.loads(row.remarks)
    row.remarks = json.dumps([*said, *(each for each in sentences if each and each not in said)][:_MOST_REMARKS])


def put_off(record: Record, pull_id: str, sentence: str) -> None:
    """Let a pull rest, longer each time; after too many faults in a row it fails."""
    with record.change() as change:
        row = store.pull_row(change.session, pull_id)
        if row.state not in OPEN_PULLS:
            return
        row.put_off += 1
        row.trouble = sentence
        if row.put_off > MOST_PAUSES:
            _fail(change, row, sentence, record.clock())
            return
        row.due_at = record.clock() + pause(row.put_off - 1)
        change.tell(about_pull("put-off", row, times=row.put_off))


def fail(record: Record, pull_id: str, sentence: str) -> None:
    """End a pull that cannot go on. What it took is kept; the next one goes on with the rest."""
    with record.change() as change:
        row = store.pull_row(change.session, pull_id)
        if row.state in OPEN_PULLS:
            _fail(change, row, sentence, record.clock())


def end(change: Change, row: PullRow, action: str, now: datetime) -> None:
    """End a pull, or hold it, with the counts of its items."""
    row.state = PULL_STATES.after(PullState(row.state), action).value
    row.ended_at = now
    counts: dict[str, Json] = {**store.item_counts(change.session, row.pull_id)}
    row.counts = json.dumps(counts)
    change.tell(about_pull(_TOLD[action], row, missing=row.missing, datasets=counts))


_TOLD = {"finish": "finished", "hold": "held", "fail": "failed"}


def _fail(change: Change, row: PullRow, sentence: str, now: datetime) -> None:
    endpoint = store.endpoint_row(change.session, row.endpoint_id)
    first = not endpoint.trouble
    row.trouble = endpoint.trouble = sentence
    end(change, row, "fail", now)
    if first and row.kind != PullKind.TEST:
        tell_keepers(change, endpoint, "failing", now)
