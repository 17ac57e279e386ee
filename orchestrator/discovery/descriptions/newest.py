"""HDR UK dataset schemas 3.0.0 and 4.0.0, which share their outline.

4.0.0 types the kinds of data (each with its own finer kinds) and calls alternate identifiers ``datasetAliases``.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import words as w
from .shapes import Anything, Either, Flag, ListOf, Part, Shape, Text, Whole, Words, maybe, part
from .texts import COMMA_SEPARATED, COUNTRY, DAY_OR_MOMENT, DOI, EMAIL, END, IDENTIFIER, LINK, MOMENT, SEMVER, URL, text

__all__ = ["V3_0_0", "V4_0_0"]

_TITLE = text(2, 150)
_LINKS = maybe(ListOf(maybe(URL)))
_ALIASES = maybe(Either((COMMA_SEPARATED, ListOf(maybe(text(2, 1000))))))


def _list_of(words: tuple[str, ...]) -> Shape:
    return maybe(ListOf(Words(words)))


def _list_or_blanks(words: tuple[str, ...]) -> Shape:
    return maybe(ListOf(maybe(Words(words))))


def _custodian() -> Part:
    return part(
        {
            "identifier!": Either((text(2, 50), Whole())),
            "name!": _TITLE,
            "logo": maybe(URL),
            "description": maybe(text(2, 10_000)),
            "contactPoint!": maybe(Either((EMAIL, ListOf(maybe(EMAIL))), "must be an e-mail address")),
            "memberOf": maybe(Words(w.ALLIANCES)),
        }
    )


def _summary(aliases: str) -> Part:
    return part(
        {
            "title!": _TITLE,
            "abstract!": maybe(text(5, 500)),
            "dataCustodian!": _custodian(),
            "populationSize!": Whole(),
            "keywords": maybe(ListOf(_TITLE)),
            "doiName": maybe(DOI),
            "contactPoint!": maybe(EMAIL),
            aliases: _ALIASES,
        }
    )


_DOCUMENTATION = part(
    {
        "description!": maybe(text(2, 10_000)),
        "associatedMedia": maybe(Either((COMMA_SEPARATED, ListOf(maybe(URL))))),
        "inPipeline": maybe(Words(w.PIPELINES)),
    }
)

_COVERAGE = part(
    {
        "spatial!": maybe(Either((COMMA_SEPARATED, ListOf(maybe(URL))))),
        "typicalAgeRangeMin": maybe(Whole()),
        "typicalAgeRangeMax": maybe(Whole()),
        "datasetCompleteness": maybe(URL),
        "materialType": _list_of(w.MATERIALS),
        "followUp": maybe(Words(w.FOLLOW_UPS)),
        "pathway": maybe(text(2, 10_000)),
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
            "imageContrast": maybe(Words(w.YES_NO)),
        }
    )
    temporal = part(
        {
            "publishingFrequency!": maybe(Words(w.FREQUENCIES)),
            "distributionReleaseDate": maybe(DAY_OR_MOMENT),
            "startDate!": DAY_OR_MOMENT,
            "endDate": END,
            "timeLag!": Words(w.TIME_LAGS),
        }
    )
    return part({"origin": maybe(origin), "temporal!": temporal})


_ACCESSIBILITY = part(
    {
        "usage": maybe(
            part(
                {
                    "dataUseLimitation": _list_of(w.USE_LIMITATIONS),
                    "dataUseRequirements": _list_of(w.USE_REQUIREMENTS),
                    "resourceCreator": maybe(Either((text(2, 1000), ListOf(maybe(text(2, 1000)))))),
                }
            )
        ),
        "access!": part(
            {
                "accessRights!": maybe(text(2, 50_000)),
                "accessServiceCategory": maybe(Words(w.ACCESS_SERVICES)),
                "accessService": maybe(text(2, 50_000)),
                "accessRequestCost": maybe(text(2, 50_000)),
                "deliveryLeadTime": maybe(Words(w.LEAD_TIMES)),
                "jurisdiction": maybe(ListOf(COUNTRY)),
                "dataController": maybe(text(2, 50_000)),
                "dataProcessor": maybe(text(2, 50_000)),
            }
        ),
        "formatAndStandards": maybe(
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

_RELATED = maybe(ListOf(part({"pid": maybe(_TITLE), "title": maybe(_TITLE), "url": maybe(URL)}, open=True)))

_LINKAGE = part(
    {
        "derivedFrom": _RELATED,
        "isPartOf": _RELATED,
        "linkableDatasets": _RELATED,
        "similarToDatasets": _RELATED,
        "investigations": _LINKS,
        "tools": _LINKS,
        "publicationAboutDataset": maybe(ListOf(maybe(DOI))),
        "publicationUsingDataset": maybe(ListOf(maybe(DOI))),
    }
)

_OBSERVATION = part(
    {
        "observedNode!": Words(w.POPULATIONS),
        "measuredValue!": Whole(),
        "disambiguatingDescription": maybe(text(5, 500)),
        "observationDate!": DAY_OR_MOMENT,
        "measuredProperty!": Anything(),
    }
)

_COLUMN_TEXT = maybe(text(1, 20_000))
_VALUE = part({"name!": Anything(), "description": _COLUMN_TEXT, "frequency": maybe(Whole())}, open=True)
_COLUMN = part(
    {
        "name!": Anything(),
        "dataType!": Text(),
        "description": _COLUMN_TEXT,
        "sensitive!": Flag(),
        "values": maybe(ListOf(_VALUE)),
    },
    open=True,
)
_TABLE = part({"name": maybe(text(1, 500)), "description": _COLUMN_TEXT, "columns!": ListOf(_COLUMN)})
_STRUCTURE = part({"tables": maybe(ListOf(_TABLE)), "syntheticDataWebLink": _LINKS})


def _counts(fields: Mapping[str, Shape]) -> Shape:
    return maybe(ListOf(part({**fields, "count!": Whole()}, open=True)))


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

_OMICS = part({"assay": maybe(Words(w.ASSAYS)), "platform": maybe(Words(w.PLATFORMS))})


def _description(*, aliases: str, kinds: Mapping[str, Shape], link: Text) -> Part:
    return part(
        {
            "identifier!": IDENTIFIER,
            "version!": SEMVER,
            "revisions!": ListOf(part({"version!": SEMVER, "url": maybe(link)})),
            "issued!": MOMENT,
            "modified!": MOMENT,
            "summary!": _summary(aliases),
            "documentation": maybe(_DOCUMENTATION),
            "coverage": maybe(_COVERAGE),
            "provenance": maybe(_provenance(kinds)),
            "accessibility!": _ACCESSIBILITY,
            "enrichmentAndLinkage": maybe(_LINKAGE),
            "observations!": ListOf(_OBSERVATION),
            "structuralMetadata": maybe(_STRUCTURE),
            "demographicFrequency": maybe(_DEMOGRAPHY),
            "omics": maybe(_OMICS),
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
