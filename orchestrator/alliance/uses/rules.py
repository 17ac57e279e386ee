"""What terms of use and a purpose must look like before anybody judges by them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import date

import rfc8785

from orchestrator.core.errors import Invalid

from .codes import CODES, Kind, Takes, code_of
from .model import Clause, Purpose

__all__ = ["check_clauses", "check_purpose", "fingerprint", "read_clause"]

_DISEASE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,19}:[A-Za-z0-9_.-]{1,40}")
_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_LONGEST = 300
_MOST = 200
_MOST_MONTHS = 600


def read_clause(text: str) -> Clause:
    """Read one clause as people write it: ``GRU``, ``DS=MONDO:0005105,MONDO:0005015``, ``TS=12 # renewed yearly``."""
    head, _, note = text.partition("#")
    word, _, values = head.partition("=")
    found = code_of(word)
    if found is None:
        raise Invalid(f"“{word.strip()[:40]}” is no code of use; see the list of codes.", field="clauses")
    parts = [values.strip()] if found.takes is Takes.WORDS else values.split(",")
    return Clause(code=found.code, values=tuple(part.strip() for part in parts if part.strip()), note=note.strip())


def check_clauses(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """Return clauses in the order of the codes; raise ``Invalid`` for what could be read in two ways."""
    kept: dict[str, Clause] = {}
    for clause in clauses:
        known = CODES.get(clause.code)
        if known is None:
            raise Invalid(f"“{clause.code[:40]}” is no code of use; see the list of codes.", field="clauses")
        if clause.code in kept:
            raise Invalid(f"{known.short} is named twice; say everything in one clause.", field="clauses")
        values = tuple(dict.fromkeys(_text(each) for each in clause.values))
        _check_values(known.takes, known.short, values)
        kept[clause.code] = replace(clause, values=values, note=_text(clause.note) if clause.note else "")
    if not any(CODES[code].kind is Kind.PERMISSION for code in kept):
        raise Invalid("Name at least one permitted use, such as HMB; the rest only narrows it.", field="clauses")
    if "DUO:0000011" in kept and "DUO:0000044" in kept:
        raise Invalid("POA permits research on ancestry and NPOA forbids it; keep one of the two.", field="clauses")
    order = list(CODES)
    return tuple(sorted(kept.values(), key=lambda each: order.index(each.code)))


def _text(text: str) -> str:
    trimmed = text.strip()
    if not trimmed or len(trimmed) > _LONGEST or not trimmed.isprintable():
        raise Invalid(f"Write what stands beside a code in one line of at most {_LONGEST} characters.", field="clauses")
    return trimmed


def _check_values(takes: Takes, short: str, values: tuple[str, ...]) -> None:
    if len(values) > _MOST:
        raise Invalid(f"{short} names more than {_MOST} values; use a wider one.", field="clauses")
    wanted = _WANTED[takes]
    if wanted is None:
        if values:
            raise Invalid(f"{short} takes nothing beside it; add words after “#” for people to read.", field="clauses")
        return
    words, holds = wanted
    if not values or not all(holds(each) for each in values) or (takes in _SINGLE and len(values) > 1):
        raise Invalid(f"{short} needs {words} beside it.", field="clauses")


def _is_day(text: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII)) and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_months(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= _MOST_MONTHS


_SINGLE = {Takes.DAY, Takes.MONTHS}
_WANTED: dict[Takes, tuple[str, Callable[[str], object]] | None] = {
    Takes.NOTHING: None,
    Takes.DISEASES: ("codes of diseases, such as MONDO:0005105,", _DISEASE.fullmatch),
    Takes.DAY: ("one day, such as 2027-03-31,", _is_day),
    Takes.MONTHS: (f"one number of months up to {_MOST_MONTHS}", _is_months),
    Takes.REGIONS: ("regions by ISO 3166, such as GB or GB-SCT,", _REGION.fullmatch),
    Takes.INSTITUTIONS: ("the names of institutions", bool),
    Takes.PEOPLE: ("people, by identifier or name,", bool),
    Takes.PROJECTS: ("projects, by identifier or name,", bool),
    Takes.WORDS: ("a sentence", bool),
}


def check_purpose(purpose: Purpose) -> Purpose:
    """Return a purpose in one spelling; raise ``Invalid`` with the field that cannot be judged."""
    uses = tuple(dict.fromkeys(_use(each) for each in purpose.uses))
    for disease in purpose.diseases:
        if not _DISEASE.fullmatch(disease):
            raise Invalid(f"“{disease[:40]}” is no code of a disease, such as MONDO:0005105.", field="diseases")
    for region in purpose.regions:
        if not _REGION.fullmatch(region):
            raise Invalid(f"“{region[:20]}” is no region by ISO 3166, such as GB or GB-SCT.", field="regions")
    if purpose.months is not None and not 1 <= purpose.months <= _MOST_MONTHS:
        raise Invalid(f"Give the time as 1 to {_MOST_MONTHS} months.", field="months")
    for name in ("diseases", "regions", "institutions", "people"):
        if len(getattr(purpose, name)) > _MOST:
            raise Invalid(f"Name at most {_MOST} {name}.", field=name)
    if len(purpose.words) > 4000:
        raise Invalid("Describe the purpose in at most 4,000 characters.", field="words")
    return replace(purpose, uses=uses, diseases=tuple(dict.fromkeys(purpose.diseases)))


def _use(text: str) -> str:
    found = code_of(text)
    if found is None or found.kind is not Kind.PERMISSION:
        raise Invalid(f"“{text[:40]}” is no kind of use; choose one such as HMB or DS.", field="uses")
    return found.code


def fingerprint(clauses: Iterable[Clause]) -> str:
    """Return the SHA-256 over clauses in canonical JSON: what exactly was published."""
    return hashlib.sha256(rfc8785.dumps([{**asdict(each), "values": [*each.values]} for each in clauses])).hexdigest()
