"""HDR UK dataset schemas 3.0.0 and 4.0.0, which share their outline.

4.0.0 types the kinds of data (each with its own finer kinds) and calls alternate identifiers ``datasetAliases``.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import words as w
from .shapes import Anything, Either, Flag, ListOf, Part, Shape, Text, Whole, Words, or_null, part
from .texts import COMMA_SEPARATED, COUNTRY, DAY_OR_MOMENT, DOI, EMAIL, END, IDENTIFIER, LINK, MOMENT, SEMVER, URL, text

__all__ = ["V3_0_0", "V4_0_0"]

_TITLE = text(2, 150)
_LINKS = or_null(ListOf(or_null(URL)))
_ALIASES = or_null(Either((COMMA_SEPARATED, ListOf(or_null(text(2, 1000))))))


def _list_of(words: tuple[str, ...]) -> Shape:
    return or_null(ListOf(Words(words)))


def _list_or_blanks(words: tuple[str, ...]) -> Shape:
    return or_null(ListOf(or_null(Words(words))))


def _custodian() -> Part:
    return part(
        {
            "identifier!": Either((text(2, 50), Whole())),
            "name!": _TITLE,
            "logo": or_null(URL),
            "description": or_null(text(2, 10_000)),
            "contactPoint!": or_null(Either((EMAIL, ListOf(or_null(EMAIL))), "must be an e-mail address")),
            "memberOf": or_null(Words(w.ALLIANCES)),
        }
    )


def _summary(aliases: str) -> Part:
    return part(
        {
            "title!": _TITLE,
            "abstract!": or_null(text(5, 500)),
            "dataCustodian!": _custodian(),
            "populationSize!": Whole(),
            "keywords": or_null(ListOf(_TITLE)),
            "doiName": or_null(DOI),
            "contactPoint!": or_null(EMAIL),
            aliases: _ALIASES,
        }
    )


_DOCUMENTATION = part(
    {
        "description!": or_null(text(2, 10_000)),
        "associatedMedia": or_null(Either((COMMA_SEPARATED, ListOf(or_null(URL))))),
        "inPipeline": or_null(Words(w.PIPELINES)),
    }
)

_COVERAGE = part(
    {
        "spatial!": or_null(Either((COMMA_SEPARATED, ListOf(or_null(URL))))),
        "typicalAgeRangeMin": or_null(Whole()),
        "typicalAgeRangeMax": or_null(Whole()),
        "datasetCompleteness": or_null(URL),
        "materialType": _list_of(w.MATERIALS),
        "followUp": or_null(Words(w.FOLLOW_UPS)),
        "pathway": or_null(text(2, 10_000)),
    }
)


def _typed() -> Shape:
    """Kinds of data whose finer kinds must come from the list of one kind."""
    lists = dict.fromkeys(w.DATASET_TYPES.values())
    return Either(tuple(part({"name": Text(), "subTypes!": _list_of(words)}, open=True) for words in lists))


def _provenance(kinds: Mapping[str, Shape]) -> Part:
    origin = part(
        {
            "purpose": _list_or_blanks(w.PURPOSES),
            **kinds,
            "source": _list_of(w.SOURCES),
            "collectionSource": _list_or_blanks(w.SETTINGS),
            "imageContrast": or_null(Words(w.YES_NO)),
        }
    )
    temporal = part(
        {
            "publishingFrequency!": or_null(Words(w.FREQUENCIES)),
            "distributionReleaseDate": or_null(DAY_OR_MOMENT),
            "startDate!": DAY_OR_MOMENT,
            "endDate": END,
            "timeLag!": Words(w.TIME_LAGS),
        }
    )
    return part({"origin": or_null(origin), "temporal!": temporal})


_ACCESSIBILITY = part(
    {
        "usage": or_null(
            part(
                {
                    "dataUseLimitation": _list_of(w.USE_LIMITATIONS),
                    "dataUseRequirements": _list_of(w.USE_REQUIREMENTS),
                    "resourceCreator": or_null(Either((text(2, 1000), ListOf(or_null(text(2, 1000)))))),
                }
            )
        ),
        "access!": part(
            {
                "accessRights!": or_null(text(2, 50_000)),
                "accessServiceCategory": or_null(Words(w.ACCESS_SERVICES)),
                "accessService": or_null(text(2, 50_000)),
                "accessRequestCost": or_null(text(2, 50_000)),
                "deliveryLeadTime": or_null(Words(w.LEAD_TIMES)),
                "jurisdiction": or_null(ListOf(COUNTRY)),
                "dataController": or_null(text(2, 50_000)),
                "dataProcessor": or_null(text(2, 50_000)),
            }
        ),
        "formatAndStandards": or_null(
            part(
                {
                    "vocabularyEncodingScheme!": ListOf(Words(w.CODING_SYSTEMS)),
                    "conformsTo!": ListOf(Words(w.DATA_MODELS)),
                    "language!": ListOf(Words(w.LANGUAGES)),
                    "format!": ListOf(text(1)),
                }
            )
        ),
    }
)

_RELATED = or_null(ListOf(part({"pid": or_null(_TITLE), "title": or_null(_TITLE), "url": or_null(URL)}, open=True)))

_LINKAGE = part(
    {
        "derivedFrom": _RELATED,
        "isPartOf": _RELATED,
        "linkableDatasets": _RELATED,
        "similarToDatasets": _RELATED,
        "investigations": _LINKS,
        "tools": _LINKS,
        "publicationAboutDataset": or_null(ListOf(or_null(DOI))),
        "publicationUsingDataset": or_null(ListOf(or_null(DOI))),
    }
)

_OBSERVATION = part(
    {
        "observedNode!": Words(w.POPULATIONS),
        "measuredValue!": Whole(),
        "disambiguatingDescription": or_null(text(5, 500)),
        "observationDate!": DAY_OR_MOMENT,
        "measuredProperty!": Anything(),
    }
)

_COLUMN_TEXT = or_null(text(1, 20_000))
_VALUE = part({"name!": Anything(), "description": _COLUMN_TEXT, "frequency": or_null(Whole())}, open=True)
_COLUMN = part(
    {
        "name!": Anything(),
        "dataType!": Text(),
        "description": _COLUMN_TEXT,
        "sensitive!": Flag(),
        "values": or_null(ListOf(_VALUE)),
    },
    open=True,
)
_TABLE = part({"name": or_null(text(1, 500)), "description": _COLUMN_TEXT, "columns!": ListOf(_COLUMN)})
_STRUCTURE = part({"tables": or_null(ListOf(_TABLE)), "syntheticDataWebLink": _LINKS})


def _counts(fields: Mapping[str, Shape]) -> Shape:
    return or_null(ListOf(part({**fields, "count!": Whole()}, open=True)))


_DEMOGRAPHY = part(
    {
        "age": _counts({"bin!": Words(w.AGE_BANDS)}),
        "ethnicity": _counts({"bin!": Words(w.ETHNICITIES)}),
        "disease": _counts(
            {
                "diseaseCode!": Either((Text(), Whole())),
                "diseaseCodeVocabulary!": Words(w.DISEASE_CODING_SYSTEMS),
            }
        ),
    }
)

_OMICS = part({"assay": or_null(Words(w.ASSAYS)), "platform": or_null(Words(w.PLATFORMS))})


def _description(*, aliases: str, kinds: Mapping[str, Shape], link: Text) -> Part:
    return part(
        {
            "identifier!": IDENTIFIER,
            "version!": SEMVER,
            "revisions!": ListOf(part({"version!": SEMVER, "url": or_null(link)})),
            "issued!": MOMENT,
            "modified!": MOMENT,
            "summary!": _summary(aliases),
            "documentation": or_null(_DOCUMENTATION),
            "coverage": or_null(_COVERAGE),
            "provenance": or_null(_provenance(kinds)),
            "accessibility!": _ACCESSIBILITY,
            "enrichmentAndLinkage": or_null(_LINKAGE),
            "observations!": ListOf(_OBSERVATION),
            "structuralMetadata": or_null(_STRUCTURE),
            "demographicFrequency": or_null(_DEMOGRAPHY),
            "omics": or_null(_OMICS),
        }
    )


V4_0_0 = _description(aliases="datasetAliases", kinds={"datasetType!": ListOf(_typed())}, link=URL)
"""The schema in which descriptions are kept and shown."""

V3_0_0 = _description(
    aliases="alternateIdentifiers",
    kinds={
        "datasetType!": ListOf(Words(w.KINDS_3)),
        "datasetSubType": _list_of(w.FINER_KINDS_3),
    },
    link=LINK,
)
