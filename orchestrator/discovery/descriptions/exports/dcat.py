"""Writes a description as DCAT-AP 3 with HealthDCAT-AP, in JSON-LD that stands alone (its context is written out).

Terms of the EU's authority tables are used where one says the same; nothing is guessed where none does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from .facts import Facts, is_web

__all__ = ["CONTEXT", "dcat"]

CONTEXT: dict[str, str] = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "healthdcatap": "http://healthdataportal.eu/ns/health#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

_AUTHORITY = "http://publications.europa.eu/resource/authority/"

_FREQUENCIES = {
    "Static": "NEVER",
    "Irregular": "IRREG",
    "Continuous": "CONT",
    "Biennial": "BIENNIAL",
    "Annual": "ANNUAL",
    "Biannual": "ANNUAL_2",
    "Quarterly": "QUARTERLY",
    "Bimonthly": "BIMONTHLY",
    "Monthly": "MONTHLY",
    "Biweekly": "BIWEEKLY",
    "Weekly": "WEEKLY",
    "Twice a week": "WEEKLY_2",
    "Daily": "DAILY",
    "Other": "OTHER",
}
_RIGHTS = {"Open access": "PUBLIC", "Direct access": "RESTRICTED", "TRE/SDE": "NON_PUBLIC"}
_LANGUAGES = {"en": "ENG", "cy": "CYM", "gd": "GLA", "ga": "GLE", "fr": "FRA", "de": "DEU", "es": "SPA"}
_WIKIDATA = "https://www.wikidata.org/entity/"
_CODING_SYSTEMS = {
    "ICD10": "Q45127",
    "ICD9": "Q1334144",
    "SNOMED CT": "Q1753883",
    "LOINC": "Q502480",
    "ATC": "Q192093",
    "RXNORM": "Q7383767",
    "HPO": "Q17027854",
}
"""Wikidata entities of coding systems, as HealthDCAT-AP wants them named."""


def dcat(description: Mapping[str, Any], *, address: str = "") -> dict[str, Any]:
    """Return a ``dcat:Dataset``; ``address`` is the page at which it is read."""
    facts = Facts(description, address)
    made = {
        "@context": CONTEXT,
        "@id": facts.address,
        "@type": "dcat:Dataset",
        "dct:title": facts.title,
        "dct:description": [facts.abstract, *_more(facts)],
        "dct:identifier": facts.text("identifier"),
        "adms:identifier": {"@type": "adms:Identifier", "skos:notation": facts.doi} if facts.doi else None,
        "dct:alternative": facts.texts("summary.datasetAliases"),
        "dcat:keyword": facts.texts("summary.keywords"),
        "dcat:theme": _concept(f"{_AUTHORITY}data-theme/HEAL", "Health"),
        "dcat:version": facts.text("version"),
        "dct:issued": _moment(facts.text("issued")),
        "dct:modified": _moment(facts.text("modified")),
        "dct:publisher": _agent(facts.text("summary.dataCustodian.name")),
        "dct:creator": [_agent(each) for each in facts.texts("accessibility.usage.resourceCreator")],
        "dcat:contactPoint": [_contact(each) for each in facts.emails],
        "dcat:landingPage": _page(facts.address),
        "foaf:page": [_page(each) for each in facts.texts("documentation.associatedMedia") if is_web(each)],
        "dct:spatial": [_place(each) for each in facts.texts("coverage.spatial")],
        "dct:temporal": _period(facts),
        "dct:accrualPeriodicity": _term("frequency", _FREQUENCIES, facts.text(_FREQUENCY)),
        "dct:accessRights": _rights(facts),
        "dct:language": [_term("language", _LANGUAGES, each) for each in facts.texts(_LANGUAGE) if each in _LANGUAGES],
        "dct:conformsTo": [
            {"@type": "dct:Standard", "dct:title": each} for each in facts.texts(_STANDARDS) if each not in _NO_STANDARD
        ],
        "dct:provenance": [_provenance(each) for each in facts.texts("provenance.origin.purpose")],
        "dct:source": _related(facts, "derivedFrom"),
        "dct:isReferencedBy": [{"@id": each} for each in facts.publications],
        **_health(facts),
    }
    return {name: value for name, value in made.items() if value not in (None, [], {})}


_FREQUENCY = "provenance.temporal.publishingFrequency"
_LANGUAGE = "accessibility.formatAndStandards.language"
_STANDARDS = "accessibility.formatAndStandards.conformsTo"
_CODES = "accessibility.formatAndStandards.vocabularyEncodingScheme"
_NO_STANDARD = frozenset({"LOCAL", "OTHER"})


def _health(facts: Facts) -> dict[str, Any]:
    systems = [each for each in facts.texts(_CODES) if each in _CODING_SYSTEMS]
    return {
        "healthdcatap:minTypicalAge": _count(facts.number("coverage.typicalAgeRangeMin")),
        "healthdcatap:maxTypicalAge": _count(facts.number("coverage.typicalAgeRangeMax")),
        "healthdcatap:numberOfUniqueIndividuals": _count(facts.people),
        "healthdcatap:populationCoverage": facts.text("coverage.pathway"),
        "healthdcatap:hasCodingSystem": [_concept(_WIKIDATA + _CODING_SYSTEMS[each], each) for each in systems],
    }


def _more(facts: Facts) -> list[str]:
    longer = facts.text("documentation.description")
    return [longer] if longer and longer != facts.abstract else []


def _count(value: int | None) -> dict[str, str] | None:
    return None if value is None else {"@type": "xsd:nonNegativeInteger", "@value": str(value)}


def _moment(value: str | None) -> dict[str, str] | None:
    return {"@type": "xsd:dateTime", "@value": value} if value else None


def _concept(address: str, label: str) -> dict[str, str]:
    return {"@id": address, "@type": "skos:Concept", "skos:prefLabel": label}


def _term(table: str, words: Mapping[str, str], word: str | None) -> dict[str, str] | None:
    kinds = {"frequency": "dct:Frequency", "language": "dct:LinguisticSystem", "access-right": "dct:RightsStatement"}
    if word is None or word not in words:
        return None
    return {"@id": f"{_AUTHORITY}{table}/{words[word]}", "@type": kinds[table]}


def _rights(facts: Facts) -> dict[str, str] | None:
    """Return the EU's word for open, restricted or not public; no word where it depends on the project."""
    return _term("access-right", _RIGHTS, facts.text("accessibility.access.accessServiceCategory"))


