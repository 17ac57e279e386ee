"""Names and words from a workspace are data."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.airlock.intake.names import check_different, check_name, check_words, collision_key
from orchestrator.core.errors import Invalid

GOOD = ["table.csv", "Tabelle 1.csv", "naïve_Ägypten.png", "結果.csv", "a", "results (final).tsv", "x" * 120]
BAD = [
    "", ".", "..", ".hidden", "-rf", "~root", "a/b", "a\\b", "../x", "/etc/passwd", "a:b", "a\x00b", "a\nb", "a\x1bb",
    "a\u202etxt.exe", "a\u200bb", "a\ufeffb", "a\uff0fb", "\uff0e\uff0e", "aux", "COM1.csv",
    "nul.tar.gz", "trail.", "trail ", " lead", "n" * 121, "é" * 121, "a\u0301", "\ud800", "\ue000", "a\u2028b",
    "a\u00a0b", "a|b",
]  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_an_ordinary_name_is_kept(name):
    assert check_name(name, characters=120) == name


@pytest.mark.parametrize("name", BAD)
def test_a_tricky_name_is_refused_in_a_printable_sentence(name):
    with pytest.raises(Invalid) as refused:
        check_name(name, characters=120)
    assert refused.value.message.isprintable()
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize(
    ("one", "two"), [("A.csv", "a.csv"), ("ﬁle.csv", "file.csv"), ("Straße", "STRASSE"), ("x", "x")]
)
def test_two_names_for_one_file_are_refused(one, two):
    with pytest.raises(Invalid):
        check_different([one, "other.csv", two])
    check_different([one, "other.csv"])


@given(st.text(max_size=150))
def test_whatever_passes_is_one_harmless_path_segment(name):
    try:
        check_name(name, characters=120)
    except Invalid:
        return
    assert name == unicodedata.normalize("NFC", name)
    assert name.isprintable()
    assert not set("/\\:\0") & set(unicodedata.normalize("NFKC", name))
    assert name not in {".", ".."}
    assert name[0] not in ".-"


@given(st.text(max_size=40), st.text(max_size=40))
def test_names_that_fold_together_always_collide(one, two):
    if one.casefold() == two.casefold():
        assert collision_key(one) == collision_key(two)


@given(st.text(max_size=60))
def test_words_are_kept_clean_or_refused(text):
    try:
        words = check_words(text, characters=50, field="title")
    except Invalid:
        return
    assert 1 <= len(words) <= 50
    assert "\x1b" not in words
    assert "\u202e" not in words
