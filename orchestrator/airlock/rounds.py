"""Rounds of one submission: the author sends what has to change; what he did not touch keeps its approvals."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.audit.record import Change
from orchestrator.core.errors import Invalid, NotPossible, Refused
from orchestrator.core.events import Json
from orchestrator.core.ids import new_id

from . import file_store, store
from .desk import Desk
from .frozen import Received
from .intake.announcing import Announced
from .intake.names import check_different
from .model import File, FileRole, State, Submission
from .ports import LiveSession
from .review.deciding import event_of
from .states import Action

__all__ = ["revise", "sent_files"]


def revise(desk: Desk, change: Change, live: LiveSession, said: Announced, received: Sequence[Received]) -> Submission:
    """Begin the next round of a returned or blocked submission with the files that were sent.

    A file sent under a known name takes its place, unless it is the same in every byte and word: then it stays, with
    its approvals. Files that are not sent stay too, unless they are dropped, or the whole set is replaced.
    """
    earlier = _earlier(change, live, said)
    known = {
        file.name: file
        for file in file_store.received(change.session, earlier.submission_id, round_number=earlier.round)
    }
    unknown = set(said.drop) - set(known)
    if unknown:
        raise Invalid(
            f"“{sorted(unknown)[0]}” is not a file of this submission, so it cannot be dropped.", field="drop"
        )
    sent = sent_files(said, received, first=1 + max((file.position for file in known.values()), default=0))
    fresh = [file for file in sent if not _same(file, known.get(file.name))]
    gone = set(said.drop) | {file.name for file in fresh if file.name in known}
    if said.whole:
        gone |= set(known) - {file.name for file in sent}
    left = [file for name, file in known.items() if name not in gone] + fresh
    if not any(file.role is FileRole.OUTPUT for file in left):
        raise Invalid("At least one file has to be an output; nothing would be left to release.", field="files")
    check_different(file.name for file in left)
    if len(left) > desk.pack.limits.files:
        raise Invalid(f"A submission has at most {desk.pack.limits.files} files; drop some.", field="files")
    number, now = earlier.round + 1, desk.record.clock()
    if said.title and said.title != earlier.title:
        store.set_title(change, earlier, said.title)
    details: dict[str, Json] = {
        "round": number,
        "files": [file.sha256 for file in fresh],
        "kept": len(left) - len(fresh),
        "gone": [known[name].file_id for name in sorted(gone)],
    }
    event = event_of("submission.revised", live.person_id, earlier, details)
    store.move(change, earlier, Action.REVISE, at=now, event=event, new_round=True)
    left_out = file_store.drop_files(change, earlier.submission_id, gone, round_number=number)
    if left_out:
        told: list[Json] = list(left_out)
        change.tell(event_of("files.left-out", live.person_id, earlier, {"files": told}))
    file_store.add_files(change, earlier.submission_id, fresh, round_number=number, at=now)
    return store.load(change.session, earlier.submission_id)


def _earlier(change: Change, live: LiveSession, said: Announced) -> Submission:
    if said.revises is None:
        raise AssertionError("only what revises something comes here")
    earlier = store.load(change.session, said.revises)
    if (earlier.author_id, earlier.project_id) != (live.person_id, live.project_id):
        raise Refused("You can revise only a submission of your own, from the same project.")
    if earlier.state not in (State.RETURNED, State.BLOCKED):
        raise NotPossible(
            f"Submission {earlier.submission_id} is {earlier.state.value}; only a returned or blocked one is revised."
        )
    return earlier


def sent_files(said: Announced, received: Sequence[Received], *, first: int) -> list[File]:
    """Return what arrived as files of a submission, in the order in which they were announced, ``first`` on."""
    return [
        File(
            file_id=new_id(),
            position=first + place,
            name=name,
            size=got.size,
            sha256=got.sha256,
            context=context,
            role=FileRole.SUPPORTING if name in said.supporting else FileRole.OUTPUT,
        )
        for place, ((name, context), got) in enumerate(zip(said.files, received, strict=True))
    ]


def _same(file: File, known: File | None) -> bool:
    return known is not None and (file.sha256, file.size, file.context, file.role) == (
        known.sha256,
        known.size,
        known.context,
        known.role,
    )
