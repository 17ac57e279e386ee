"""HDR UK dataset schemas 2.1.2 to 2.2.1, each told by what it changed in the one before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from . import older_words as o
from . import words as w
from .shapes import Anything, Either, Flag, ListOf, Part, Shape, Text, Whole, Words, or_null, part
from .texts import (
    COUNTRY,
    DAY_OR_MOMENT,
    DOI,
    EMAIL,
    END,
    IDENTIFIER,
    MOMENT,
    SEMVER,
    URL,
    several,
    text,
)

__all__ = ["V2_1_2", "V2_1_3", "V2_2_0", "V2_2_1"]

_YEARS = "(150|1[0-4][0-9]|[0-9]|[1-8][0-9]|9[0-9])"
AGES = re.compile(f"{_YEARS}-{_YEARS}")
"""Two ages in years, anywhere in the text: the published pattern is not anchored."""


def amended(shape: Part, path: Sequence[str], fields: Mapping[str, Shape], without: Sequence[str] = ()) -> Part:
    """Return a schema with fields added (or replaced) and others taken away in the part at ``path``."""
    if path:
        inner = shape.fields[path[0]]
        if isinstance(inner, Either):
            options = tuple(
                amended(o_, path[1:], fields, without) if isinstance(o_, Part) else o_ for o_ in inner.options
            )
            changed: Shape = replace(inner, options=options)
        elif isinstance(inner, Part):
            changed = amended(inner, path[1:], fields, without)
        else:
            raise TypeError(f"{path[0]} is no part")
        return replace(shape, fields={**shape.fields, path[0]: changed})
    added = part(fields)
    kept = {name: inner for name, inner in shape.fields.items() if name not in without}
    needed = frozenset(name for name in shape.needed if name not in {*without, *added.fields})
    return replace(shape, fields={**kept, **added.fields}, needed=needed | added.needed)


def _words(words: Mapping[str, str | None] | tuple[str, ...]) -> Words:
    return Words(tuple(words))


def _listed(words: Mapping[str, str | None] | tuple[str, ...]) -> Shape:
    return or_null(ListOf(_words(words)))


_TITLE = text(2, 150)
_LONG = or_null(text(2, 50_000))
_COLUMN_TEXT = or_null(text(1, 20_000))

_SUMMARY = part(
    {
        "title!": _TITLE,
        "abstract!": or_null(text(5, 500)),
        "publisher!": part(
            {
                "identifier": or_null(URL),
                "name!": _TITLE,
                "logo": or_null(URL),
                "description": or_null(text(2, 10_000)),
                "contactPoint!": or_null(Either((EMAIL, ListOf(or_null(EMAIL))), "must be an e-mail address")),
                "memberOf": or_null(_words(o.ALLIANCES)),
            }
        ),
        "contactPoint!": or_null(EMAIL),
        "keywords!": or_null(several(_TITLE)),
        "alternateIdentifiers": or_null(several(or_null(text(2, 1000)))),
        "doiName": or_null(DOI),
    }
)

_COVERAGE = part(
    {
        "spatial": or_null(several(or_null(URL))),
        "typicalAgeRange": or_null(Text(pattern=re.compile(f"Not Known|{AGES.pattern}"))),
        "physicalSampleAvailability": or_null(several(Anything())),
        "followup": or_null(_words(o.FOLLOW_UPS)),
        "pathway": or_null(text(2, 10_000)),
    }
)

_PROVENANCE = part(
    {
        "origin": or_null(
            part(
                {
                    "purpose": or_null(several(or_null(_words(o.PURPOSES_2)))),
                    "source": or_null(several(_words(o.SOURCES))),
                    "collectionSituation": or_null(several(_words(o.SETTINGS))),
                }
            )
        ),
        "temporal": or_null(
            part(
                {
                    "accrualPeriodicity!": or_null(_words(o.FREQUENCIES_2)),
                    "distributionReleaseDate": or_null(DAY_OR_MOMENT),
                    "startDate!": or_null(DAY_OR_MOMENT),
                    "endDate": END,
                    "timeLag!": or_null(_words(o.TIME_LAGS_2)),
                }
            )
        ),
    }
)

_USAGE = part(
    {
        "dataUseLimitation": or_null(several(_words(o.LIMITATIONS_2))),
        "dataUseRequirements": or_null(several(or_null(_words(o.REQUIREMENTS_2)))),
        "resourceCreator": or_null(Either((text(2, 1000), ListOf(or_null(text(2, 1000)))))),
        "investigations": or_null(several(or_null(URL))),
        "isReferencedBy": or_null(Either((Text(), ListOf(or_null(DOI))))),
    }
)

_ACCESS = part(
    {
        "accessRights!": _LONG,
        "accessService": _LONG,
        "accessRequestCost": or_null(Either((text(2, 50_000), ListOf(or_null(URL))))),
        "deliveryLeadTime": or_null(_words(o.LEAD_TIMES_2)),
        "jurisdiction!": or_null(several(COUNTRY)),
        "dataController!": _LONG,
        "dataProcessor": _LONG,
    }
)

_FORMATS = part(
    {
        "vocabularyEncodingScheme!": or_null(several(or_null(Words(w.CODING_SYSTEMS)))),
        "conformsTo!": or_null(several(or_null(Words(w.DATA_MODELS)))),
        "language!": or_null(several(or_null(Words(w.LANGUAGES)))),
        "format!": or_null(several(text(1))),
    }
)

_LINKAGE = part(
    {
        "qualifiedRelation": or_null(several(or_null(Either((URL, _TITLE))))),
        "derivation": or_null(several(or_null(text(5, 500)))),
        "tools": or_null(several(or_null(URL))),
    }
)

_OBSERVATION = part(
    {
        "observedNode!": _words(o.POPULATIONS),
        "measuredValue!": Whole(),
        "disambiguatingDescription": or_null(text(5, 500)),
        "observationDate!": DAY_OR_MOMENT,
        "measuredProperty!": Anything(),
    }
)

_ELEMENT = part(
    {"name!": Anything(), "dataType!": Text(), "description": _COLUMN_TEXT, "sensitive!": Flag()}, open=True
)
_TABLE = part({"name!": or_null(text(1, 500)), "description": _COLUMN_TEXT, "elements!": ListOf(_ELEMENT)})

V2_1_2 = part(
    {
        "identifier!": IDENTIFIER,
        "version!": SEMVER,
        "revisions!": ListOf(part({"version!": SEMVER, "url!": or_null(URL)})),
        "issued!": MOMENT,
        "modified!": MOMENT,
        "summary!": _SUMMARY,
        "documentation": or_null(
            part(
                {
                    "description": or_null(text(2, 10_000)),
                    "associatedMedia": or_null(several(or_null(URL))),
                    "isPartOf": or_null(several(or_null(Either((URL, _TITLE))))),
                }
            )
        ),
        "coverage": or_null(_COVERAGE),
        "provenance": or_null(_PROVENANCE),
        "accessibility!": part({"usage": or_null(_USAGE), "access!": _ACCESS, "formatAndStandards": or_null(_FORMATS)}),
        "enrichmentAndLinkage": or_null(_LINKAGE),
        "observations!": ListOf(_OBSERVATION),
        "structuralMetadata": or_null(ListOf(_TABLE)),
    }
)

_TEMPORAL = ("provenance", "temporal")
_FREQUENCY = {"publishingFrequency!": or_null(_words(o.FREQUENCIES_2))}

V2_1_3 = amended(V2_1_2, _TEMPORAL, _FREQUENCY, without=["accrualPeriodicity"])

_TISSUES = part(
    {
        "dataCategories": _listed(o.DATA_CATEGORIES),
        "materialType": _listed(o.SAMPLE_MATERIALS),
        "tissueSampleMetadata": or_null(
            part(
                {
                    "creationDate": or_null(DAY_OR_MOMENT),
                    "AnatomicalSiteOntologyCode": or_null(
                        Text(pattern=re.compile(r"^[C0-9]{3}\.[0-9]{4}\/[0-9]{1,4}\Z"))
                    ),
                },
                open=True,
            )
        ),
        "collectionType": or_null(_words(o.COLLECTION_TYPES)),
    },
    open=True,
)

_SHORT = or_null(text(2, 100))
_SIZED = amended(
    V2_1_3, ["summary"], {"datasetType!": _SHORT, "datasetSubType!": _SHORT, "populationSize!": or_null(Whole())}
)
_MEASURED = amended(
    _SIZED,
    ["coverage"],
    {
        "gender": _listed(o.GENDERS),
        "biologicalsamples": _listed(o.SAMPLE_TYPES),
        "psychological": _listed(o.MENTAL),
        "physical": _listed(o.BODILY),
        "anthropometric": _listed(o.ANTHROPOMETRY),
        "lifestyle": _listed(o.LIVING),
        "socioeconomic": _listed(o.SOCIETY),
    },
    without=["physicalSampleAvailability"],
)

V2_2_0 = amended(_MEASURED, [], {"tissuesSampleCollection": or_null(ListOf(_TISSUES))})

_ORIGIN = {
    "purpose": or_null(ListOf(or_null(_words(o.PURPOSES_2)))),
    "source": _listed(o.SOURCES),
    "collectionSituation": _listed(o.SETTINGS),
}
_LISTS_ONLY = amended(V2_2_0, ["provenance", "origin"], _ORIGIN)
_CATEGORISED = amended(_LISTS_ONLY, ["accessibility", "access"], {"accessServiceCategory": _listed(o.ACCESS_SERVICES)})
_CONFORMING = amended(
    _CATEGORISED,
    ["accessibility", "formatAndStandards"],
    {"conformsTo!": or_null(ListOf(or_null(Words(w.DATA_MODELS))))},
)
_LINKED = amended(_CONFORMING, ["enrichmentAndLinkage"], {"syntheticDataWebLink": or_null(ListOf(or_null(URL)))})

V2_2_1 = amended(
    _LINKED,
    [],
    {"observations!": ListOf(replace(_OBSERVATION, fields={**_OBSERVATION.fields, "measuredProperty": text(1, 100)}))},
)
