"""Tables that pandas writes of real people: Rossi’s 432 released prisoners and the 137 of the lung cancer trial."""

from __future__ import annotations

import itertools

import pandas
import pytest
from lifelines.datasets import load_lung, load_rossi

from orchestrator.airlock.ledger.numbers import Numbers
from tests.airlock.ledger.outsider import found, known, tables


def rossi() -> pandas.DataFrame:
    people = load_rossi()
    people["age group"] = pandas.cut(people["age"], [16, 20, 25, 30, 44]).astype(str)
    people["convictions"] = people["prio"].clip(upper=6).map(lambda n: "6 or more" if n == 6 else str(n))
    people["work"] = people["wexp"].map({0: "none", 1: "some"})
    return people


def masked(table: pandas.DataFrame, below: int = 10) -> str:
    """Mask small counts in the body, and leave the totals."""
    text = table.astype(object)
    return text.where(~((table > 0) & (table < below)), "*").to_csv()


@pytest.mark.parametrize("pair", list(itertools.permutations(["age group", "convictions", "work"], 2)))
def test_primary_suppression_of_a_crosstab_never_hides_the_truth(pair: tuple[str, str]):
    people = rossi()
    truth = pandas.crosstab(people[pair[0]], people[pair[1]], margins=True)
    new = tables(masked(truth), "crosstab.csv")

    answers = known(new)
    assert len(answers) == int(((truth > 0) & (truth < 10)).to_numpy().sum())
    for cell, each in answers.items():
        low, high = each.after
        rows = [row for row in truth.index if str(row).casefold() in cell[1]] or ["All"]
        columns = [column for column in truth.columns if str(column).casefold() in cell[1]] or ["All"]
        count = int(truth.loc[rows[0], columns[0]])
        assert low <= count
        assert high is None or count <= high


def test_a_crosstab_and_one_without_one_person_are_told_apart():
    people = rossi()
    whole = pandas.crosstab(people["age group"], people["work"], margins=True)
    without = pandas.crosstab(people["age group"][1:], people["work"][1:], margins=True)
    (finding,) = found(tables(whole.to_csv(), "whole.csv") + tables(without.to_csv(), "without.csv"))
    person = people.iloc[0]
    assert finding.rule == "LEDGER_DIFFERENCE"
    assert f"age “{person['age group'].casefold()}”" in finding.message
    assert person["work"] in finding.message
    assert (finding.low, finding.high) == (1, 1)


def test_one_masked_cell_a_line_is_given_back_by_its_totals():
    people = load_lung()
    people["status of health"] = people["ph.ecog"].map({0: "well", 1: "ill", 2: "in bed", 3: "in bed more"})
    truth = pandas.crosstab(people["status of health"], people["sex"].map({1: "male", 2: "female"}), margins=True)
    answers = found(tables(masked(truth)), numbers=Numbers())
    small = {int(each) for each in truth.to_numpy().ravel() if 0 < each < 10}
    assert {each.low for each in answers if each.rule == "LEDGER_CELL_PINNED"} <= small
    assert answers


def test_tables_of_means_say_nothing_of_counts():
    people = rossi()
    text = people.groupby("age group")["prio"].agg(["mean", "std"]).round(2).to_csv()
    assert tables(text) == []
    described = people[["age", "prio"]].describe().round(2).to_csv()
    assert all(len(each.facts) <= 2 for each in tables(described))


def test_groupby_sizes_and_a_crosstab_of_the_same_people_agree():
    people = rossi()
    long = people.groupby(["age group", "work"]).size().reset_index(name="n").to_csv(index=False)
    wide = pandas.crosstab(people["age group"], people["work"], margins=True).to_csv()
    assert found(tables(long, "long.csv") + tables(wide, "wide.csv"), rule="LEDGER_DIFFERENCE") == []
    assert found(tables(long, "long.csv") + tables(wide, "wide.csv"), rule="LEDGER_INCOMPLETE") == []
