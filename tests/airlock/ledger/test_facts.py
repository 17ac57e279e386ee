"""Tables of every usual shape become the same facts."""

from __future__ import annotations

import time

import pytest

from orchestrator.airlock.ledger.labels import is_total, measure_and_level, span
from orchestrator.airlock.ledger.numbers import Numbers
from orchestrator.airlock.ledger.population import restrictions
from orchestrator.airlock.ledger.tables import Kind, Partition, PublishedTable
from tests.airlock.ledger.outsider import NUMBERS, tables

LONG = "region,sex,n\nnorth,F,10\n,M,20\nnorth,Total,30\nsouth,F,11\n,M,21\nsouth,Total,32\nTotal,Total,62\n"
WIDE = "region,F,M,All\nnorth,10,20,30\nsouth,11,21,32\nAll,21,41,62\n"


def facts(text: str, numbers: Numbers = NUMBERS, **more: object) -> dict[frozenset[str], tuple]:
    (one,) = tables(text, numbers=numbers, **more)
    return {frozenset(level for _, level in each.labels): (each.low, each.high, each.kind.value) for each in one.facts}


def test_long_and_wide_say_the_same():
    wide = facts(WIDE)
    assert wide[frozenset({"north", "m"})] == (20, 20, "exact")
    assert wide[frozenset()] == (62, 62, "exact")
    assert facts(LONG).items() <= wide.items()


def test_every_fact_names_its_place():
    (one,) = tables(WIDE)
    assert {each.place for each in one.facts if not each.labels} == {"row 4, column “All”"}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("<10", (1, 9, "masked")),
        ("≤7", (1, 7, "masked")),
        ("1-4", (1, 4, "masked")),
        ("*", (0, None, "masked")),
        ("[REDACTED]", (0, None, "masked")),
        ("", (0, None, "masked")),
        ("1,204", (1204, 1204, "exact")),
        ("120 (3.1%)", (120, 120, "exact")),
        (">=100", (100, None, "masked")),
    ],
)
def test_cells(cell: str, expected: tuple):
    assert facts(f'region,n\nnorth,"{cell}"\nsouth,300\neast,250\n')[frozenset({"north"})] == expected


def test_a_mask_may_stand_for_nobody_where_the_pack_hides_zeros():
    hides = Numbers(zeros_masked=True)
    assert facts("region,n\nnorth,<10\nsouth,300\n", hides)[frozenset({"north"})] == (0, 9, "masked")
    assert facts("region,n\nnorth,<10\nsouth,0\nwest,12\n", hides)[frozenset({"north"})] == (1, 9, "masked")


def test_rounding_is_believed_where_announced_or_plain():
    text = "region,n\na,105\nb,20\nc,5\n"
    assert facts(text, Numbers(rounding=5))[frozenset({"c"})] == (3, 7, "rounded")
    assert facts(text)[frozenset({"c"})] == (5, 5, "exact")
    many = "region,n\n" + "".join(f"r{at},{5 * at}\n" for at in range(1, 13) if at % 2)
    many += "".join(f"s{at},{5 * at}\n" for at in range(1, 13))
    assert facts(many)[frozenset({"s2"})] == (8, 12, "rounded")
    sixes = "region,n\n" + "".join(f"r{at},{6 * at + 3}\n" for at in range(12))
    assert facts(sixes)[frozenset({"r0"})] == (1, 6, "rounded")


def test_baseline_table_with_sections_groups_and_percentages():
    text = (
        'Characteristic,"Placebo (N=86)","Active (N=84)",Total\nSex,,,\nMale,40 (46.5%),44 (52.4%),84\n'
        'Female,46 (53.5%),40 (47.6%),86\n"Age, mean (SD)",55.1 (10),56 (12),55 (11)\nRace,,,\n'
        "White,<10 (9.3%),80 (95.2%),88\nBlack,78 (90.7%),<10 (4.8%),82\n"
    )
    found = facts(text)
    assert found[frozenset({"placebo"})] == (86, 86, "exact")
    assert found[frozenset({"placebo", "white"})] == (8, 8, "masked")  # 9.3 % of 86
    assert found[frozenset({"active", "black"})] == (4, 4, "masked")
    (one,) = tables(text)
    assert [each.name for each in one.dimensions if each.name] == ["sex", "race"]
    assert not any("mean" in level for each in one.facts for _, level in each.labels)


def test_percentages_of_an_unknown_whole_tell_nothing():
    assert facts("age,n,pct\nyoung,50,40.0\nmiddle,*,6.0\nold,44,35.0\n")[frozenset({"middle"})] == (0, None, "masked")


def test_headings_in_several_rows():
    found = facts("sex,F,F,M,M\nsmoker,no,yes,no,yes\nregion,,,,\nnorth,1,2,3,4\nsouth,11,12,13,14\n")
    assert found[frozenset({"north", "f", "yes"})] == (2, 2, "exact")
    assert found[frozenset({"south", "m", "no"})] == (13, 13, "exact")


