"""Characters that nobody sees are found, and what people type is not."""

from __future__ import annotations

import pytest

from orchestrator.core.small_counts import small_counts
from orchestrator.core.unseen import unseen


@pytest.mark.parametrize("letter", ["\u200b", "\u202e", "\u2066", "\u00ad", "\ufeff", "\u2028", "\x00", "\x85"])
def test_what_hides_in_a_text_is_found(letter: str) -> None:
    assert unseen(f"It helped 4{letter} patients.") == f"U+{ord(letter):04X}"


@pytest.mark.parametrize(
    "text", ["", "Line\r\none\ttwo", "5\u00a0000 Wohngeb\u00e4ude \u2013 \u201c\u03b2\u201d \U0001f9ec", "\u6f22\u5b57"]
)
def test_what_people_type_is_not(text: str) -> None:
    assert unseen(text) == ""


def test_a_count_cannot_hide_behind_one() -> None:
    hidden = "It helped 4\u200b patients."
    assert small_counts(hidden, minimum=10) == ()
    assert unseen(hidden)
