"""Writes an open dataset as Croissant 1.0 (MLCommons): files with checksums, record sets from its tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.core.errors import NotPossible

from .facts import Facts, is_web
from .schema_org import schema_org

__all__ = ["OpenFile", "croissant"]

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that Croissant 1.0 prescribes."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
_TYPES = (
    (re.compile(r"bool", re.IGNORECASE), "sc:Boolean"),
    (re.compile(r"\bint|integer|bigint|smallint|long", re.IGNORECASE), "sc:Integer"),
    (re.compile(r"float|double|decimal|numeric|real|number", re.IGNORECASE), "sc:Float"),
    (re.compile(r"date|time", re.IGNORECASE), "sc:Date"),
)


@dataclass(frozen=True, kw_only=True)
class OpenFile:
    """A file that anybody may fetch; ``table`` names the table of the description that it holds, if one."""

    name: str
    address: str
    media_type: str
    size: int
    sha256: str
    table: str = ""


def croissant(
    description: Mapping[str, Any], *, files: Sequence[OpenFile], licence: str, address: str = ""
) -> dict[str, Any]:
    """Return the Croissant of an open dataset; ``licence`` is the address of its licence.

    Raises ``NotPossible`` unless the description says “Open access”, there is a file, and the licence is an address.
    """
    facts = Facts(description, address)
    _check_open(facts, files, licence)
    base = schema_org(description, address=address)
    about = {name: base[name] for name in _ABOUT if name in base}
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        **about,
        "url": facts.address,
        "license": licence,
        "distribution": [_file(each) for each in files],
        "recordSet": [each for each in (_records(facts, file) for file in files) if each],
    }


_ABOUT = (
    "name",
    "description",
    "keywords",
    "version",
    "datePublished",
    "dateModified",
    "creator",
    "publisher",
    "inLanguage",
)


def _check_open(facts: Facts, files: Sequence[OpenFile], licence: str) -> None:
    if not facts.is_open:
        raise NotPossible(
            "Croissant tells machines where to fetch data; this dataset is not described as “Open access”. "
            "Export it as schema.org or DCAT-AP instead."
        )
    if not files or not is_web(licence):
        raise NotPossible("An open dataset needs at least one file, and the web address of its licence.")


def _file(file: OpenFile) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": file.address,
        "contentSize": f"{file.size} B",
        "encodingFormat": file.media_type,
        "sha256": file.sha256,
    }


def _records(facts: Facts, file: OpenFile) -> dict[str, Any] | None:
    named = [each for each in facts.objects("structuralMetadata.tables") if each.get("name") == file.table]
    tables = named if file.table else []
    if not tables:
        return None
    name = _NOT_IN_NAMES.sub("_", file.table)
    fields = [_field(name, file, column) for column in tables[0].get("columns") or () if isinstance(column, Mapping)]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "field": fields}


def _field(records: str, file: OpenFile, column: Mapping[str, Any]) -> dict[str, Any]:
    title = str(column.get("name"))
    name = f"{records}/{_NOT_IN_NAMES.sub('_', title)}"
    kind = str(column.get("dataType"))
    return {
        "@type": "cr:Field",
        "@id": name,
        "name": name,
        "description": str(column.get("description") or title),
        "dataType": next((found for pattern, found in _TYPES if pattern.search(kind)), "sc:Text"),
        "source": {"fileObject": {"@id": file.name}, "extract": {"column": title}},
    }
