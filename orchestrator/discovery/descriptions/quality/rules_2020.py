"""Which fields had a mistake by the rules of 2020, told from a flat record or from one of the catalogue of that year.

The schema of the flat format is no longer published. These rules were found from the verdicts printed with the
catalogue (HDRUK/datasets, attribute_errors of 2020-11-20); the lists of words hold those that were accepted there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..checking import fits
from ..shapes import Shape
from ..texts import COUNTRY, DAY_OR_MOMENT, DOI, EMAIL, URL, text
from ..versions import FLAT
from .places import has_structure, values
from .profiles import FlagField, Profile
from .reading import ABSENT, Tables, filled, tables_of

__all__ = ["mistaken_2020"]

_Fits = Callable[[str], bool]


@dataclass(frozen=True)
class _Rule:
    """What a field must be: there at all, and of a form.

    ``hidden`` are texts that the conversion to 2.0.0 may have made of a right or of a wrong one.
    """

    form: _Fits
    needed: bool = False
    hidden: _Fits = lambda _: False


def _shaped(shape: Shape, *also: str) -> _Fits:
    return lambda value: value in also or fits(shape, value)


def _word(*words: str) -> _Fits:
    return lambda value: value in words


_CASINGS: tuple[Callable[[str], str], ...] = (str.title, str.upper, str.capitalize, str.lower)


def _list(*words: str, needed: bool = False, also: str = "") -> _Rule:
    """Return the rule of a closed list; the conversion wrote its words in capitals."""
    return _Rule(
        _word(*words),
        needed=needed,
        hidden=lambda value: value == also or any(casing(value) in words for casing in _CASINGS),
    )


def _anything(_: str) -> bool:
    return True


_AGES = re.compile(r"(150|1[0-4]\d|[1-9]?\d)-(150|1[0-4]\d|[1-9]?\d)", re.ASCII)
_NAME = _shaped(text(5))

_RULES: dict[str, _Rule] = {
    "title": _Rule(_shaped(text(2, 80)), needed=True),
    "abstract": _Rule(_shaped(text(5, 255)), needed=True),
    "contactPoint": _Rule(_shaped(EMAIL), needed=True),
    "accessRights": _Rule(_shaped(URL, "In Progress"), needed=True),
    "releaseDate": _Rule(_shaped(DAY_OR_MOMENT)),
    "accessRequestCost": _Rule(_anything, needed=True),
    "accessRequestDuration": _list("Other"),
    "dataController": _Rule(_NAME, needed=True),
    "dataProcessor": _Rule(_NAME),
    "license": _Rule(_anything, needed=True),
    "derivedDatasets": _Rule(_shaped(URL, "Not Available")),
    "linkedDataset": _Rule(_shaped(URL, "Not Available")),
    "geographicCoverage": _Rule(_shaped(URL)),
    "periodicity": _list("Static", "Annual", "Monthly", "Daily", needed=True),
    "datasetEndDate": _Rule(_shaped(DAY_OR_MOMENT)),
    "datasetStartDate": _Rule(_shaped(DAY_OR_MOMENT), needed=True),
    "jurisdiction": _Rule(_shaped(COUNTRY), needed=True),
    "populationType": _Rule(_anything, needed=True),
    "statisticalPopulation": _Rule(_anything, needed=True),
    "ageBand": _Rule(lambda value: bool(_AGES.search(value))),
    "physicalSampleAvailability": _list("Not Available", "Tissue", "DNA", "Saliva", "Plasma", "Serum", needed=True),
    "keywords": _Rule(_anything, needed=True),
    "conformsTo": _list("LOCAL", "OTHER", "OMOP", "DICOM", "HL7 FHIR", needed=True),
    "controlledVocabulary": _list("LOCAL", "OTHER", "ICD10", "SNOMED CT", "READ", "DM+D", "ODS", also="DM PLUS D"),
    "language": _Rule(_anything, needed=True),
    "format": _Rule(_anything, needed=True),
    "creator": _Rule(_anything, needed=True),
    "doi": _Rule(_shaped(DOI, "In Progress", "in progress"), needed=True, hidden=_shaped(DOI)),
}
"""By flat field; the others were never found wrong."""


def mistaken_2020(record: Mapping[str, Any], profile: Profile, schema: str) -> dict[str, float | None]:
    """Return 1 for each field with a mistake, 0 for one without, nothing for one that cannot be told."""
    structure = _structure(tables_of(record)) if has_structure(record, schema) else {}
    return {
        field.name: structure.get(field.flat)
        if field.place is not None and field.place.startswith("structuralMetadata.")
        else _mistake(record, field, schema)
        for field in profile.fields
    }


def _mistake(record: Mapping[str, Any], field: FlagField, schema: str) -> int | None:
    rule = _RULES.get(field.flat)
    if rule is None:
        return 0
    found = values(record, field, schema)
    if not found:
        return None
    written = _written(found[0])
    if written is None or (schema != FLAT and written == field.default):
        return int(rule.needed)
    if schema != FLAT and rule.hidden(written):
        return None
    return int(not rule.form(written))


def _written(value: Any) -> str | None:
    """Return the text as it stood in the flat format: a list was one text with commas."""
    if value is ABSENT or not filled(value):
        return None
    if isinstance(value, list):
        return ", ".join(str(item) for item in value if filled(item))
    return str(value)


def _structure(tables: Tables) -> dict[str, int | None]:
    """A single table, too, counted as a mistake then; what tables and columns say may stand in another file."""
    of_tables, of_columns = ("tableName", "tableDescription"), ("columnName", "columnDescription", "dataType")
    told = {**dict.fromkeys(of_tables, tables.told), **dict.fromkeys(of_columns, tables.columns_told)}
    missing = {name: int(bool(tables.tables) and tables.share(name) < 1) if told[name] else None for name in told}
    return {"dataClassesCount": int(tables.count <= 1), **missing, "sensitive": int(tables.count > 0)}
