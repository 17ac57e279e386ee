"""Plain text, Markdown and program code: the words themselves, and the tables and data that stand among them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from .file import File
from .gathering import Gathering, place
from .grid import has_headings
from .places import Places

__all__ = ["read", "read_text"]

_SPACES = re.compile(r"\s{2,}|\t")
_RULE = re.compile(r"[\s=\-+|:*_]+")
_BAR = re.compile(r"(?<!\\)\|")
_ALONE = re.compile(r"(?:^|(?<=\s))\|(?=\s|$)")
_NUMBER = re.compile(r"[<≤>~(\[]*[+\-−]?[\d.,]*\d[%)\]]*")
_LITERAL = re.compile(
    r"(?:[\[({,]|\bc\(|\bvalues\b)\s*(?:(?:[+-]?\d[\d.eE+-]*|'[^'\n]{0,40}'|\"[^\"\n]{0,40}\"|None|NA|NULL)\s*,\s*){20}",
    re.IGNORECASE,
)
_TEX = re.compile(r"(?<!\\)&")
_TEX_RULE = re.compile(
    r"(?:\\(?:hline|toprule|midrule|bottomrule|addlinespace|c(?:mid)?(?:line|rule)(?:\([^)]*\))?\{[^}]*\})"
    r"(?:\[[^\]]*\])?\s*)+"
)
_TEX_END = re.compile(r"\\\\(?:\[[^\]]*\])?\s*(?:\\\w+(?:\{[^}]*\})?\s*)*$")
_TEX_AROUND = re.compile(r"\\multi(?:column|row)\{[^}]*\}\{[^}]*\}|\\[a-z]+(?=\{)|[{}$]|\\(?=[%&#_])")
_PAIR = re.compile(
    r"\s*(?:[-*•]\s+)?\**([^\W\d][^:=\n]{0,60}?)\**\s*[:=]\s*\**([<≤>~]?\s?\d[\d,]*(?:\s?\([\d.]+\s?%\))?)\**[;,.]?\s*"
)
_SHORT = 1_000
_BLOB = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{400,}={0,2}")
_DATA_LINK = re.compile(r"\bdata:[\w.+-]{1,60}/[\w.+-]{1,60}[;,]", re.IGNORECASE)
_REMOTE_PICTURE = re.compile(
    r"!\[[^\]\n]{0,300}\]\(\s*<?(?:https?:|//)|<img\b[^>]{0,500}\bsrc\s*=\s*[\"']?(?:https?:|//)", re.IGNORECASE
)


def read(file: File, into: Gathering) -> None:
    """Read text to its end: all of it as words, and each run of lines with columns as a table too."""
    read_text(file.text or "", into, code=file.kind == "code")


def read_text(text: str, into: Gathering, where: str = "", *, code: bool = False) -> None:
    """Read words that may hold tables; in ``code`` look for data that was written into the program."""
    into.text(text, where)
    if _records(text, into, where):
        return
    if not code:
        _tables(text.splitlines(), into, where)
    _hidden(text, into, where, code=code)


def _hidden(text: str, into: Gathering, where: str, *, code: bool) -> None:
    literal, blob, remote = Places(), Places(), Places()
    for found, pattern in ((literal, _LITERAL), (blob, _BLOB), (blob, _DATA_LINK), (remote, _REMOTE_PICTURE)):
        for match in pattern.finditer(text):
            found.add(place(where, f"line {text.count(chr(10), 0, match.start()) + 1}"))
            if found.count > 200:
                break
    if literal and code:
        into.flag(
            "DATA_IN_CODE",
            str(literal),
            f"{literal.count} lists of more than 20 values are written into the code, where data could leave with it.",
            "Read the values from a file instead, or say what they are.",
        )
    if blob:
        into.flag(
            "ENCODED_DATA",
            str(blob),
            f"{blob.count} passages are encoded data that nobody can read (base64 or a data link).",
            "Remove them; hand in pictures as files of their own.",
        )
    if remote:
        into.flag(
            "EXTERNAL_LINK",
            str(remote),
            f"{remote.count} pictures would be fetched from elsewhere when the file is opened.",
            "Put the picture beside the file.",
        )


def _records(text: str, into: Gathering, where: str) -> bool:
    """Read lines that are each a JSON object as one table; say whether they were that."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not all(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in lines):
        return False
    from .frames import read_value  # noqa: PLC0415 - only few texts hold JSON

    try:
        read_value([json.loads(line) for line in lines], into, where)
    except (ValueError, RecursionError):
        return False
    return True