def _agent(name: str | None) -> dict[str, str] | None:
    return {"@type": "foaf:Agent", "foaf:name": name} if name else None


def _contact(email: str) -> dict[str, Any]:
    return {"@type": "vcard:Kind", "vcard:hasEmail": {"@id": f"mailto:{quote(email, safe='@+')}"}}


def _provenance(purpose: str) -> dict[str, str]:
    return {"@type": "dct:ProvenanceStatement", "rdfs:label": purpose}


def _page(address: str) -> dict[str, str] | None:
    return {"@id": address, "@type": "foaf:Document"} if is_web(address) else None


def _place(name: str) -> dict[str, str]:
    return {"@id": name, "@type": "dct:Location"} if is_web(name) else {"@type": "dct:Location", "skos:prefLabel": name}


def _period(facts: Facts) -> dict[str, Any] | None:
    first, last = facts.period
    days = {"dcat:startDate": first, "dcat:endDate": last}
    told = {name: {"@type": "xsd:date", "@value": day} for name, day in days.items() if day}
    return {"@type": "dct:PeriodOfTime", **told} if told else None


def _related(facts: Facts, kind: str) -> list[dict[str, Any]]:
    found = facts.objects(f"enrichmentAndLinkage.{kind}")
    return [
        {"@id": each["url"], "@type": "dcat:Dataset", **_described(each)} for each in found if is_web(each.get("url"))
    ]


def _described(related: Mapping[str, Any]) -> dict[str, str]:
    title = related.get("title")
    return {"dct:title": title, "dct:description": title} if isinstance(title, str) and title else {}
