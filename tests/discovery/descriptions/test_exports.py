"""What other catalogues read: held against their own parsers and validators."""

from __future__ import annotations

import copy
import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.errors import NotPossible
from orchestrator.discovery.descriptions.conversion import convert
from orchestrator.discovery.descriptions.exports import OpenFile, croissant, dcat, schema_org, turtle
from orchestrator.discovery.descriptions.exports.facts import Facts

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import rdflib
    from pyshacl import validate as shacl
    from rdflib.compare import isomorphic

Record = dict[str, Any]
ADDRESS = "https://gateway.example.org/datasets/1"
DCAT, DCT, HEALTH = (
    rdflib.Namespace("http://www.w3.org/ns/dcat#"),
    rdflib.Namespace("http://purl.org/dc/terms/"),
    rdflib.Namespace("http://healthdataportal.eu/ns/health#"),
)

SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix health: <http://healthdataportal.eu/ns/health#> .
[] a sh:NodeShape ; sh:targetClass dcat:Dataset ;
  sh:property [ sh:path dct:title ; sh:minCount 1 ; sh:nodeKind sh:Literal ] ;
  sh:property [ sh:path dct:description ; sh:minCount 1 ; sh:nodeKind sh:Literal ] ;
  sh:property [ sh:path dct:publisher ; sh:maxCount 1 ; sh:class foaf:Agent ] ;
  sh:property [ sh:path dcat:contactPoint ; sh:class vcard:Kind ] ;
  sh:property [ sh:path dct:temporal ; sh:class dct:PeriodOfTime ] ;
  sh:property [ sh:path dct:spatial ; sh:class dct:Location ] ;
  sh:property [ sh:path dct:accrualPeriodicity ; sh:maxCount 1 ; sh:class dct:Frequency ] ;
  sh:property [ sh:path dct:accessRights ; sh:maxCount 1 ; sh:class dct:RightsStatement ] ;
  sh:property [ sh:path dct:language ; sh:class dct:LinguisticSystem ] ;
  sh:property [ sh:path dcat:theme ; sh:class skos:Concept ] ;
  sh:property [ sh:path health:minTypicalAge ; sh:maxCount 1 ; sh:datatype xsd:nonNegativeInteger ] ;
  sh:property [ sh:path health:maxTypicalAge ; sh:maxCount 1 ; sh:datatype xsd:nonNegativeInteger ] ;
  sh:property [ sh:path health:numberOfUniqueIndividuals ; sh:maxCount 1 ; sh:datatype xsd:nonNegativeInteger ] .
