"""The strictest over several datasets: what it permits each of them permits, and it says who set it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.alliance.uses.diseases import DiseaseTable
from orchestrator.alliance.uses.matching import assess
from orchestrator.alliance.uses.model import Clause, UseTerms, Verdict
from orchestrator.alliance.uses.rules import check_clauses, read_clause
from orchestrator.alliance.uses.strictest import Stated, StrictestUse, strictest
from tests.alliance.uses.conftest import DIABETES, MELANOMA, TUMOUR, UVEAL
from tests.alliance.uses.test_matching import PURPOSES


def stated(source: str, *clauses: str) -> Stated:
    return Stated(source=source, clauses=check_clauses(read_clause(each) for each in clauses))


def short(found: tuple[StrictestUse, ...]) -> dict[str, tuple[tuple[str, ...], set[str]]]:
    return {each.code: (each.values, set(each.set_by)) for each in found}


def test_nothing_is_stated_by_nobody(diseases: DiseaseTable) -> None:
    assert strictest([], diseases) == ()


def test_the_narrower_permission_holds_and_its_owner_is_named(diseases: DiseaseTable) -> None:
    found = strictest([stated("a", "GRU"), stated("b", "HMB")], diseases)
    assert short(found) == {"DUO:0000006": ((), {"b"})}
    found = strictest(
        [stated("a", "HMB"), stated("b", f"DS={TUMOUR}"), stated("c", f"DS={UVEAL},{DIABETES}")], diseases
    )
    assert short(found) == {"DUO:0000007": ((UVEAL,), {"c"})}


def test_uses_that_exclude_one_another_leave_nothing(diseases: DiseaseTable) -> None:
    (found,) = strictest([stated("a", "POA"), stated("b", "HMB")], diseases)
    assert found.impossible
    assert found.set_by == {"a", "b"}
    (found,) = strictest([stated("a", f"DS={DIABETES}"), stated("b", f"DS={MELANOMA}")], diseases)
    assert found.impossible


def test_modifiers_add_up_and_values_narrow(diseases: DiseaseTable) -> None:
    found = short(
        strictest(
            [
                stated("a", "HMB", "TS=24", "MOR=2027-01-01", "GS=GB,FR", "NCU", "IS=One,Two"),
                stated("b", "HMB", "TS=12", "MOR=2028-01-01", "GS=GB-SCT", "NO-LINKAGE", "IS=two"),
            ],
            diseases,
        )
    )
    assert found["DUO:0000006"] == ((), {"a", "b"})
    assert found["DUO:0000025"] == (("12",), {"b"})
    assert found["DUO:0000024"] == (("2028-01-01",), {"b"})
    assert found["DUO:0000022"] == (("GB-SCT",), {"a", "b"})
    assert found["DUO:0000046"] == ((), {"a"})
    assert found["TRE:NO-LINKAGE"] == ((), {"b"})
    assert found["DUO:0000028"][0] == ("Two", "two")


def test_regions_that_do_not_meet_are_told(diseases: DiseaseTable) -> None:
    found = strictest([stated("a", "HMB", "GS=FR"), stated("b", "HMB", "GS=GB")], diseases)
    assert [each.impossible != "" for each in found] == [False, True]


OFFERS = [
    ["NRES"],
    ["GRU", "NCU"],
    ["HMB", "NPOA"],
    ["HMB", "POA"],
    [f"DS={MELANOMA}"],
    [f"DS={MELANOMA},{DIABETES}", "IRB"],
    [f"DS={DIABETES}", "CC"],
    ["GRU", "CC", "NO-LINKAGE # at first"],
    ["POA"],
    [f"DS={TUMOUR}", "POA", "TS=12"],
    ["DS=MONDO:0100253"],
]


@given(PURPOSES, st.lists(st.sampled_from(range(len(OFFERS))), min_size=1, max_size=3))
def test_what_the_strictest_permits_every_dataset_permits(
    diseases: DiseaseTable, purpose: object, chosen: list[int]
) -> None:
    sources = [stated(str(number), *OFFERS[number]) for number in chosen]
    together = strictest(sources, diseases)
    if any(each.impossible for each in together):
        return
    clauses = tuple(Clause(code=each.code, values=each.values, note="; ".join(each.notes)) for each in together)
    if _verdict(clauses, purpose, diseases) is Verdict.PERMITTED:
        assert all(_verdict(each.clauses, purpose, diseases) is Verdict.PERMITTED for each in sources)


def test_what_the_strictest_says_does_not_hang_on_the_order(diseases: DiseaseTable) -> None:
    for one, two in product(range(len(OFFERS)), repeat=2):
        here = strictest([stated("a", *OFFERS[one]), stated("b", *OFFERS[two])], diseases)
        there = strictest([stated("b", *OFFERS[two]), stated("a", *OFFERS[one])], diseases)
        assert _without_order(here) == _without_order(there), (OFFERS[one], OFFERS[two])


def _without_order(found: tuple[StrictestUse, ...]) -> set[tuple[str, frozenset[str], frozenset[str], str]]:
    return {(each.code, frozenset(each.values), each.set_by, each.impossible) for each in found}


def _verdict(clauses: tuple[Clause, ...], purpose: object, diseases: DiseaseTable) -> Verdict:
    terms = UseTerms(
        dataset_id="d",
        version=1,
        custodian_id="c",
        clauses=clauses,
        sha256="",
        published_by="p",
        published_at=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return assess(terms, purpose, diseases).verdict  # type: ignore[arg-type]
