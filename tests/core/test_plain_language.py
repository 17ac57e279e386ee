"""Lay summaries are measured the same everywhere; small counts of people do not stand in public texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.errors import Invalid
from orchestrator.core.plain_language import MOST_WORDS, check_lay_summary, read_lay_summary
from orchestrator.core.small_counts import protected, small_counts

EASY = "We want to know who gets better. We look at old notes. We count how many people live well after an operation."
HARD = (
    "Utilising longitudinally harmonised electronic healthcare administrative repositories, investigators "
    "retrospectively characterise multimorbidity trajectories, "
    "pharmacoepidemiological heterogeneity and socioeconomic determinants of "
    "cardiometabolic outcomes notwithstanding unobserved confounding."
)


def test_the_published_formula_is_followed() -> None:
    measured = read_lay_summary("The cat sat. The dog ran off.")
    assert (measured.words, measured.sentences, measured.longest_sentence) == (7, 2, 4)
    assert measured.grade == round(max(4.71 * 21 / 7 + 0.5 * 7 / 2 - 21.43, 0), 1)
    longer = read_lay_summary("International collaboration improves treatment.")
    assert longer.grade == round(4.71 * 43 / 4 + 0.5 * 4 / 1 - 21.43, 1)


def test_easy_texts_get_no_advice_and_hard_ones_say_what_to_do() -> None:
    assert read_lay_summary(EASY).advice == ()
    hard = read_lay_summary(HARD)
    assert hard.grade > read_lay_summary(EASY).grade + 10
    assert any("shorter words" in sentence for sentence in hard.advice)
    long = read_lay_summary(" ".join(["word"] * 40) + ".")
    assert any("40 words" in sentence for sentence in long.advice)


def test_an_abbreviation_ends_no_sentence() -> None:
    assert read_lay_summary("We use notes, e.g. letters from Dr. Jones, to learn.").sentences == 1


def test_three_hundred_words_are_taken_and_one_more_is_refused_with_what_to_do() -> None:
    assert check_lay_summary("word " * MOST_WORDS).words == MOST_WORDS
    with pytest.raises(Invalid, match=r"301 words.*Shorten it by 1") as refused:
        check_lay_summary("word " * (MOST_WORDS + 1), field="summary")
    assert refused.value.field == "summary"


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    measured = read_lay_summary(text)
    assert measured.grade >= 0
    assert measured.longest_sentence <= measured.words
    assert measured == read_lay_summary(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We saw 4 patients die.", ("4 patients",)),
        ("Only three children had it; 12 did not.", ("three children",)),
        ("2 very old women (n = 3)", ("2 very old women", "n = 3")),
        ("7 cases in 2020", ("7 cases",)),
        ("1 in 10 people has type 2 diabetes; phase 3 participants; people aged 5; covid 19 patients", ()),
        ("3,004 patients, 5.2 people per bed, 120 cases, 10 people", ()),
        ("from 2015 to 2020 in 3 hospitals", ()),
        ("N=12000", ()),
        ("two million people, 5 million patients, three hundred women, 3 thousand cases, two dozen men", ()),
        ("3 000 people, 12 004 patients, one thousand two hundred people, one hundred and five patients", ()),
        ("in 2020 5 patients, 0 deaths and ７ cases", ("5 patients", "0 deaths", "７ cases")),
    ],
)
def test_small_counts_of_people_are_found_and_nothing_else(text: str, found: tuple[str, ...]) -> None:
    assert small_counts(text, minimum=10) == found


def test_a_small_count_is_written_as_fewer_than() -> None:
    assert protected("We saw 4 patients (n=4) of 400 people.", minimum=10) == (
        "We saw fewer than 10 patients (n < 10) of 400 people."
    )


@given(
    st.integers(0, 9),
    st.sampled_from(["patients", "women", "new cases", "people"]),
    st.text(st.characters(categories=("Ll", "Zs")), max_size=30),
)
def test_nothing_small_is_left_and_protecting_twice_changes_nothing(count: int, noun: str, around: str) -> None:
    text = f"{around}. {count} {noun}. {around}"
    once = protected(text, minimum=10)
    assert small_counts(once, minimum=10) == ()
    assert protected(once, minimum=10) == once
