"""Names that people take for one another come to one skeleton; names that they tell apart do not."""

from __future__ import annotations

import pytest

from orchestrator.core.lookalike import mixed_word, skeleton

_NAMED = {
    "capitals": "SOUTH HUB",
    "signs and spaces": " South\u00a0–  Hub. ",
    "an acute accent": "Sóuth Hub",
    "Cyrillic": "Ѕоuth Huь",
    "Greek": "Sοuth Ηub",
    "Armenian": "Տoսth Hub",
    "wide letters": "ＳＯＵＴＨ ＨＵＢ",
    "letters of mathematics": "𝐒𝗈𝘶𝙩𝚑 Hub",
    "a nought": "S0uth Hub",
    "a filler": "South\u3164 Hub",
    "a mark of direction": "South\u200f Hub",
    "a selector of forms": "South\ufe0f Hub",
}


@pytest.mark.parametrize("name", _NAMED, ids=str)
def test_a_name_that_looks_the_same_is_the_same(name: str) -> None:
    assert skeleton(_NAMED[name]) == skeleton("South Hub")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hub l", "Hub I"),
        ("Hub 1", "Hub l"),
        ("Corner", "Comer"),
        ("СЕТ", "CET"),
        ("Straße", "STRASSE"),
        ("The North Hub", "North Hub"),
        ("North-Hub, the", "NORTH HUB"),
        ("Тhе Hub", "Hub"),
    ],
)
def test_pairs_that_look_the_same(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("South Hub", "North Hub"),
        ("Hub 1", "Hub 2"),
        ("Юг", "Север"),
        ("北", "南"),
        ("Hub A", "Hub B"),
        ("Theatre", "atre"),
        ("The", ""),
    ],
)
def test_names_that_people_tell_apart_stay_apart(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


@pytest.mark.parametrize("nothing", ["", " – ", "\u3164", "\u200b\u2800", "…"])
def test_a_name_in_which_nothing_is_seen_has_none(nothing: str) -> None:
    assert skeleton(nothing) == ""


def test_a_word_of_two_alphabets_is_named_and_usual_names_are_not() -> None:
    assert mixed_word("Hub Ѕоuth") == "Ѕоuth"
    for usual in ("South Hub", "Hub Юг", "Ｗales", "東京ハブ", "Málaga", "Hub 2", "β-Hub", "Ελλάδα"):
        assert mixed_word(usual) == ""