def test_things_counted_apart_are_tables_apart():
    patients, deaths = tables("region,n,deaths\nnorth,100,12\nsouth,200,22\n")
    assert (patients.measure, deaths.measure) == ("", "deaths")


def test_groups_that_overlap_fall_short_or_nest_are_told():
    def dimension(text: str, at: int = 0):
        return tables(text)[0].dimensions[at]

    assert dimension("illness,n\nasthma,40\ncopd,40\ndiabetes,50\nTotal,100\n").partition is Partition.OVERLAPPING
    assert dimension("illness,n\nasthma,40\ncopd,40\nTotal,100\n").partition is Partition.PART
    assert dimension("sex,n\nF,40\nM,60\nTotal,100\n").partition is Partition.WHOLE
    assert dimension("county,region,n\nc1,A,12\nc1,B,13\nc2,C,14\nc2,D,15\n", 1).within == "county"


def test_a_total_without_a_name_for_it_is_seen():
    found = facts("region,F,M,both sexes\nn,10,20,30\ns,11,21,32\ne,12,22,34\nEngland,33,63,96\n")
    assert found[frozenset()] == (96, 96, "exact")
    assert found[frozenset({"f"})] == (33, 33, "exact")


def test_margins_of_shown_cells_are_only_a_lower_bound():
    found = facts("region,F,M,All\nnorth,30,,30\nsouth,25,40,65\nAll,55,40,95\n")
    assert found[frozenset({"north"})] == (30, None, "shown")
    assert found[frozenset()] == (95, None, "shown")


def test_a_table_without_counts_gives_nothing():
    assert tables("term,coef,p\nage,0.12,0.03\nsex,1.20,0.001\n") == []
    assert tables("a,b\nx,y\n") == []


def test_a_table_too_long_is_named_and_not_silent():
    (one,) = tables("group,n\n" + "".join(f"g{at},{at + 10}\n" for at in range(20_001)))
    assert one.facts == ()
    assert "more than 20000 counts" in one.incomplete


def test_a_table_comes_back_from_json_as_it_was():
    for one in tables(WIDE) + tables(LONG, titles=["women only"]):
        again = PublishedTable.from_json(one.as_json())
        assert again == one
        assert again.sha256 == one.sha256


@pytest.mark.parametrize(
    "spoilt",
    [{"facts": [[[], -1, 4, "exact", "", None]]}, {"facts": [[[], 5, 4, "exact", "", None]]}, {"dimensions": 7}],
)
def test_json_that_is_no_table_is_refused(spoilt: dict):
    plain = {**tables(WIDE)[0].as_json(), **spoilt}
    with pytest.raises((ValueError, TypeError)):
        PublishedTable.from_json(plain)


def test_the_kind_of_a_mask_stays_a_mask_when_a_percentage_gives_it_away():
    (one,) = tables("age,n,pct\n18-29,50,50.0\n30-64,*,6.0\n65+,44,44.0\nTotal,100,100.0\n")
    hidden = [each for each in one.facts if each.kind is Kind.MASKED]
    assert [(each.low, each.high) for each in hidden] == [(6, 6)]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("18-29", (18, 30)),
        ("18–29 years", (18, 30)),
        ("18 to <30", (18, 30)),
        ("[18, 30)", (18, 30)),
        ("(17, 29]", (18, 30)),
        ("65+", (65, float("inf"))),
        ("65 and over", (65, float("inf"))),
        (">64", (65, float("inf"))),
        ("under 18", (-float("inf"), 18)),
        ("≤17", (-float("inf"), 18)),
        ("45", (45, 46)),
        ("18.5-24.9", (18.5, 25.0)),
        ("30-29", None),
        ("north", None),
    ],
)
def test_ranges(label: str, expected: tuple | None):
    assert span(label) == (None if expected is None else pytest.approx(expected))


def test_totals_and_headings():
    assert all(is_total(each) for each in ("Total", "All", "All patients", "Grand Total", "Total (N=86)", "Both sexes"))
    assert not any(is_total(each) for each in ("All-cause mortality", "n", "Totally blind", "Sumatra", ""))
    assert measure_and_level("n_female") == ("n", "female")
    assert measure_and_level("Placebo (N=86)")[1] == "placebo"
    assert measure_and_level("Number of patients")[1] == ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Women only, by region", ("only women",)),
        ("counts_excluding_wales.csv", ("not wales",)),
        ("Patients with diabetes by age", ("with diabetes",)),
        ("Counts only", ()),
        ("rounded, without small cells", ()),
        ("Table 1", ()),
    ],
)
def test_restrictions(words: str, expected: tuple):
    assert restrictions(words) == expected


def test_a_large_table_is_read_in_good_time():
    rows = "".join(f"r{row}," + ",".join(str(11 + (row * col) % 89) for col in range(190)) + "\n" for row in range(100))
    started = time.process_time()
    (one,) = tables("region," + ",".join(f"c{col}" for col in range(190)) + "\n" + rows)
    assert len(one.facts) == 19_000
    assert time.process_time() - started < 30
