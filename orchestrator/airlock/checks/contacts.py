"""Postcodes, e-mail addresses and people’s names, anywhere in the words or cells of a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack

from .findings import Places
from .flat import Bytes, Flat, Positions, flats
from .specimen import Specimen

__all__ = ["check"]

_POSTCODE = re.compile(
    rb"(?i)(?<![A-Z0-9])(GIR ?0AA|(?:[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPSTUW]|[A-HK-Y]\d[ABEHMNPRVWXY])) ?"
    rb"\d[ABD-HJLNP-UW-Z]{2})(?![A-Z0-9])"
)
_MAIL = re.compile(rb"(?i)(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?![a-z0-9])")
_NAME = re.compile(
    rb"(?<![A-Za-z])(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sister|Nurse)\.? (?:[A-Z]\. ?){0,3}"
    rb"[A-Z][a-z'\x80-\xff-]+(?: [A-Z][a-z'\x80-\xff-]+){0,2}"
)
_TITLES = (b"Mr", b"Ms", b"Mis", b"Dr", b"Pro", b"Sis", b"Nur")
_ENOUGH = 5_000
"""So many hits of a kind say all that there is to say; the rest of the file is not searched for more of it."""
_DIGIT, _LETTER = 1, 2
_CLASSES = numpy.zeros(256, dtype=numpy.uint8)
_CLASSES[48:58] = _DIGIT
_CLASSES[65:91] = _CLASSES[97:123] = _LETTER


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:  # noqa: ARG001 - one interface for all checks
    """Report full UK postcodes, e-mail addresses and names behind a title."""
    postcodes, mails, names = Places(), Places(), Places()
    for flat in flats(file):
        _look(flat, postcodes, _inward_codes, _POSTCODE, before=6, after=4)
        _look(flat, mails, lambda array: numpy.flatnonzero(array == ord("@")), _MAIL, before=66, after=260)
        _look(flat, names, _titles, _NAME, before=1, after=120)
    if postcodes:
        words = f"{_count(postcodes)} values have the form of a full UK postcode."
        yield postcodes.finding("POSTCODE", Severity.FLAG, words, "Use the district, or a larger area.")
    if mails:
        yield mails.finding("EMAIL", Severity.FLAG, f"{_count(mails)} e-mail addresses.", "Remove them.")
    if names:
        words = f"{_count(names)} times a title stands before what looks like a person’s name."
        yield names.finding(
            "PERSON_NAME", Severity.FLAG, words, "Remove names of patients and staff, or say who they are."
        )


def _look(
    flat: Flat,
    places: Places,
    candidates: Callable[[Bytes], Positions],
    form: re.Pattern[bytes],
    *,
    before: int,
    after: int,
) -> None:
    """Try ``form`` around each candidate: only candidates are searched for in all of the file, so that it is fast."""
    end = -1
    for piece in flat.pieces():
        if places.count >= _ENOUGH:
            return
        for position in (candidates(piece.array) + piece.start).tolist():
            if position < end:
                continue
            window = flat.data[max(0, position - before) : position + after]
            inside = min(position, before)
            for match in form.finditer(window):
                if match.start() <= inside < match.end():
                    end = position - inside + match.end()
                    places.add_many(1, (flat.place(position) for _ in range(1)))
                    break


def _count(places: Places) -> str:
    return str(places.count) if places.count < _ENOUGH else f"At least {_ENOUGH}"


def _inward_codes(array: Bytes) -> Positions:
    """Return where a digit and two letters stand that nothing follows: the second half of a postcode."""
    kinds = numpy.concatenate((_CLASSES[array], numpy.zeros(3, dtype=numpy.uint8)))
    end = len(array)
    fits = (kinds[:end] == _DIGIT) & (kinds[1 : end + 1] == _LETTER)
    fits &= (kinds[2 : end + 2] == _LETTER) & (kinds[3 : end + 3] == 0)
    return numpy.flatnonzero(fits)


def _titles(array: Bytes) -> Positions:
    """Return where a title begins."""
    padded = numpy.concatenate((array, numpy.zeros(3, dtype=numpy.uint8)))
    end = len(array)
    capital = (
        (array == ord("M")) | (array == ord("D")) | (array == ord("P")) | (array == ord("S")) | (array == ord("N"))
    )
    first = numpy.flatnonzero(capital)
    fits = numpy.zeros(len(first), dtype=bool)
    for title in _TITLES:
        same = padded[first] == title[0]
        for place, letter in enumerate(title[1:], start=1):
            same &= padded[first + place] == letter
        fits |= same
    return first[fits & (first < end)]
