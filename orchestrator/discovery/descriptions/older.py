"""HDR UK dataset schemas 2.1.2 to 2.2.1, each told by what it changed in the one before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from . import older_words as o
from . import words as w
from .shapes import Anything, Either, Flag, ListOf, Part, Shape, Text, Whole, Words, maybe, part
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
    return maybe(ListOf(_words(words)))


_TITLE = text(2, 150)
_LONG = maybe(text(2, 50_000))
_COLUMN_TEXT = maybe(text(1, 20_000))

_SUMMARY = part(
    {
        "title!": _TITLE,
        "abstract!": maybe(text(5, 500)),
        "publisher!": part(
            {
                "identifier": maybe(URL),
                "name!": _TITLE,
                "logo": maybe(URL),
                "description": maybe(text(2, 10_000)),
                "contactPoint!": maybe(Either((EMAIL, ListOf(maybe(EMAIL))), "must be an e-mail address")),
                "memberOf": maybe(_words(o.ALLIANCES)),
            }
        ),
        "contactPoint!": maybe(EMAIL),
        "keywords!": maybe(several(_TITLE)),
        "alternateIdentifiers": maybe(several(maybe(text(2, 1000)))),
        "doiName": maybe(DOI),
    }
)

_COVERAGE = part(
    {
        "spatial": maybe(several(maybe(URL))),
        "typicalAgeRange": maybe(Text(pattern=re.compile(f"Not Known|{AGES.pattern}"))),
        "physicalSampleAvailability": maybe(several(Anything())),
        "followup": maybe(_words(o.FOLLOW_UPS)),
        "pathway": maybe(text(2, 10_000)),
    }
)

_PROVENANCE = part(
    {
        "origin": maybe(
            part(
                {
                    "purpose": maybe(several(maybe(_words(o.PURPOSES_2)))),
                    "source": maybe(several(_words(o.SOURCES))),
                    "collectionSituation": maybe(several(_words(o.SETTINGS))),
                }
            )
        ),
        "temporal": maybe(
            part(
                {
                    "accrualPeriodicity!": maybe(_words(o.FREQUENCIES_2)),
                    "distributionReleaseDate": maybe(DAY_OR_MOMENT),
                    "startDate!": maybe(DAY_OR_MOMENT),
                    "endDate": END,
                    "timeLag!": maybe(_words(o.TIME_LAGS_2)),
                }
            )
        ),
    }
)

_USAGE = part(
    {
        "dataUseLimitation": maybe(several(_words(o.LIMITATIONS_2))),
        "dataUseRequirements": maybe(several(maybe(_words(o.REQUIREMENTS_2)))),
        "resourceCreator": maybe(Either((text(2, 1000), ListOf(maybe(text(2, 1000)))))),
        "investigations": maybe(several(maybe(URL))),
        "isReferencedBy": maybe(Either((Text(), ListOf(maybe(DOI))))),
    }
)

_ACCESS = part(
    {
        "accessRights!": _LONG,
        "accessService": _LONG,
        "accessRequestCost": maybe(Either((text(2, 50_000), ListOf(maybe(URL))))),
        "deliveryLeadTime": maybe(_words(o.LEAD_TIMES_2)),
        "jurisdiction!": maybe(several(COUNTRY)),
        "dataController!": _LONG,
        "dataProcessor": _LONG,
    }
)

_FORMATS = part(
    {
        "vocabularyEncodingScheme!": maybe(several(maybe(Words(w.CODING_SYSTEMS)))),
        "conformsTo!": maybe(several(maybe(Words(w.DATA_MODELS)))),
        "language!": maybe(several(maybe(Words(w.LANGUAGES)))),
        "format!": maybe(several(text(1))),
    }
)

_LINKAGE = part(
    {
        "qualifiedRelation": maybe(several(maybe(Either((URL, _TITLE))))),
        "derivation": maybe(several(maybe(text(5, 500)))),
        "tools": maybe(several(maybe(URL))),
    }
)

_OBSERVATION = part(
    {
        "observedNode!": _words(o.POPULATIONS),
        "measuredValue!": Whole(),
        "disambiguatingDescription": maybe(text(5, 500)),
        "observationDate!": DAY_OR_MOMENT,
        "measuredProperty!": Anything(),
    }
)

_ELEMENT = part(
    {"name!": Anything(), "dataType!": Text(), "description": _COLUMN_TEXT, "sensitive!": Flag()}, open=True
)
_TABLE = part({"name!": maybe(text(1, 500)), "description": _COLUMN_TEXT, "elements!": ListOf(_ELEMENT)})

V2_1_2 = part(
    {
        "identifier!": IDENTIFIER,
        "version!": SEMVER,
        "revisions!": ListOf(part({"version!": SEMVER, "url!": maybe(URL)})),
        "issued!": MOMENT,
        "modified!": MOMENT,
        "summary!": _SUMMARY,
        "documentation": maybe(
            part(
                {
                    "description": maybe(text(2, 10_000)),
                    "associatedMedia": maybe(several(maybe(URL))),
                    "isPartOf": maybe(several(maybe(Either((URL, _TITLE))))),
                }
            )
        ),
        "coverage": maybe(_COVERAGE),
        "provenance": maybe(_PROVENANCE),
        "accessibility!": part({"usage": maybe(_USAGE), "access!": _ACCESS, "formatAndStandards": maybe(_FORMATS)}),
        "enrichmentAndLinkage": maybe(_LINKAGE),
        "observations!": ListOf(_OBSERVATION),
        "structuralMetadata": maybe(ListOf(_TABLE)),
    }
)

_TEMPORAL = ("provenance", "temporal")
_FREQUENCY = {"publishingFrequency!": maybe(_words(o.FREQUENCIES_2))}

V2_1_3 = amended(V2_1_2, _TEMPORAL, _FREQUENCY, without=["accrualPeriodicity"])

_TISSUES = part(
    {
        "dataCategories": _listed(o.DATA_CATEGORIES),
        "materialType": _listed(o.SAMPLE_MATERIALS),
        "tissueSampleMetadata": maybe(
            part(
                {
                    "creationDate": maybe(DAY_OR_MOMENT),
                    "AnatomicalSiteOntologyCode": maybe(
                        Text(pattern=re.compile(r"^[C0-9]{3}\.[0-9]{4}\/[0-9]{1,4}\Z"))
                    ),
                },
                open=True,
            )
        ),
        "collectionType": maybe(_words(o.COLLECTION_TYPES)),
    },
    open=True,
)

_SHORT = maybe(text(2, 100))
_SIZED = amended(
    V2_1_3, ["summary"], {"datasetType!": _SHORT, "datasetSubType!": _SHORT, "populationSize!": maybe(Whole())}
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

V2_2_0 = amended(_MEASURED, [], {"tissuesSampleCollection": maybe(ListOf(_TISSUES))})

_ORIGIN = {
    "purpose": maybe(ListOf(maybe(_words(o.PURPOSES_2)))),
    "source": _listed(o.SOURCES),
    "collectionSituation": _listed(o.SETTINGS),
}
_LISTS_ONLY = amended(V2_2_0, ["provenance", "origin"], _ORIGIN)
_CATEGORISED = amended(_LISTS_ONLY, ["accessibility", "access"], {"accessServiceCategory": _listed(o.ACCESS_SERVICES)})
_CONFORMING = amended(
    _CATEGORISED,
    ["accessibility", "formatAndStandards"],
    {"conformsTo!": maybe(ListOf(maybe(Words(w.DATA_MODELS))))},
)
_LINKED = amended(_CONFORMING, ["enrichmentAndLinkage"], {"syntheticDataWebLink": maybe(ListOf(maybe(URL)))})

V2_2_1 = amended(
    _LINKED,
    [],
    {"observations!": ListOf(replace(_OBSERVATION, fields={**_OBSERVATION.fields, "measuredProperty": text(1, 100)}))},
)
