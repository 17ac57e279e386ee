"""Which disease is a kind of which: a table that is imported, because no program can know it by itself."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestrator.core.errors import Invalid

__all__ = ["LARGEST", "Disease", "DiseaseTable", "check_table", "read_csv", "read_obo"]

LARGEST = 64 * 1024 * 1024
"""Bytes of a table to import; the whole Mondo ontology as OBO has about 50 million."""

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,19}:[A-Za-z0-9_.-]{1,40}")
_MOST_TERMS = 500_000


@dataclass(frozen=True, kw_only=True)
class Disease:
    """One disease. ``parents`` are the kinds it belongs to; ``replaced_by`` is set where its code was given up."""

    code: str
    label: str = ""
    parents: tuple[str, ...] = ()
    replaced_by: str = ""


@dataclass(frozen=True, kw_only=True)
class DiseaseTable:
    """Diseases by code; a part of the whole table is enough when it holds everything above the codes in question."""

    diseases: Mapping[str, Disease] = field(default_factory=dict)

    def resolve(self, code: str) -> str | None:
        """Return the code in force for ``code``, following replacements; ``None`` when it is unknown or given up."""
        seen: set[str] = set()
        while (found := self.diseases.get(code)) is not None and code not in seen:
            if not found.replaced_by:
                return code
            seen.add(code)
            code = found.replaced_by
        return None

    def within(self, narrow: str, wide: str) -> bool | None:
        """Say whether ``narrow`` is ``wide`` or a kind of it; ``None`` when that is not known.

        It is not known when one of the two is not in the table, or when they are codes of two vocabularies.
        """
        if narrow == wide:
            return True
        if narrow.partition(":")[0] != wide.partition(":")[0]:
            return None
        below, above = self.resolve(narrow), self.resolve(wide)
        if below is None or above is None:
            return None
        waiting, seen = [below], {below}
        while waiting:
            code = waiting.pop()
            if code == above:
                return True
            parents = self.diseases[code].parents if code in self.diseases else ()
            for parent in (self.resolve(each) or each for each in parents):
                if parent not in seen:
                    seen.add(parent)
                    waiting.append(parent)
        return False

    def named(self, code: str) -> str:
        """Return a disease's name with its code, or the code alone."""
        found = self.diseases.get(code)
        return f"{found.label} ({code})" if found and found.label else code


def read_csv(text: str) -> list[Disease]:
    """Read a table with ``code``, ``label``, ``parents`` (separated by ``|``) and perhaps ``replaced_by``."""
    rows = csv.DictReader(text.splitlines())
    if not {"code", "parents"} <= set(rows.fieldnames or ()):
        raise Invalid("The table needs the columns “code” and “parents”; see the guide for operators.", field="table")
    return [
        Disease(
            code=(row["code"] or "").strip(),
            label=(row.get("label") or "").strip(),
            parents=tuple(part.strip() for part in (row["parents"] or "").split("|") if part.strip()),
            replaced_by=(row.get("replaced_by") or "").strip(),
        )
        for row in rows
    ]


def read_obo(text: str) -> list[Disease]:
    """Read the terms of an ontology in OBO form: names, ``is_a``, and what replaced an obsolete term."""
    found = []
    for stanza in text.split("\n[")[1:]:
        kind, _, body = stanza.partition("]")
        if kind == "Term":
            found.append(_term(body))
    return found


def _term(body: str) -> Disease:
    values: dict[str, list[str]] = {}
    for line in body.splitlines():
        name, colon, rest = line.partition(": ")
        if colon:
            values.setdefault(name, []).append(rest.split(" ! ")[0].split(" {")[0].strip())
    obsolete = values.get("is_obsolete") == ["true"]
    code = values.get("id", [""])[0]
    successors = values.get("replaced_by", [])
    return Disease(
        code=code,
        label=values.get("name", [""])[0],
        parents=() if obsolete else tuple(values.get("is_a", [])),
        replaced_by=(successors[0] if len(successors) == 1 else code) if obsolete else "",
    )


def check_table(diseases: Iterable[Disease]) -> dict[str, Disease]:
    """Return the diseases by code; raise ``Invalid`` for odd or double codes, dangling parents and circles."""
    table: dict[str, Disease] = {}
    for disease in diseases:
        if not _CODE.fullmatch(disease.code):
            raise Invalid(
                f"“{disease.code[:40]}” is not a disease code; write it as PREFIX:NUMBER, such as MONDO:0005105.",
                field="table",
            )
        if disease.code in table:
            raise Invalid(f"{disease.code} stands twice in the table; keep one of the two.", field="table")
        if len(disease.label) > 500 or not disease.label.isprintable():
            raise Invalid(f"The name of {disease.code} is no line of at most 500 characters.", field="table")
        table[disease.code] = disease
    if not 1 <= len(table) <= _MOST_TERMS:
        raise Invalid(
            f"A table of diseases holds 1 to {_MOST_TERMS:,} terms; this one has {len(table):,}.", field="table"
        )
    _check_parents(table)
    _check_circles(table)
    return table


def _check_parents(table: Mapping[str, Disease]) -> None:
    for disease in table.values():
        for parent in disease.parents:
            if parent not in table:
                raise Invalid(
                    f"{disease.code} is said to be a kind of {parent[:40]}, which is not in the table; "
                    "import the table whole.",
                    field="table",
                )


def _check_circles(table: Mapping[str, Disease]) -> None:
    """Take away what has nothing above it, again and again; what is left goes round in a circle."""
    left = {code: set(disease.parents) for code, disease in table.items()}
    below: dict[str, list[str]] = {}
    for code, parents in left.items():
        for parent in parents:
            below.setdefault(parent, []).append(code)
    free = [code for code, parents in left.items() if not parents]
    while free:
        code = free.pop()
        del left[code]
        for child in below.get(code, ()):
            left[child].discard(code)
            if not left[child]:
                free.append(child)
    if left:
        raise Invalid(f"{min(left)} is above itself in the table: it goes round in a circle.", field="table")
