"""What the attack finds across tables, releases and projects, and what it says of them."""

from __future__ import annotations

import pytest

from orchestrator.airlock.ledger.numbers import Numbers
from orchestrator.airlock.model import Severity
from tests.airlock.ledger.outsider import NUMBERS, found, known, released, tables

BEFORE = "region,F,M,All\nnorth,30,30,60\nsouth,25,40,65\nAll,55,70,125\n"
AFTER = "region,F,M,All\nnorth,30,31,61\nsouth,25,40,65\nAll,55,71,126\n"


def only(answers):
    assert len(answers) == 1, answers
    return answers[0]


def test_one_person_more_is_that_persons_row():
    finding = only(found(tables(AFTER, "after.csv"), released(tables(BEFORE, "before.csv"), release="r1")))
    assert (finding.rule, finding.severity) == ("LEDGER_DIFFERENCE", Severity.BLOCK)
    assert "region “north”, sex “male” by 1" in finding.message
    assert "an earlier release of this project (r1, “before.csv”)" in finding.message
    assert finding.releases == ("r1",)


def test_the_same_table_again_is_nothing_new():
    assert found(tables(AFTER), released(tables(AFTER))) == []


def test_changes_both_ways_are_asked_about():
    corrected = BEFORE.replace("north,30,30,60", "north,31,30,61").replace("south,25,40,65", "south,23,40,63")
    finding = only(found(tables(corrected.replace("All,55,70,125", "All,54,70,124")), released(tables(BEFORE))))
    assert finding.severity is Severity.FLAG


def test_two_totals_that_differ_by_one_person():
    finding = only(
        found(tables("region,n\nN,33\nS,65\nTotal,98\n", "a.csv") + tables("sex,n\nF,47\nM,50\nAll,97\n", "b.csv"))
    )
    assert (finding.rule, finding.low, finding.high) == ("LEDGER_DIFFERENCE", 1, 1)
    assert "“b.csv” of this request" in finding.message


def test_different_people_are_not_compared():
    assert (
        found(tables(BEFORE), released(tables("region,F,M,All\nnorth,300,44,344\nsouth,90,12,102\nAll,390,56,446\n")))
        == []
    )
    assert (
        found(tables("region,n\nnorth,33\nsouth,65\n"), released(tables("region,deaths\nnorth,31\nsouth,64\n"))) == []
    )


def test_newer_data_are_asked_about_and_not_joined():
    earlier = released(tables(BEFORE), versions=frozenset({"v1"}))
    finding = only(found(tables(AFTER), earlier, versions=frozenset({"v2"})))
    assert finding.severity is Severity.FLAG
    assert "different versions" in finding.message


def test_a_restricted_population_within_another_gives_the_rest():
    answers = found(
        tables("region,n\nnorth,33\nsouth,65\n", "all.csv") + tables("region,n\nnorth,30\nsouth,40\n", "women_only.csv")
    )
    finding = only(answers)
    assert (finding.rule, finding.severity, finding.low) == ("LEDGER_CELL_PINNED", Severity.BLOCK, 3)
    assert "everybody but “only women”" in finding.message


def test_age_bands_that_are_cut_differently_give_the_piece_between():
    ours = tables("age,n\n18-39,100\n40-64,200\n65+,50\n")
    theirs = tables("age band,n\n18-29,60\n30-40,44\n41-64,196\n65+,50\n")
    assert {(each.low, each.high) for each in found(ours, released(theirs), rule="LEDGER_CELL_PINNED")} == {(4, 4)}


def test_a_combination_that_a_long_table_leaves_out_is_computed():
    text = "region,sex,n\nnorth,F,30\nnorth,M,40\nnorth,Total,70\nsouth,F,50\nsouth,Total,53\nTotal,Total,123\n"
    finding = only(found(tables(text)))
    assert (finding.rule, finding.low) == ("LEDGER_CELL_PINNED", 3)
    assert "published nowhere" in finding.message


def test_another_projects_words_are_never_told():
    secret = "postcode district,F,M,All\nXQ7,30,,\nsouth,25,40,65\nwest,11,12,23\nAll,66,55,121\n"
    earlier = released(tables(secret, "secret_cohort.csv"), project="theirs", release="r9", recalled=True)
    answers = found(
        tables("sex,n\nF,66\nM,55\nTotal,121\n", "mine.csv") + tables("district,n\nXQ7,33\n", "d.csv"), earlier
    )
    for each in answers:
        words = (each.message + each.where + repr(each.labels)).casefold()
        assert "secret" not in words
        assert "west" not in words
        assert "south" not in words


def test_a_recalled_release_of_another_project_still_counts():
    masked = "region,F,M,All\nnorth,30,,30\nsouth,25,40,65\neast,20,21,41\nAll,75,61,136\n"
    earlier = released(tables(masked, "secret.csv"), project="theirs", release="r9", recalled=True)
    finding = only(found(tables("region,n\nnorth,33\nsouth,65\neast,41\n", "mine.csv"), earlier))
    assert (finding.rule, finding.severity, finding.low) == ("LEDGER_CELL_PINNED", Severity.BLOCK, 3)
    assert "an earlier release of another project on the same dataset (r9, recalled since)" in finding.message
    assert "region “north”" in finding.message
    assert "secret" not in finding.message
    assert finding.file == "mine.csv"


