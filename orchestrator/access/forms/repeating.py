"""Questions that are asked once for each of several people or organisations: spread over them, added, taken out.

A question says by ``repeats`` what it is asked again for. Those of one group with the same word that hang on the same
answer are asked together: a block. The first of its people is answered under the questions' own identifiers, each
further one under identifiers that only ``named`` makes, so that every answer is checked, compared, asked to be changed
and published by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.core.errors import Invalid, NotPossible

from .model import Asked, Sheet, Value

__all__ = [
    "MOST",
    "block_of",
    "first_of_each",
    "last_of_each",
    "last_of_one",
    "named",
    "same_one",
    "spread",
    "without",
]

MOST = 30
"""People or organisations that one block is answered for."""

Block = tuple[str, str, str, str]


def named(question_id: str, number: int) -> str:
    """Return under which identifier a question is answered for the ``number``-th of its people, counted from 1."""
    return question_id if number == 1 else f"{question_id}.{number}"


def spread(sheet: Sheet, answers: Mapping[str, Value], *, more: str = "") -> Sheet:
    """Return a sheet as it was asked with each block repeated for everybody of whom something is answered.

    ``more``: a question of the block for which room for one more is wanted.
    """
    blocks: dict[Block, list[Asked]] = {}
    known = _known(sheet)
    for each in sheet.asked:
        if each.question.repeats:
            blocks.setdefault(_block(known, each), []).append(each)
    asked: list[Asked] = []
    for each in sheet.asked:
        block = blocks.get(_block(known, each)) if each.question.repeats else None
        if block is None:
            asked.append(each)
        elif each is block[0]:
            wanted = any(more == named(one.question.question_id, n) for one in block for n in range(1, MOST + 1))
            last = min(_people(block, answers) + wanted, MOST)
            asked += [_for(one, number, block) for number in range(1, last + 1) for one in block]
    return Sheet(asked=tuple(asked))


def _people(block: list[Asked], answers: Mapping[str, Value]) -> int:
    """Return the number of the last of whom something is answered, at least 1."""
    return max(
        (n for n in range(MOST, 1, -1) if any(answers.get(named(each.question.question_id, n)) for each in block)),
        default=1,
    )


def _for(asked: Asked, number: int, block: list[Asked]) -> Asked:
    question, when = asked.question, asked.question.asked_when
    if when is not None and any(each.question.question_id == when.question_id for each in block):
        when = replace(when, question_id=named(when.question_id, number))
    title = f"{question.title} ({question.repeats} {number})"
    once = named(question.question_id, number)
    return replace(asked, number=number, question=replace(question, question_id=once, title=title, asked_when=when))


def _known(sheet: Sheet) -> Mapping[str, Asked]:
    return {each.question.question_id: each for each in sheet.asked}


def _block(known: Mapping[str, Asked], each: Asked) -> Block:
    """Return what the questions of one block have in common, with the answer outside of it that they hang on."""
    question, seen = each.question, {each.question.question_id}
    while question.asked_when is not None:
        parent = known.get(question.asked_when.question_id)
        again = parent is not None and parent.question.repeats == question.repeats
        if parent is None or not again or parent.question.question_id in seen:
            break
        question = parent.question
        seen.add(question.question_id)
    outside = question.asked_when.question_id if question.asked_when else ""
    return question.section.value, question.group, question.repeats, outside


def first_of_each(sheet: Sheet) -> dict[str, str]:
    """Return for each question of a spread sheet that opens somebody's block the words that name him."""
    found: dict[str, str] = {}
    seen: set[tuple[Block, int]] = set()
    known = _known(sheet)
    for each in sheet.asked:
        if each.question.repeats and (key := (_block(known, each), each.number)) not in seen:
            seen.add(key)
            found[each.question.question_id] = f"{each.question.repeats} {each.number}"
    return found


def last_of_one(sheet: Sheet) -> dict[str, str]:
    """Return for each question of a spread sheet that closes somebody's block the words that name him."""
    found: dict[tuple[Block, int], tuple[str, str]] = {}
    known = _known(sheet)
    for each in sheet.asked:
        if each.question.repeats:
            found[_block(known, each), each.number] = (
                each.question.question_id,
                f"{each.question.repeats} {each.number}",
            )
    return dict(found.values())


def last_of_each(sheet: Sheet) -> dict[str, str]:
    """Return for the last question of each block of a spread sheet the word for what may be added after it."""
    found: dict[Block, Asked] = {}
    known = _known(sheet)
    for each in sheet.asked:
        if each.question.repeats:
            found[_block(known, each)] = each
    return {each.question.question_id: each.question.repeats for each in found.values() if each.number < MOST}


def same_one(sheet: Sheet, question_id: str) -> list[Asked]:
    """Return the questions of a spread sheet about the one person that a question is about."""
    block = block_of(sheet, question_id)
    number = next(each.number for each in block if each.question.question_id == question_id)
    return [each for each in block if each.number == number]


def block_of(sheet: Sheet, question_id: str) -> list[Asked]:
    """Return the questions of a spread sheet that are asked together with one that repeats, for everybody."""
    known = _known(sheet)
    found = known.get(question_id)
    if found is None or not found.question.repeats:
        raise Invalid(
            "Only what is asked for each of several is added or taken out; this question is asked once, or not at all.",
            field="answers",
        )
    key = _block(known, found)
    return [each for each in sheet.asked if each.question.repeats and _block(known, each) == key]


def without(sheet: Sheet, question_id: str, answers: Mapping[str, Value]) -> dict[str, Value]:
    """Return the answers to keep so that one of a block's people is gone, and whoever follows takes his number.

    ``question_id`` is any question of his; raise ``NotPossible`` where nothing is answered for anybody.
    """
    block, gone = block_of(sheet, question_id), same_one(sheet, question_id)[0].number
    last = max(each.number for each in block)
    ids = [[each.question.question_id for each in block if each.number == number] for number in range(1, last + 1)]
    changed: dict[str, Value] = {}
    for number in range(gone, last + 1):
        following = ids[number] if number < last else []
        for place, key in enumerate(ids[number - 1]):
            value = answers.get(following[place], "") if following else ""
            if value != answers.get(key, ""):
                changed[key] = value
    if not changed:
        raise NotPossible("Nothing is answered there, so there is nothing to take out.")
    return changed
