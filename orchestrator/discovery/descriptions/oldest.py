"""HDR UK dataset schemas 2.0.2 and 2.1.0.

Both were written by hand: their parts have no ``type``, so anything that is not an object passes (``loose``), and
lists given as a sequence of schemas are looked at in their first item only (``first_only``).
"""

from __future__ import annotations

import re
from dataclasses import replace

from . import older_words as o
from . import words as w
from .older import AGES
from .shapes import Anything, Either, Flag, ListOf, Part, Shape, Text, Whole, Words, part
from .texts import COMMA_SEPARATED, COUNTRY, DAY_OR_MOMENT, DOI, EMAIL, MOMENT, SEMVER, URL, UUID, several, text

__all__ = ["V2_0_2", "V2_1_0"]


def _words(words: o.Counterparts) -> Words:
    return Words(tuple(words))


def _some(item: Shape) -> Either:
    return several(item, distinct=True, least=1)


def _first(item: Shape) -> Either:
    return several(item, distinct=True, least=1, first_only=True)


_TITLE = text(2, 80)
_ABSTRACT = text(5, 255)
_DESCRIPTION = text(2, 3000)
_LONG = text(2, 5000)
_URLS = Either((URL, ListOf(URL)), "must be a web address such as https://example.org/page")
_LIMITATIONS = _some(_words(o.LIMITATIONS_2))
_REQUIREMENTS = _some(_words(o.REQUIREMENTS_2))

_PUBLISHER = part(
    {
        "identifier": URL,
        "name!": _TITLE,
        "logo": URL,
        "description": _DESCRIPTION,
        "contactPoint!": Either((EMAIL, ListOf(EMAIL)), "must be an e-mail address"),
        "memberOf": _words(o.ALLIANCES),
        "accessRights": _URLS,
        "deliveryLeadTime": _words(o.LEAD_TIMES_2),
        "accessService": _LONG,
        "accessRequestCost": Either((text(2, 1000), ListOf(URL))),
        "dataUseLimitation": _LIMITATIONS,
        "dataUseRequirements": _REQUIREMENTS,
    },
    open=True,
)

_SUMMARY = part(
    {
        "title!": _TITLE,
        "abstract!": _ABSTRACT,
        "publisher!": _PUBLISHER,
        "contactPoint!": EMAIL,
        "keywords!": _some(_TITLE),
        "alternateIdentifiers": _some(text(2, 1000)),
        "doiName": DOI,
    },
    loose=True,
)

_DOCUMENTATION = part(
    {
        "description": _DESCRIPTION,
        "associatedMedia": _some(URL),
        "isPartOf": _some(Either((URL, _TITLE))),
    },
    loose=True,
)

_SAMPLES = ListOf(Anything(), least=1, distinct=True, some=_words(o.SAMPLES))

_COVERAGE = part(
    {
        "spatial": several(URL),
        "typicalAgeRange": Text(pattern=AGES),
        "physicalSampleAvailability": Either((COMMA_SEPARATED, _SAMPLES)),
        "followup": _words(o.FOLLOW_UPS),
        "pathway": _DESCRIPTION,
    },
    loose=True,
)

_PROVENANCE = part(
    {
        "origin": part(
            {
                "purpose": _first(_words(o.PURPOSES_2)),
                "source": _first(_words(o.SOURCES)),
                "collectionSituation": _first(_words(o.SETTINGS)),
            },
            loose=True,
        ),
        "temporal!": part(
            {
                "accrualPeriodicity!": _words(o.FREQUENCIES_2),
                "distributionReleaseDate": DAY_OR_MOMENT,
                "startDate!": DAY_OR_MOMENT,
                "endDate": Either((DAY_OR_MOMENT, Words(("CONTINUOUS",)))),
                "timeLag!": _words(o.TIME_LAGS_2),
            },
            loose=True,
        ),
    },
    loose=True,
)

_USAGE = part(
    {
        "dataUseLimitation": _LIMITATIONS,
        "dataUseRequirements": _REQUIREMENTS,
        "resourceCreator": Either((text(2, 1000), ListOf(text(2, 1000)))),
        "investigations": several(URL),
        "isReferencedBy": Either((DOI, ListOf(DOI, first_only=True))),
    },
    loose=True,
)

_ACCESS = part(
    {
        "accessRights!": Either(
            (Text(pattern=re.compile(r"^In Progress\Z")), URL, ListOf(URL)), "must be a web address"
        ),
        "accessService": _LONG,
        "accessRequestCost": Either((_LONG, ListOf(URL))),
        "deliveryLeadTime": _words(o.LEAD_TIMES_2),
        "jurisdiction!": several(COUNTRY),
        "dataController!": _LONG,
        "dataProcessor": _LONG,
    },
    loose=True,
)

_FORMATS = part(
    {
        "vocabularyEncodingScheme!": several(Words(w.CODING_SYSTEMS)),
        "conformsTo!": several(Words(w.DATA_MODELS), first_only=True),
        "language!": several(Words(w.LANGUAGES), least=1),
        "format!": several(text(1), least=1),
    },
    loose=True,
)

_LINKAGE = part(
    {
        "qualifiedRelation": several(Either((URL, _TITLE))),
        "derivation": several(_ABSTRACT),
        "tools": several(URL),
    },
    loose=True,
)

_OBSERVATION = part(
    {
        "observedNode!": _words(o.POPULATIONS),
        "measuredValue!": Whole(),
        "disambiguatingDescription": _ABSTRACT,
        "observationDate!": DAY_OR_MOMENT,
        "measuredProperty!": Words(("COUNT", "Count", "count")),
    },
    loose=True,
)

V2_0_2 = part(
    {
        "identifier!": Either((UUID, URL), "must be a UUID or a web address"),
        "version!": SEMVER,
        "revisions!": ListOf(part({"version!": SEMVER, "url!": URL}, loose=True)),
        "issued!": MOMENT,
        "modified!": MOMENT,
        "summary!": _SUMMARY,
        "documentation": _DOCUMENTATION,
        "coverage": _COVERAGE,
        "provenance": _PROVENANCE,
        "accessibility!": part(
            {"usage": _USAGE, "access!": _ACCESS, "formatAndStandards": _FORMATS},
            loose=True,
        ),
        "enrichmentAndLinkage": _LINKAGE,
        "observations": ListOf(_OBSERVATION),
    }
)

_ELEMENT = part(
    {"name!": Anything(), "dataType!": Text(), "description": text(1, 20_000), "sensitive!": Flag()},
    open=True,
    loose=True,
)
_TABLE = part(
    {"name!": _ABSTRACT, "description": text(1, 20_000), "elements!": ListOf(_ELEMENT)},
    loose=True,
)

V2_1_0: Part = replace(
    V2_0_2,
    fields={**V2_0_2.fields, "structuralMetadata": ListOf(_TABLE)},
    needed=V2_0_2.needed | {"observations"},
)
