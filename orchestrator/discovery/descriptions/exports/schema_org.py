"""Writes a description as schema.org JSON-LD: what search engines for datasets read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .facts import Facts, is_web

__all__ = ["schema_org"]


def schema_org(description: Mapping[str, Any], *, address: str = "") -> dict[str, Any]:
    """Return a ``Dataset`` without counts of people; ``address`` is the page at which it is read."""
    facts = Facts(description, address)
    made = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": facts.address,
        "name": facts.title,
        "description": _long_enough(facts),
        "url": facts.address if is_web(facts.address) else None,
        "identifier": [each for each in (facts.text("identifier"), facts.doi) if each],
        "sameAs": facts.doi,
        "alternateName": facts.texts("summary.datasetAliases"),
        "keywords": facts.texts("summary.keywords"),
        "version": facts.text("version"),
        "datePublished": facts.text("issued"),
        "dateModified": facts.text("modified"),
        "inLanguage": facts.texts("accessibility.formatAndStandards.language"),
        "creator": _named(facts.texts("accessibility.usage.resourceCreator")),
        "publisher": _custodian(facts),
        "spatialCoverage": [{"@type": "Place", "name": each} for each in facts.texts("coverage.spatial")],
        "temporalCoverage": _period(facts),
        "conditionsOfAccess": facts.text("accessibility.access.accessRights"),
        "isAccessibleForFree": facts.is_open or None,
        "encodingFormat": facts.texts("accessibility.formatAndStandards.format"),
        "isBasedOn": _related(facts, "derivedFrom"),
        "isPartOf": _related(facts, "isPartOf"),
        "citation": facts.publications,
        "variableMeasured": _variables(facts),
    }
    return {name: value for name, value in made.items() if value not in (None, [], {})}


def _long_enough(facts: Facts) -> str:
    """Return a description of at least the 50 characters that dataset search asks for, where there is more to say."""
    longer = facts.text("documentation.description")
    return f"{facts.abstract}\n\n{longer}" if longer and longer != facts.abstract else facts.abstract


def _custodian(facts: Facts) -> dict[str, Any] | None:
    name = facts.text("summary.dataCustodian.name")
    if name is None:
        return None
    made: dict[str, Any] = {"@type": "Organization", "name": name}
    if facts.emails:
        made["contactPoint"] = [{"@type": "ContactPoint", "email": each} for each in facts.emails]
    logo = facts.text("summary.dataCustodian.logo")
    return {**made, "logo": logo} if is_web(logo) else made


def _named(names: list[str]) -> list[dict[str, str]]:
    return [{"@type": "Organization", "name": each} for each in names]


def _period(facts: Facts) -> str | None:
    first, last = facts.period
    return f"{first}/{last or '..'}" if first else None


def _related(facts: Facts, kind: str) -> list[dict[str, Any]]:
    found = []
    for each in facts.objects(f"enrichmentAndLinkage.{kind}"):
        made = {"@type": "Dataset", "name": each.get("title"), "url": each.get("url"), "identifier": each.get("pid")}
        kept = {name: value for name, value in made.items() if value and (name != "url" or is_web(value))}
        found += [kept] if len(kept) > 1 else []
    return found


def _variables(facts: Facts) -> list[dict[str, Any]]:
    found = []
    for table in facts.objects("structuralMetadata.tables"):
        for column in table.get("columns") or ():
            if isinstance(column, Mapping) and isinstance(column.get("name"), str):
                about = {"@type": "PropertyValue", "name": column["name"], "description": column.get("description")}
                found.append({name: value for name, value in about.items() if value})
    return found
