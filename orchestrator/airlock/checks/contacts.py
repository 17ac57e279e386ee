"""Postcodes, addresses, telephone and National Insurance numbers and names, anywhere in words or cells of a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places
from orchestrator.airlock.reading.specimen import Specimen

from .flat import Bytes, Flat, Positions, flats

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
_NAMED = re.compile(rb"(?i:name) ?[:=] ?[\"']?[A-Z][a-z'\x80-\xff-]+,? [A-Z][a-z'\x80-\xff-]+")
_PHONE = re.compile(
    rb"(?<![\d.])(?:\+44 ?\(?0?\)? ?|(?:(?<![A-Za-z])|(?<=[Tt]el)|(?<=[Mm]ob)|(?<=one))0)"
    rb"(?:7\d{3}|[12]\d{2,3}) ?\d{3} ?\d{3,4}(?![\d.])"
)
"""Right behind a letter stand numbers of catalogues, such as those of genes, unless the letters say telephone."""
_INSURANCE = re.compile(rb"(?i)(?<![A-Z0-9])[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Z0-9])")
_TITLES = (b"Mr", b"Ms", b"Mis", b"Dr", b"Pro", b"Sis", b"Nur")
_ENOUGH = 5_000
"""So many hits of a kind say all that there is to say; the rest of the file is not searched for more of it."""
_Mask = NDArray[numpy.bool_]


@dataclass(frozen=True)
class _Kind:
    """One kind of thing to find: where it may stand, its form, and what to say of it."""

    rule: str
    candidates: Callable[[Bytes], Positions]
    form: re.Pattern[bytes]
    before: int
    after: int
    words: str
    guidance: str


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:  # noqa: ARG001 - one interface for all checks
    """Report postcodes, addresses, telephone and National Insurance numbers, and names behind a title or “name:”."""
    searched = list(flats(file))
    for kind in _KINDS:
        places = Places()
        for flat in searched:
            _look(flat, places, kind)
        if places:
            yield places.finding(kind.rule, Severity.FLAG, f"{_count(places)} {kind.words}", kind.guidance)


def _look(flat: Flat, places: Places, kind: _Kind) -> None:
    """Try the form around each candidate: only candidates are searched for in all of the file, so that it is fast."""
    end = -1
    for piece in flat.pieces():
        if places.count >= _ENOUGH:
            return
        for position in (kind.candidates(piece.array) + piece.start).tolist():
            if position < end:
                continue
            window = flat.data[max(0, position - kind.before) : position + kind.after]
            inside = min(position, kind.before)
            for match in kind.form.finditer(window):
                if match.start() <= inside < match.end():
                    end = position - inside + match.end()
                    places.add_many(1, (flat.place(position) for _ in range(1)))
                    break


def _count(places: Places) -> str:
    return str(places.count) if places.count < _ENOUGH else f"At least {_ENOUGH}"


def _inward_codes(array: Bytes) -> Positions:
    """Return where a digit and two letters stand that nothing follows: the second half of a postcode."""
    padded = _padded(array, 0, 3)
    digit, letter, end = _digit(padded), _letter(padded), len(array)
    fits = digit[:end] & letter[1 : end + 1] & letter[2 : end + 2] & ~(digit | letter)[3:]
    return numpy.flatnonzero(fits)


def _titles(array: Bytes) -> Positions:
    """Return where a title begins."""
    padded, end = _padded(array, 0, 3), len(array)
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


def _behind(array: Bytes, word: bytes, one: int, other: int) -> Positions:
    """Return where one of two marks stands right behind a word."""
    marked = numpy.flatnonzero((array == one) | (array == other))
    marked = marked[marked >= len(word)]
    for back, letter in enumerate(reversed(word), start=1):
        marked = marked[array[marked - back] == letter]
    return marked


def _phones(array: Bytes) -> Positions:
    """Return where +44 stands, or a zero and three digits of a number that nothing of another number precedes."""
    padded = _padded(array, 1, 3)
    padded[len(array) + 1 :] = ord("0")  # a line may go on behind this piece
    digit, end = _digit(padded), len(array)
    here, before, behind = padded[1 : end + 1], padded[:end], padded[2 : end + 2]
    zero = (here == ord("0")) & ((behind == ord("7")) | (behind == ord("1")) | (behind == ord("2")))
    zero &= ~digit[:end] & (before != ord(".")) & digit[3 : end + 3] & digit[4:]
    return numpy.flatnonzero(zero | ((here == ord("+")) & (behind == ord("4"))))


def _last_letters(array: Bytes) -> Positions:
    """Return where a letter from A to D stands behind a digit, or a digit and a space, and nothing behind it."""
    padded = _padded(array, 2, 1)
    here, before, behind, digits = padded[2:-1], padded[1:-2], padded[3:], _digit(padded)
    letter = (((here & 0xDF) - ord("A")) < 4) & ~digits[3:] & ~_letter(behind)
    return numpy.flatnonzero(letter & (digits[1:-2] | ((before == ord(" ")) & digits[:-3])))


def _padded(array: Bytes, before: int, behind: int) -> Bytes:
    """Return the bytes with zeros around them, so that what stands beside each can be looked at."""
    padded = numpy.zeros(before + len(array) + behind, dtype=numpy.uint8)
    padded[before : before + len(array)] = array
    return padded


def _digit(array: Bytes) -> _Mask:
    # Comparisons go through many bytes at a time; looking each up in a table of kinds was half of the time.
    return (array - 48) < 10


def _letter(array: Bytes) -> _Mask:
    return ((array | 0x20) - 97) < 26


_KINDS = (
    _Kind("POSTCODE", _inward_codes, _POSTCODE, 6, 4,
          "values have the form of a full UK postcode.", "Use the district, or a larger area."),
    _Kind("EMAIL", lambda array: numpy.flatnonzero(array == ord("@")), _MAIL, 66, 260,
          "e-mail addresses.", "Remove them."),
    _Kind("PERSON_NAME", _titles, _NAME, 1, 120,
          "times a title stands before what looks like a person’s name.",
          "Remove names of patients and staff, or say who they are."),
    _Kind("PERSON_NAME", lambda array: _behind(array, b"ame", ord(":"), ord("=")), _NAMED, 6, 120,
          "times a name is given as a person’s name.", "Remove names of patients and staff, or say who they are."),
    _Kind("PHONE_NUMBER", _phones, _PHONE, 4, 24,
          "values have the form of a UK telephone number.", "Remove them, or say what they are."),
    _Kind("INSURANCE_NUMBER", _last_letters, _INSURANCE, 14, 2,
          "values have the form of a National Insurance number.", "Identifiers of people never leave; remove them."),
)  # fmt: skip