def _tables(lines: Sequence[str], into: Gathering, where: str) -> None:
    for start, rows in _runs(lines):
        if len(rows) > 1 and all(len(row) == len(rows[0]) + 1 for row in rows[1:] if row):
            rows[0] = ("", *rows[0])  # printed frames leave the place above their labels empty
        name = place(where, f"lines {start} to {start + len(rows) - 1}")
        if has_headings(rows[0]):
            into.rows(rows[1:], columns=rows[0], where=name, first=start + 1)
        else:
            into.rows(rows, columns=("",) * len(rows[0]), where=name, first=start)


def _runs(lines: Sequence[str]) -> Iterator[tuple[int, list[tuple[str, ...]]]]:
    """Yield each run of lines that looks like a table with the number of its first line.

    Rules between rows keep their place as empty rows, so that the numbers of rows stay those of lines. Printed models
    put tables of different widths under each other with only a rule between them; those are told apart.
    """
    run: list[tuple[str, ...]] = []
    start = 0
    for number, line in enumerate([*lines, ""], start=1):
        cells = _cells(line)
        if run and not run[-1] and len(cells) >= 2 and _begins_anew(cells, run):
            yield from _finished(start, run)
            run = []
        if len(cells) >= 2 or (run and line.strip() and (_RULE.fullmatch(line) or _TEX_RULE.fullmatch(line.strip()))):
            start = start if run else number
            run.append(cells if len(cells) >= 2 else ())
            continue
        yield from _finished(start, run)
        run = []


def _begins_anew(cells: Sequence[str], run: Sequence[tuple[str, ...]]) -> bool:
    """Say whether a row after a rule is the first of another table: of another width, or headings under numbers."""
    headings = not any(_NUMBER.fullmatch(cell) for cell in cells)
    return len(cells) not in _widths(run) or (headings and _is_table(run))


def _widths(run: Sequence[tuple[str, ...]]) -> set[int]:
    """Return the widths that a row after a rule may have: as above, or one more under headings without a label."""
    widths = {len(row) for row in run if row}
    return widths | ({len(run[0]) + 1} if sum(1 for row in run if row) == 1 else set())


def _finished(start: int, run: list[tuple[str, ...]]) -> Iterator[tuple[int, list[tuple[str, ...]]]]:
    if _is_table(run):
        while not run[-1]:
            run.pop()
        over = len(run) > 2 and run[0][0] == "" and len(run[0]) < len(run[1])  # a name over some of the columns
        yield start + over, run[over:]


def _is_table(run: Sequence[tuple[str, ...]]) -> bool:
    rows = [row for row in run if row]
    numbers = sum(any(_NUMBER.fullmatch(cell) for cell in row) for row in rows)
    return len(rows) >= 2 and numbers >= max(1, (len(rows) - 1) * 0.5)


def _written(text: str) -> tuple[str, ...]:
    """Divide a row of a TeX table, or what is said of one name as in “north: 12” and “- north = 12”; else no cells."""
    if "&" in text and _TEX_END.search(text):
        body = _TEX_RULE.sub("", _TEX_END.sub("", text))
        return tuple(_TEX_AROUND.sub("", cell).strip() for cell in _TEX.split(body))
    pair = _PAIR.fullmatch(text)
    return () if pair is None else (pair.group(1), pair.group(2))


def _cells(line: str) -> tuple[str, ...]:
    """Divide a line at bars, tabs, semicolons, two or more spaces, or commas between short values; else no cells."""
    text = line.strip()
    written = _written(text) if len(text) < _SHORT else ()
    if written or not text or _RULE.fullmatch(text):
        return written
    if text.startswith("|") and text.count("|") >= 2:
        return tuple(cell.strip().replace("\\|", "|") for cell in _BAR.split(text.strip("|")))
    if _ALONE.search(text) and len(text) < 400:  # printed tables set bars and spaces; P>|t| is a word
        return tuple(cell for part in _ALONE.split(text) for cell in _SPACES.split(part.strip()))
    if _SPACES.search(text):
        return tuple(_SPACES.split(text))
    for mark in (";", ","):
        cells = [cell.strip() for cell in text.split(mark)]
        if len(cells) >= 2 and all(cell and len(cell.split()) <= 3 and not cell.endswith(".") for cell in cells):
            return tuple(cells)
    return ()