[] a sh:NodeShape ; sh:targetClass skos:Concept ; sh:property [ sh:path skos:prefLabel ; sh:minCount 1 ] .
[] a sh:NodeShape ; sh:targetClass foaf:Agent ; sh:property [ sh:path foaf:name ; sh:minCount 1 ] .
"""
"""Cardinalities and ranges of DCAT-AP 3.0.1 and HealthDCAT-AP, as far as they touch what is written here."""


def _graph(document: Record) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return rdflib.Graph().parse(data=json.dumps(document), format="json-ld")


def _turtle(document: Record) -> Any:
    return rdflib.Graph().parse(data=turtle(document), format="turtle")


def _conforms(graph: Any) -> tuple[bool, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fine, _, told = shacl(graph, shacl_graph=rdflib.Graph().parse(data=SHAPES, format="turtle"))
    return fine, told


def test_turtle_and_json_ld_say_the_same_of_every_real_record(catalogue: list[Record]) -> None:
    for number, record in enumerate(catalogue):
        document = dcat(convert(record).description, address=f"https://gateway.example.org/datasets/{number}")
        assert isomorphic(_graph(document), _turtle(document)), record["identifier"]


def test_real_records_keep_the_cardinalities_of_dcat_ap(catalogue: list[Record]) -> None:
    for record in catalogue[::25]:
        fine, told = _conforms(_graph(dcat(convert(record).description, address=ADDRESS)))
        assert fine, told


def test_the_shapes_would_see_a_dataset_without_a_title(description: Record) -> None:
    document = dcat(description, address=ADDRESS)
    del document["dct:title"]
    fine, told = _conforms(_graph(document))
    assert not fine
    assert "title" in told


def test_a_description_is_told_in_the_terms_of_health(description: Record) -> None:
    graph = _graph(dcat(description, address=ADDRESS))
    (node,) = graph.subjects(rdflib.RDF.type, DCAT.Dataset)
    assert str(node) == ADDRESS
    assert str(graph.value(node, DCT.title)) == "Simulated diabetes register"
    assert int(graph.value(node, HEALTH.minTypicalAge)) == 18
    assert int(graph.value(node, HEALTH.numberOfUniqueIndividuals)) == 2694
    assert str(graph.value(node, DCT.accessRights)).endswith("/access-right/NON_PUBLIC")
    assert str(graph.value(node, DCT.accrualPeriodicity)).endswith("/frequency/ANNUAL")
    assert str(graph.value(node, HEALTH.hasCodingSystem)) == "https://www.wikidata.org/entity/Q1753883"
    period = graph.value(node, DCT.temporal)
    assert str(graph.value(period, DCAT.startDate)) == "2010-01-01"
    assert graph.value(period, DCAT.endDate) is None  # still collected


def test_a_handful_of_people_are_not_counted_for_others(description: Record) -> None:
    record = copy.deepcopy(description)
    record["summary"]["populationSize"] = 9
    assert "9" not in json.dumps(dcat(record, address=ADDRESS).get("healthdcatap:numberOfUniqueIndividuals", ""))
    record["summary"]["populationSize"] = -1
    assert "healthdcatap:numberOfUniqueIndividuals" not in dcat(record, address=ADDRESS)


_NASTY = ['"', "\\", "\n", "\r", "\t", "\x00", "<b>", "é", "\u2028", "'", ">", "{id}", "^^xsd:int", "@en", "\x7f", "😀"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(_NASTY), max_size=8).map("".join))
def test_no_text_breaks_out_of_its_quotes(text: str) -> None:
    record = {"summary": {"title": f"A {text} register", "keywords": [text], "dataCustodian": {"name": f"T{text}"}}}
    document = dcat(record, address=ADDRESS)
    graph = _turtle(document)
    assert isomorphic(graph, _graph(document))
    assert str(graph.value(rdflib.URIRef(ADDRESS), DCT.title)) == f"A {text} register".strip()


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "https://x.org/<script>", "not one", "", "https://x.org/a b"]
)
def test_what_is_no_web_address_names_nothing(address: str, description: Record) -> None:
    document = dcat(description, address=address)
    assert document["@id"] == "urn:uuid:226fb3f1-4471-400a-8c39-2b66d46a39b6"
    assert "dcat:landingPage" not in document
    assert "url" not in schema_org(description, address=address)


def test_links_that_are_none_are_left_out() -> None:
    record = {
        "summary": {"title": "A register", "contactPoint": "a@b>c <x>", "doiName": "10.1/ bad"},
        "documentation": {"associatedMedia": ["javascript:alert(1)"]},
        "enrichmentAndLinkage": {
            "derivedFrom": [{"url": "javascript:alert(1)", "title": "Bad"}, {"title": "Only named"}]
        },
    }
    told = json.dumps([dcat(record, address=ADDRESS), schema_org(record, address=ADDRESS)])
    assert "javascript" not in told
    assert "10.1/" not in told
    assert "<x>" not in told


def test_schema_org_names_what_dataset_search_asks_for(description: Record) -> None:
    made = schema_org(description, address=ADDRESS)
    assert made["@type"] == "Dataset"
    assert {"name", "description", "url", "identifier", "publisher", "temporalCoverage", "variableMeasured"} <= set(
        made
    )
    assert made["temporalCoverage"] == "2010-01-01/.."
    assert "isAccessibleForFree" not in made
    assert "2694" not in json.dumps(made)


@pytest.fixture
def open_description(description: Record) -> Record:
    record = copy.deepcopy(description)
    record["accessibility"]["access"]["accessServiceCategory"] = "Open access"
    record["structuralMetadata"]["tables"][0]["columns"].append(
        {"name": "is smoker?", "dataType": "boolean", "description": "As told", "sensitive": False}
    )
    return record


@pytest.fixture
def open_file(tmp_path: Path) -> OpenFile:
    content = b"year_of_birth,is smoker?\n1950,true\n"
    (tmp_path / "person.csv").write_bytes(content)
    return OpenFile(
        name="person.csv",
        address="https://example.org/person.csv",
        media_type="text/csv",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        table="person",
    )


LICENCE = "https://creativecommons.org/publicdomain/zero/1.0/"


def test_croissant_is_accepted_by_its_own_validator(
    open_description: Record, open_file: OpenFile, tmp_path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlcroissant

        made = croissant(open_description, files=[open_file], licence=LICENCE, address=ADDRESS)
        path = tmp_path / "croissant.json"
        path.write_text(json.dumps(made))
        dataset = mlcroissant.Dataset(jsonld=path, mapping={"person.csv": str(tmp_path / "person.csv")})
        assert not dataset.metadata.ctx.issues.errors
        rows = list(dataset.records("person"))
    assert len(rows) == 1
    assert rows[0]["person/year_of_birth"] == 1950
    assert rows[0]["person/is_smoker_"] in {True, b"true"}


def test_croissant_is_for_open_data_only(description: Record, open_description: Record, open_file: OpenFile) -> None:
    with pytest.raises(NotPossible, match="not described as “Open access”"):
        croissant(description, files=[open_file], licence=LICENCE, address=ADDRESS)
    with pytest.raises(NotPossible, match="at least one file"):
        croissant(open_description, files=[], licence=LICENCE, address=ADDRESS)
    with pytest.raises(NotPossible, match="web address of its licence"):
        croissant(open_description, files=[open_file], licence="CC0", address=ADDRESS)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
        max_leaves=8,
    )
)
def test_a_broken_section_breaks_no_export(junk: Any) -> None:
    sections = ("summary", "coverage", "provenance", "accessibility", "enrichmentAndLinkage", "structuralMetadata")
    for section in sections:
        record = {"identifier": junk, section: junk}
        document = dcat(record, address=ADDRESS)
        assert isomorphic(_turtle(document), _graph(document))
        assert schema_org(record, address=ADDRESS)["name"] == Facts(record, ADDRESS).title