def test_what_was_known_before_is_a_note():
    earlier = released(tables("region,n\nnorth,4\nsouth,65\neast,41\nTotal,110\n"))
    finding = only(found(tables("region,n\nnorth,*\nsouth,65\neast,41\nTotal,110\n"), earlier))
    assert finding.severity is Severity.NOTE
    assert "known outside already" in finding.message


def test_a_safe_masked_table_gives_no_finding():
    safe = "region,F,M,All\nnorth,*,*,60\nsouth,*,*,65\nAll,55,70,125\n"
    assert found(tables(safe)) == []


@pytest.mark.parametrize(
    ("total", "rules"),
    [(17, ["LEDGER_CELL_NARROWED"] * 2), (11, []), (18, ["LEDGER_CELL_PINNED"] * 2)],
)
def test_narrowed_is_half_of_what_the_mask_leaves(total: int, rules: list[str]):
    text = f"region,n\nnorth,<10\nsouth,<10\neast,50\nTotal,{50 + total}\n"
    assert [each.rule for each in found(tables(text))] == rules


def test_masked_zeros_are_told_where_zeros_are_disclosive():
    text = "region,F,M,All\nnorth,*,40,40\nsouth,20,*,30\nAll,20,50,70\n"
    strict, lenient = Numbers(zeros_disclosive=True), Numbers(zeros_disclosive=False)
    assert {(each.low, each.high) for each in found(tables(text, numbers=strict), numbers=strict)} == {(0, 0), (10, 10)}
    assert {(each.low, each.high) for each in found(tables(text, numbers=lenient), numbers=lenient)} == {(10, 10)}


def test_overlapping_groups_are_not_added_up():
    text = "illness,F,M,All\nasthma,30,*,33\ncopd,40,41,81\nany pain,50,60,110\nEverybody,60,70,130\n"
    assert [(each.low, each.high) for each in found(tables(text))] == [(3, 3)]  # from its own row alone


def test_groups_that_leave_people_out_prove_nothing():
    text = "illness,n\nasthma,40\ncopd,*\nTotal,100\n"
    assert known(tables(text))["table.csv", frozenset({"copd"})].after == (60, 60)
    partial = tables("illness,F,M\nasthma,40,20\ncopd,*,30\nTotal,100,90\n")
    assert known(partial)["table.csv", frozenset({"copd", "female"})].after == (0, 60)


def test_tables_that_contradict_each_other_together_are_named():
    rows = tables("region,n\nnorth,*\nsouth,60\nTotal,100\n", "a.csv")
    columns = tables("region,sex,n\nnorth,F,10\nnorth,M,*\nsouth,F,30\nsouth,M,40\n", "b.csv")
    answers = found(rows + columns, rule="LEDGER_INCOMPLETE")
    assert any("contradict" in each.message for each in answers)


def test_a_question_without_time_is_named_and_not_silent():
    text = "region,F,M,All\nnorth,*,*,60\nsouth,*,*,65\nAll,55,70,125\n"
    hurried = Numbers(seconds=0.0)
    finding = only(found(tables(text), numbers=hurried))
    assert (finding.rule, finding.severity) == ("LEDGER_INCOMPLETE", Severity.FLAG)
    assert "region “north”" in finding.message


def test_a_table_that_is_not_remembered_is_named():
    long = "group,n\n" + "".join(f"g{at},{at + 10}\n" for at in range(20_001))
    assert [each.rule for each in found(tables(long))] == ["LEDGER_INCOMPLETE"]


def test_many_findings_are_counted_beyond_a_page():
    rows = "".join(f"r{at},30,*,{30 + 1 + at % 8}\n" for at in range(80))
    answers = found(tables("region,F,M,All\n" + rows))
    assert sum(each.low is not None for each in answers) == 50
    assert "30 more findings" in answers[-1].message


def test_nothing_to_attack():
    assert found([]) == []
    assert found([], released(tables(BEFORE))) == []
    assert found(tables("region,n\nnorth,33\n")) == []


def test_the_view_says_before_and_after():
    masked = tables("region,n\nnorth,*\nsouth,*\neast,41\nTotal,110\n", "masked.csv")
    earlier = released(tables("region,n\nnorth,30\nsouth,39\neast,41\nTotal,110\n"), release="r3")
    each = known(masked, earlier)["masked.csv", frozenset({"north"})]
    assert (each.before, each.after, each.sources) == ((30, 30), (30, 30), ("r3",))
    alone = known(masked)["masked.csv", frozenset({"north"})]
    assert (alone.before, alone.after, alone.computed) == ((0, None), (0, 69), True)


def test_sentences_are_whole():
    for each in found(tables(AFTER), released(tables(BEFORE))) + found(
        tables("r,n\na,*\nb,50\nTotal,53\n"), numbers=NUMBERS
    ):
        assert each.message.endswith(".")
        assert each.guidance
        assert each.finding().rule == each.rule
