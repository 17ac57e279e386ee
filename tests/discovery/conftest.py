"""A valid description and the published schema to hold ours against."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

DATA = Path(os.environ.get("TRE_TEST_DATA", Path(__file__).parents[2].parent / "shared" / "data"))


@pytest.fixture(scope="session")
def published_schema() -> dict[str, Any]:
    """The official JSON Schema; its absence is a failure in continuous integration."""
    path = DATA / "hdruk-schema-4.0.0.json"
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing; set TRE_TEST_DATA to the folder of test data")
        pytest.skip(f"{path} is not on this machine; set TRE_TEST_DATA")
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema


@pytest.fixture
def description() -> dict[str, Any]:
    """A small valid description with every section."""
    return {
        "identifier": "226fb3f1-4471-400a-8c39-2b66d46a39b6",
        "version": "1.0.0",
        "revisions": [{"version": "0.9.0", "url": None}],
        "issued": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-02T00:00:00Z",
        "summary": {
            "title": "Simulated diabetes register",
            "abstract": "A register of simulated people with diabetes.",
            "dataCustodian": {
                "identifier": "ods-x1",
                "name": "Simulated Hospital Trust",
                "contactPoint": ["data@example.org"],
                "memberOf": "Alliance",
            },
            "populationSize": 2694,
            "keywords": ["diabetes"],
            "doiName": "10.1234/abc",
            "contactPoint": "data@example.org",
            "datasetAliases": ["SDR"],
        },
        "documentation": {"description": "Made for tests.", "associatedMedia": ["https://example.org/a"]},
        "coverage": {"spatial": "United Kingdom,England", "typicalAgeRangeMin": 18, "followUp": "1 - 10 Years"},
        "provenance": {
            "origin": {
                "purpose": ["Disease registry"],
                "datasetType": [{"name": "Health and disease", "subTypes": ["Metabolic and endocrine"]}],
                "source": ["EPR"],
                "collectionSource": ["Clinic", None],
                "imageContrast": "No",
            },
            "temporal": {
                "publishingFrequency": "Annual",
                "startDate": "2010-01-01",
                "endDate": "CONTINUOUS",
                "timeLag": "1-2 months",
            },
        },
        "accessibility": {
            "usage": {"dataUseLimitation": ["General research use"], "resourceCreator": "Simulated Hospital Trust"},
            "access": {
                "accessRights": "https://example.org/rights",
                "accessServiceCategory": "TRE/SDE",
                "deliveryLeadTime": "1-2 weeks",
                "jurisdiction": ["GB", "GB-ENG"],
            },
            "formatAndStandards": {
                "vocabularyEncodingScheme": ["SNOMED CT"],
                "conformsTo": ["OMOP"],
                "language": ["en"],
                "format": ["text/csv"],
            },
        },
        "enrichmentAndLinkage": {
            "linkableDatasets": [{"title": "Another one", "note": "further keys are allowed here"}],
            "publicationAboutDataset": ["10.1234/def"],
        },
        "observations": [
            {
                "observedNode": "Persons",
                "measuredValue": 2694,
                "observationDate": "2026-01-01",
                "measuredProperty": "Count",
            }
        ],
        "structuralMetadata": {
            "tables": [
                {
                    "name": "person",
                    "columns": [
                        {
                            "name": "year_of_birth",
                            "dataType": "integer",
                            "sensitive": True,
                            "values": [{"name": 1950, "frequency": 3}],
                        }
                    ],
                }
            ]
        },
        "demographicFrequency": {
            "age": [{"bin": "5-9 years", "count": 5}],
            "ethnicity": [{"bin": "Not known", "count": 1}],
            "disease": [{"diseaseCode": 73211009, "diseaseCodeVocabulary": "SNOMED CT", "count": 9}],
        },
        "omics": {"assay": "Exome sequencing", "platform": "Illumina"},
    }
