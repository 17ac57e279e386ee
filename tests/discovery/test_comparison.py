"""Side by side: what is not told is never the same and never a “no”; linking is told in facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from orchestrator.core.errors import Invalid
from orchestrator.discovery.catalogue.model import Entry, EntryState, Origin
from orchestrator.discovery.comparison import Agreement, Compared, compare
from orchestrator.discovery.linkability import Known, linkability

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def entry(name: str, **description: Any) -> Entry:
    return Entry(
        entry_id=name * 16,
        origin=Origin.OFFERED,
        source="",
        custodian_id=None,
        publisher=f"Publisher {name}",
        persistent_id=f"https://example.org/{name}",
        version="1.0.0",
        schema="",
        title=f"Dataset {name}",
        description=description,
        original={},
        unplaced={},
        findings=(),
        dataset_id=None,
        state=EntryState.LISTED,
        first_seen=NOW,
        changed_at=NOW,
        confirmed_at=NOW,
    )


def columns(*names: str, kind: str = "text") -> dict[str, Any]:
    return {"tables": [{"name": "t", "columns": [{"name": name, "dataType": kind} for name in names]}]}


def facts(one: Entry, other: Entry) -> dict[str, Known]:
    found = {fact.name: fact.known for fact in linkability(one, other).facts}
    assert found == {fact.name: fact.known for fact in linkability(other, one).facts}, "it is the same both ways"
    return found


def rows(*entries: Entry) -> dict[str, tuple[tuple[str, ...], Agreement]]:
    compared = compare([Compared(entry=each) for each in entries])
    return {row.label: (row.values, row.agreement) for section in compared.sections for row in section.rows}


def test_values_agree_differ_or_are_not_told() -> None:
    one = entry("a", coverage={"spatial": "England", "followUp": "1 - 10 Years", "pathway": "TBC"})
    other = entry("b", coverage={"spatial": "ENGLAND", "followUp": "0 - 6 Months", "pathway": "not applicable"})
    third = entry("c", coverage={})
    found = rows(one, other)
    assert found["Place"] == (("England", "ENGLAND"), Agreement.SAME)
    assert found["Follow-up"][1] is Agreement.DIFFERENT
    assert "Pathway" not in found, "placeholders tell nothing"
    assert rows(one, third)["Place"] == (("England", ""), Agreement.UNKNOWN)


@pytest.mark.parametrize("number", [0, 1, 5])
def test_two_to_four_are_compared(number: int) -> None:
    with pytest.raises(Invalid):
        compare([Compared(entry=entry("a"))] * number)


def test_columns_are_the_same_whatever_their_spelling() -> None:
    one = entry("a", structuralMetadata=columns("dateOfBirth", "sex", "only_here"))
    other = entry("b", structuralMetadata=columns("DATE_OF_BIRTH", "Sex", kind="date"))
    found = compare([Compared(entry=one), Compared(entry=other), Compared(entry=entry("c"))])
    assert [(each.words, each.names) for each in found.columns] == [
        ("date of birth", ("dateOfBirth", "DATE_OF_BIRTH", "")),
        ("sex", ("sex", "Sex", "")),
    ]
    assert {each.agreement for each in found.columns} == {Agreement.DIFFERENT}
    assert found.columns_told == (4, 3, 0)


@pytest.mark.parametrize("mark", ["title", "pid", "url"])
def test_what_either_declares_counts(mark: str) -> None:
    other = entry("b")
    said = {"title": other.title, "pid": other.entry_id, "url": other.persistent_id}[mark]
    one = entry("a", enrichmentAndLinkage={"linkableDatasets": [{mark: said}]})
    assert facts(one, other)["Declared linkable"] is Known.YES
    assert facts(one, entry("c"))["Declared linkable"] is Known.NOT_TOLD


def test_person_numbers_match_unless_they_are_pseudonyms() -> None:
    plain = entry("a", structuralMetadata=columns("NHSNumber"))
    same = entry("b", structuralMetadata=columns("nhs_number"))
    hidden = entry("c", structuralMetadata=columns("nhs_number_pseudo"))
    none = entry("d", structuralMetadata=columns("sex"))
    name = "Same kind of person number"
    assert facts(plain, same)[name] is Known.YES
    for other in (hidden, none, entry("e")):
        assert facts(plain, other)[name] is Known.NOT_TOLD


@pytest.mark.parametrize(
    ("mine", "theirs", "known"),
    [
        ("England", "England, Wales", Known.YES),
        ("Scotland", "Wales", Known.NO),
        ("United Kingdom", "Wales", Known.YES),
        ("Leeds", "England", Known.NOT_TOLD),
        ("", "England", Known.NOT_TOLD),
        ("unknown", "unknown", Known.NOT_TOLD),
    ],
)
def test_places_overlap_or_are_apart_or_are_not_told(mine: str, theirs: str, known: Known) -> None:
    assert (
        facts(entry("a", coverage={"spatial": mine}), entry("b", coverage={"spatial": theirs}))["Same places"] is known
    )


@pytest.mark.parametrize(
    ("mine", "theirs", "known"),
    [
        (("2000-01-01", "2010-12-31"), ("2005-01-01", "2020-12-31"), Known.YES),
        (("2000-01-01", "2004-12-31"), ("2005-01-01", "2020-12-31"), Known.NO),
        (("2000-01-01", "CONTINUOUS"), ("2005-01-01", "2020-12-31"), Known.YES),
        (("2000-01-01", None), ("2005-01-01", "2020-12-31"), Known.NOT_TOLD),
        ((None, "2004-12-31"), ("2005-01-01", None), Known.NO),
        ((None, None), (None, None), Known.NOT_TOLD),
    ],
)
def test_years_overlap_or_are_apart_or_are_not_told(
    mine: tuple[str | None, str | None], theirs: tuple[str | None, str | None], known: Known
) -> None:
    one, other = (
        entry(name, provenance={"temporal": {"startDate": first, "endDate": last}})
        for name, (first, last) in (("a", mine), ("b", theirs))
    )
    assert facts(one, other)["Same years"] is known


def test_descriptions_of_any_shape_are_compared() -> None:
    odd: list[Any] = [None, 1, "x", [], {}, [1], {"x": [None]}, True]
    for value in odd:
        one = entry("a", summary=value, coverage=value, structuralMetadata={"tables": value}, provenance=value)
        other = entry("b", enrichmentAndLinkage={"linkableDatasets": value}, structuralMetadata=value, coverage=value)
        assert len(compare([Compared(entry=one), Compared(entry=other)]).links) == 1
