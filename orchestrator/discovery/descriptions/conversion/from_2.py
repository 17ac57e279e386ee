"""Where each field of the 2.x schemas went in 4.0.0, and how its words changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .. import older_words as o
from .. import words as w
from .fitting import NOTHING, below
from .from_3 import SECTIONS, place_kinds
from .moving import Moving, Translate

__all__ = ["move_2"]

_AGES = re.compile(r"\s*(\d{1,3})\s*[-–]\s*(\d{1,3})\s*", re.ASCII)
_WEB = re.compile(r"https?://\S+")


def _word(counterparts: Mapping[str, str | None]) -> Translate:
    """Return a translation by table; capitals do not matter."""
    by_name = {old.casefold(): new for old, new in counterparts.items()}

    def translate(value: Any) -> Any:
        new = by_name.get(value.strip().casefold()) if isinstance(value, str) else None
        return NOTHING if new is None else new

    return translate


def _several(translate: Translate) -> Translate:
    """Return a translation of one item, or of a text with items between commas, all of which must be known."""

    def each(value: Any) -> Any:
        parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else [value]
        became = [translate(part) for part in parts if part != ""]
        return NOTHING if not became or any(item is NOTHING for item in became) else became

    return each


def _same(words: tuple[str, ...]) -> Translate:
    return _several(_word({word: word for word in words}))


def _text_item(value: Any) -> Any:
    return value if isinstance(value, str) and value.strip() else NOTHING


def _related(value: Any) -> Any:
    """Return a related dataset that was only named, or only pointed at."""
    if not isinstance(value, str) or value.strip() in {"", "NOT APPLICABLE"}:
        return NOTHING
    return [{"url": value} if _WEB.fullmatch(value) else {"title": value}]


def _doi(value: Any) -> Any:
    if not isinstance(value, str):
        return NOTHING
    bare = value.strip()
    for prefix in ("https://doi.org/", "http://doi.org/", "https://dx.doi.org/", "http://dx.doi.org/", "doi:"):
        if bare.lower().startswith(prefix):
            bare = bare[len(prefix) :].strip()
    return bare


def _listed(translate: Translate) -> Translate:
    def one(value: Any) -> Any:
        became = translate(value)
        return NOTHING if became is NOTHING else [became]

    return one


def _addresses(value: Any) -> Any:
    """Return the web addresses of a text with commas between them."""
    parts = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else []
    return parts if parts and all(_WEB.fullmatch(part) for part in parts) else NOTHING


_USAGE, _ACCESS, _FORMATS = "accessibility.usage", "accessibility.access", "accessibility.formatAndStandards"
_LIMITATIONS, _REQUIREMENTS = _several(_word(o.LIMITATIONS_2)), _several(_word(o.REQUIREMENTS_2))

_RENAMED: tuple[tuple[str, str, Translate | None], ...] = (
    ("summary.alternateIdentifiers", "summary.datasetAliases", None),
    ("summary.keywords", "summary.keywords", _several(_text_item)),
    ("summary.doiName", "summary.doiName", _doi),
    ("summary.publisher.memberOf", "summary.dataCustodian.memberOf", _word(o.ALLIANCES)),
    ("summary.publisher.identifier", "summary.dataCustodian.identifier", None),
    ("summary.publisher.name", "summary.dataCustodian.name", None),
    ("summary.publisher.logo", "summary.dataCustodian.logo", None),
    ("summary.publisher.description", "summary.dataCustodian.description", None),
    ("summary.publisher.contactPoint", "summary.dataCustodian.contactPoint", None),
    ("documentation.isPartOf", "enrichmentAndLinkage.isPartOf", _related),
    ("coverage.physicalSampleAvailability", "coverage.materialType", _several(_word(o.SAMPLES))),
    ("coverage.biologicalsamples", "coverage.materialType", _several(_word(o.SAMPLE_TYPES))),
    ("coverage.followup", "coverage.followUp", _word(o.FOLLOW_UPS)),
    ("provenance.origin.purpose", "provenance.origin.purpose", _several(_word(o.PURPOSES_2))),
    ("provenance.origin.source", "provenance.origin.source", _several(_word(o.SOURCES))),
    ("provenance.origin.collectionSituation", "provenance.origin.collectionSource", _several(_word(o.SETTINGS))),
    ("provenance.temporal.publishingFrequency", "provenance.temporal.publishingFrequency", _word(o.FREQUENCIES_2)),
    ("provenance.temporal.accrualPeriodicity", "provenance.temporal.publishingFrequency", _word(o.FREQUENCIES_2)),
    ("provenance.temporal.timeLag", "provenance.temporal.timeLag", _word(o.TIME_LAGS_2)),
    (
        f"{_USAGE}.dataUseLimitation",
        f"{_USAGE}.dataUseLimitation",
        _LIMITATIONS,
    ),
    (
        f"{_USAGE}.dataUseRequirements",
        f"{_USAGE}.dataUseRequirements",
        _REQUIREMENTS,
    ),
    (f"{_USAGE}.investigations", "enrichmentAndLinkage.investigations", _addresses),
    (f"{_USAGE}.isReferencedBy", "enrichmentAndLinkage.publicationAboutDataset", _listed(_doi)),
    (f"{_ACCESS}.deliveryLeadTime", f"{_ACCESS}.deliveryLeadTime", _word(o.LEAD_TIMES_2)),
    (f"{_ACCESS}.jurisdiction", f"{_ACCESS}.jurisdiction", _several(_text_item)),
    (
        f"{_FORMATS}.vocabularyEncodingScheme",
        f"{_FORMATS}.vocabularyEncodingScheme",
        _same(w.CODING_SYSTEMS),
    ),
    (
        f"{_FORMATS}.conformsTo",
        f"{_FORMATS}.conformsTo",
        _same(w.DATA_MODELS),
    ),
    (f"{_FORMATS}.language", f"{_FORMATS}.language", _same(w.LANGUAGES)),
    (f"{_FORMATS}.format", f"{_FORMATS}.format", _several(_text_item)),
    ("enrichmentAndLinkage.qualifiedRelation", "enrichmentAndLinkage.linkableDatasets", _related),
    ("enrichmentAndLinkage.derivation", "enrichmentAndLinkage.derivedFrom", _related),
    ("enrichmentAndLinkage.tools", "enrichmentAndLinkage.tools", _addresses),
    ("enrichmentAndLinkage.syntheticDataWebLink", "structuralMetadata.syntheticDataWebLink", None),
)
"""Old place, new place, and how a value (or each item of a list) is put in other words; the order matters."""

_AGAIN: tuple[tuple[str, str, Translate | None], ...] = (
    ("summary.publisher.accessRights", f"{_ACCESS}.accessRights", None),
    ("summary.publisher.accessService", f"{_ACCESS}.accessService", None),
    ("summary.publisher.accessRequestCost", f"{_ACCESS}.accessRequestCost", None),
    ("summary.publisher.deliveryLeadTime", f"{_ACCESS}.deliveryLeadTime", _word(o.LEAD_TIMES_2)),
    ("summary.publisher.dataUseLimitation", f"{_USAGE}.dataUseLimitation", _LIMITATIONS),
    (
        "summary.publisher.dataUseRequirements",
        f"{_USAGE}.dataUseRequirements",
        _REQUIREMENTS,
    ),
)
"""What a publisher states for all its datasets: it counts where the dataset itself says nothing."""

_KINDS_BY_TOPIC: tuple[tuple[str, str, Mapping[str, str | None]], ...] = (
    ("coverage.psychological", "Health and disease", o.MENTAL),
    ("coverage.physical", "Health and disease", o.BODILY),
    ("coverage.lifestyle", "Lifestyle", o.LIVING),
    ("coverage.socioeconomic", "Socioeconomic", o.SOCIETY),
)
"""2.2 lists by topic what 4.0.0 calls finer kinds of data."""


def move_2(moving: Moving) -> None:
    """Move a 2.x record (or one of the catalogue of 2020)."""
    _ages(moving)
    _spatial(moving)
    _joined_texts(moving)
    _category(moving)
    _kinds(moving)
    _observations(moving)
    _tables(moving)
    _tissues(moving)
    for source, target, translate in _RENAMED:
        moving.move(source, target, translate)
    again = {source: moving.take(source) for source, _, _ in _AGAIN}
    for name in SECTIONS:
        moving.move(name, name)
    for source, target, translate in _AGAIN:
        _state_again(moving, source, again[source], target, translate)


def _state_again(moving: Moving, source: str, value: Any, target: str, translate: Translate | None) -> None:
    if value is NOTHING:
        return
    became = value if translate is None else translate(value)
    if became is NOTHING:
        moving.leave(source, value)
    else:
        moving.tell(source, value, target, became)


def _ages(moving: Moving) -> None:
    value = moving.take("coverage.typicalAgeRange")
    if value is NOTHING:
        return
    ages = _AGES.fullmatch(value) if isinstance(value, str) else None
    if ages is None:
        moving.leave("coverage.typicalAgeRange", value)
        return
    for number, name in enumerate(("Min", "Max"), 1):
        moving.tell("coverage.typicalAgeRange", value, f"coverage.typicalAgeRange{name}", int(ages[number]))


def _spatial(moving: Moving) -> None:
    """Join places that are named in a list: 4.0.0 takes a list of web addresses, or one text."""
    value = moving.take("coverage.spatial")
    if isinstance(value, list) and not all(isinstance(item, str) and _WEB.fullmatch(item) for item in value):
        named = [item for item in value if isinstance(item, str) and item.strip()]
        for number, item in enumerate(value, 1):
            if not (isinstance(item, str) and item.strip()):
                moving.leave(f"coverage.spatial.{number}", item)
        if named:
            moving.tell("coverage.spatial", named, "coverage.spatial", ", ".join(named))
    elif value is not NOTHING:
        moving.rest.setdefault("coverage", {})["spatial"] = value


def _joined_texts(moving: Moving) -> None:
    """Join lists of texts where 4.0.0 takes one text, a line each."""
    for path in (f"{_ACCESS}.accessRights", f"{_ACCESS}.accessRequestCost"):
        value = moving.take(path)
        texts = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
        if isinstance(value, list) and len(texts) == len([item for item in value if item is not None]):
            moving.tell(path, value, path, "\n".join(texts))
        elif value is not NOTHING:
            moving.rest["accessibility"]["access"][path.rpartition(".")[2]] = value


def _category(moving: Moving) -> None:
    """Keep the only way of access; several ways are left over, because 4.0.0 takes one."""
    path = f"{_ACCESS}.accessServiceCategory"
    value = moving.take(path)
    words = [item for item in value if item is not None] if isinstance(value, list) else [value]
    if len(words) == 1 and words[0] is not NOTHING:
        moving.tell(path, value, path, words[0])
    elif value is not NOTHING:
        moving.leave(path, value)


def _kinds(moving: Moving) -> None:
    kinds, finer = moving.take("summary.datasetType"), moving.take("summary.datasetSubType")
    place_kinds(moving, "summary.datasetType", kinds, "summary.datasetSubType", finer)
    for path, kind, counterparts in _KINDS_BY_TOPIC:
        value = moving.take(path)
        if value is NOTHING:
            continue
        became = _several(_word(counterparts))
        found: list[Any] = [became(item) for item in value] if isinstance(value, list) else [NOTHING]
        if any(item is NOTHING for item in found):
            moving.leave(path, value)
        else:
            words = [word for item in found for word in item]
            moving.tell(path, value, "provenance.origin.datasetType", [{"name": kind, "subTypes": words}])


def _observations(moving: Moving) -> None:
    value = moving.take("observations")
    if not isinstance(value, list):
        moving.leave("observations", None if value is NOTHING else value)
        return
    translate = _word(o.POPULATIONS)
    made = []
    for number, item in enumerate(value, 1):
        node = item.get("observedNode") if isinstance(item, dict) else None
        became = translate(node)
        if isinstance(item, dict) and became is not NOTHING:
            moving.remember(f"observations.{number}.observedNode", node, "observations", became)
            item = {**item, "observedNode": became}  # noqa: PLW2901 - the item in today's words
        made.append(item)
    moving.rest["observations"] = made


def _tables(moving: Moving) -> None:
    """Put a list of tables with elements as an object with tables and columns."""
    value = moving.take("structuralMetadata")
    if not isinstance(value, list):
        if value is not NOTHING:
            moving.rest["structuralMetadata"] = value
        return
    tables = []
    for number, table in enumerate(value, 1):
        if not isinstance(table, dict):
            moving.leave(f"structuralMetadata.{number}", table)
            continue
        renamed = {"columns" if name == "elements" else name: inner for name, inner in table.items()}
        extra = {name: renamed.pop(name) for name in list(renamed) if name not in {"name", "description", "columns"}}
        for name, inner in extra.items():
            moving.leave(f"structuralMetadata.{number}.{name}", inner)
        tables.append(renamed)
    if tables:
        moving.rest["structuralMetadata"] = {"tables": tables}


def _tissues(moving: Moving) -> None:
    value = moving.take("tissuesSampleCollection")
    translate = _word(o.SAMPLE_MATERIALS)
    for number, collection in enumerate(value if isinstance(value, list) else [], 1):
        path = f"tissuesSampleCollection.{number}"
        if not isinstance(collection, dict):
            moving.leave(path, collection)
            continue
        materials = collection.pop("materialType", None)
        for place, material in enumerate(materials if isinstance(materials, list) else [materials], 1):
            became = translate(material)
            at = below(path, f"materialType.{place}")
            if became is NOTHING:
                moving.leave(at, material)
            else:
                moving.tell(at, material, "coverage.materialType", [became])
        for name, inner in collection.items():
            moving.leave(below(path, name), inner)
    if value is not NOTHING and not isinstance(value, list):
        moving.leave("tissuesSampleCollection", value)
