"""Rule books: read strictly, every number with its source, joined to the strictest whatever the order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.airlock.packs import Pack, effective, load_pack, load_packs, pack_from_json, strictest
from orchestrator.airlock.packs.schema import DOMINANCE, NUMBERS, ROUNDING, WORDS
from orchestrator.core.errors import Invalid

FOLDER = Path(__file__).parents[3] / "policies" / "airlock"
PACKS = load_packs(FOLDER)
SDAP = PACKS["sdap"]

members = st.builds(
    lambda pack, numbers, zeros, small, rounding, dominance, hold: replace(
        pack, **numbers, zeros=zeros, small_counts=small, rounding=rounding, dominance=dominance, hold_kinds=hold
    ),
    st.sampled_from(list(PACKS.values())),
    st.fixed_dictionaries({key: st.integers(least, min(most, 60)) for key, (_, least, most) in NUMBERS.items()}),
    st.sampled_from(WORDS["zeros"]),
    st.sampled_from(WORDS["small_counts"]),
    st.sets(st.sampled_from([("nearest-5",), ("midpoint-6", "nearest-5"), ("nearest-10",)])).map(
        lambda groups: tuple(sorted(groups))
    ),
    st.sets(st.tuples(st.integers(1, 4), st.integers(50, 99))).map(lambda pairs: tuple(sorted(pairs))),
    st.sets(st.sampled_from(["pdf", "svg", "html"])).map(lambda kinds: tuple(sorted(kinds))),
)
terms = st.lists(st.tuples(st.sampled_from(["c1", "c2"]), st.integers(2, 5), st.integers(1, 50)), max_size=3)


def looser(pack: Pack, than: Pack) -> list[str]:
    """Name every number on which ``pack`` lets more out than ``than``."""
    found = [
        key
        for key, (larger, _, _) in NUMBERS.items()
        if (getattr(pack, key) < getattr(than, key)) == larger and getattr(pack, key) != getattr(than, key)
    ]
    found += [key for key, words in WORDS.items() if words.index(getattr(pack, key)) < words.index(getattr(than, key))]
    found += [key for key in (ROUNDING, DOMINANCE) if not set(getattr(than, key)) <= set(getattr(pack, key))]
    if not set(pack.review_kinds) <= set(than.review_kinds):
        found.append("review_kinds")
    if not set(pack.hold_kinds) <= {*than.review_kinds, *than.hold_kinds}:
        found.append("hold_kinds")
    if pack.limits.file_bytes > than.limits.file_bytes:
        found.append("file_bytes")
    return found


@settings(deadline=None)
@given(st.lists(members, min_size=1, max_size=4), terms, st.randoms())
def test_the_strictest_is_nowhere_looser_and_order_and_repetition_do_not_matter(packs, conditions, random):
    joined = strictest(packs, conditions)
    assert all(looser(joined, each) == [] for each in packs)
    assert joined.checkers_needed >= max([2, *(checkers for _, checkers, _ in conditions)])
    assert joined.minimum_count >= max(count for _, _, count in [("", 0, 0), *conditions])
    others = [*packs, random.choice(packs)]
    random.shuffle(others)
    again = strictest(others, list(reversed(conditions)))
    assert looser(again, joined) == looser(joined, again) == []
    assert (again.name, again.version) == (joined.name, joined.version)


@settings(deadline=None)
@given(st.lists(st.sampled_from(list(PACKS.values())), min_size=1, max_size=6))
def test_real_packs_join_to_the_very_same_pack_in_every_order(packs):
    joined = strictest(packs)
    assert strictest(reversed(packs)) == joined == strictest([*packs, *packs])
    assert strictest([joined]) == joined
    assert pack_from_json(joined.as_json()) == joined


@pytest.mark.parametrize("name", PACKS)
def test_one_pack_alone_is_itself(name):
    assert strictest([PACKS[name]]) == PACKS[name]
    assert PACKS[name].set_by == ()


@pytest.mark.parametrize("name", PACKS)
def test_every_number_of_a_pack_has_a_source(name):
    assert {key for key, _ in PACKS[name].sources} == {*NUMBERS, *WORDS, ROUNDING, DOMINANCE}
    assert all(source for _, source in PACKS[name].sources)


def test_the_numbers_of_the_rule_books():
    numbers = {name: (pack.minimum_count, pack.small_counts, pack.zeros, pack.rounding) for name, pack in PACKS.items()}
    assert numbers == {
        "sdap": (10, "ask", "ask", ()),
        "opensafely": (8, "ask", "stay", (("midpoint-6", "nearest-5"),)),
        "nhs-england-sde": (10, "ask", "stay", (("nearest-5",),)),
        "nhs-hes": (8, "ask", "stay", (("nearest-5",),)),
        "ukllc": (10, "refused", "refused", ()),
        "datashield": (3, "ask", "stay", ()),
    }
    assert (SDAP.dominance, SDAP.p_percent, SDAP.minimum_degrees) == (((2, 90),), 10, 10)
    assert PACKS["datashield"].parameters_percent == 33
    assert PACKS["opensafely"].limits.file_bytes == 16 * 1024 * 1024


def test_who_set_a_number_is_named():
    joined = effective(SDAP, [("c-hospital", 3, 4), ("c-registry", 2, 20)], [("c-registry", PACKS["nhs-hes"])])
    assert dict(joined.set_by) == {
        "checkers_needed": "c-hospital",
        "minimum_count": "c-registry",
        "rounding": "c-registry (nhs-hes)",
        "zeros": "sdap",
    }
    assert joined.setter("rounding") == "c-registry (nhs-hes)"
    assert joined.name == "nhs-hes+sdap"
    assert "HES and ECDS" in joined.source("rounding")


def test_a_custodian_cannot_make_the_installation_looser():
    joined = effective(SDAP, [("c", 1, 1)], [("c", PACKS["datashield"])])
    assert looser(joined, SDAP) == []
    assert (joined.minimum_count, joined.parameters_percent) == (10, 33)


def test_no_pack_at_all_is_refused():
    with pytest.raises(Invalid, match="no rule book"):
        strictest([])


def written(tmp_path: Path, change: Any) -> Path:
    plain = yaml.safe_load((FOLDER / "sdap.yaml").read_text())
    change(plain)
    file = tmp_path / "sdap.yaml"
    file.write_text(yaml.safe_dump(plain))
    return file


def put(*keys: str, value: Any):
    def change(plain: dict[str, Any]) -> None:
        for key in keys[:-1]:
            plain = plain[key]
        plain[keys[-1]] = value

    return change


def drop(*keys: str):
    def change(plain: dict[str, Any]) -> None:
        for key in keys[:-1]:
            plain = plain[key]
        del plain[keys[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (put("minimun_count", value=3), "minimun_count"),
        (put("numbers", "minimun_count", value={"value": 3, "source": "x"}), "minimun_count"),
        (put("numbers", "minimum_count", value=10), "minimum_count must have a value and a source"),
        (put("numbers", "minimum_count", "value", value=0), "minimum_count"),
        (put("numbers", "minimum_count", "value", value="10"), "minimum_count"),
        (put("numbers", "minimum_count", "value", value=True), "minimum_count"),
        (put("numbers", "minimum_count", "source", value=" "), "minimum_count must name its source"),
        (put("numbers", "checkers_needed", "value", value=1), "checkers_needed"),
        (put("numbers", "zeros", "value", value="maybe"), "zeros"),
        (put("numbers", "small_counts", "value", value="stay"), "small_counts"),
        (put("numbers", "rounding", "value", value=["nearest-0"]), "rounding"),
        (put("numbers", "rounding", "value", value="nearest-5"), "rounding"),
        (put("numbers", "dominance", "value", value=[{"largest": 2}]), "dominance"),
        (put("numbers", "dominance", "value", value=[{"largest": 2, "percent": 101}]), "dominance"),
        (drop("numbers", "zeros"), "zeros is missing"),
        (drop("limits", "files"), "files"),
        (put("limits", "files", value=0), "limits.files"),
        (put("limits", "file", value=1), "file"),
        (drop("kinds", "review"), "review"),
        (put("kinds", "review", value="table"), "kinds.review"),
        (put("name", value=3), "name"),
        (put("based_on", value="../../etc/passwd"), "based_on"),
    ],
)
def test_a_wrong_unknown_or_missing_key_is_named(tmp_path, change, named):
    with pytest.raises(Invalid, match=named.replace(".", r"\.")):
        load_pack(written(tmp_path, change))


def test_a_pack_may_not_stand_on_one_that_stands_on_another(tmp_path):
    (tmp_path / "b.yaml").write_text("name: b\nversion: '1'\nbased_on: c\n")
    (tmp_path / "a.yaml").write_text("name: a\nversion: '1'\nbased_on: b\n")
    with pytest.raises(Invalid, match="stands on its own"):
        load_pack(tmp_path / "a.yaml")


def test_an_unreadable_or_misnamed_pack_is_refused(tmp_path):
    with pytest.raises(Invalid, match="cannot be read"):
        load_pack(tmp_path / "nothing.yaml")
    (tmp_path / "x.yaml").write_text("- a\n")
    with pytest.raises(Invalid, match="not a mapping"):
        load_pack(tmp_path / "x.yaml")
    (tmp_path / "x.yaml").write_text((FOLDER / "sdap.yaml").read_text())
    with pytest.raises(Invalid, match="must agree"):
        load_packs(tmp_path)
