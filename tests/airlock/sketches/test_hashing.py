"""Hashes are SipHash-2-4, and what differs hashes differently."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.airlock.sketches.hashing import DATE, NUMBER, Hasher, siphash


def test_the_published_vector() -> None:
    """Appendix A of the paper: key 00…0f, message 00…0e."""
    message = bytes(range(15)) + b"\0"
    words = [np.frombuffer(message[place : place + 8], "<u8").copy() for place in (0, 8)]
    key = (int.from_bytes(bytes(range(8)), "little"), int.from_bytes(bytes(range(8, 16)), "little"))
    assert int(siphash(words, 15, key)[0]) == 0xA129CA6149BE45E5


def test_kinds_and_keys_are_never_mixed_up() -> None:
    one, other = Hasher(b"a" * 32), Hasher(b"b" * 32)
    values = np.array([0.0, 1.0, 12.5])
    seen = [
        one.numbers(values, NUMBER),
        one.numbers(values, DATE),
        other.numbers(values),
        one.strings(["0", "1", "12.5"]),
    ]
    assert len(np.unique(np.concatenate(seen))) == 12
    assert one.numbers(np.array([-0.0]))[0] == one.numbers(np.array([0.0]))[0]


@given(st.lists(st.text(max_size=40), max_size=30))
def test_a_text_hashes_alike_wherever_it_stands(texts: list[str]) -> None:
    hasher = Hasher(b"k" * 32)
    together = hasher.strings(texts)
    assert [int(value) for value in together] == [int(hasher.strings([text])[0]) for text in texts]
    assert len(set(map(int, together))) == len({text.encode("utf-8", "replace") for text in texts})


def test_long_texts_that_begin_alike_and_are_as_long_are_one() -> None:
    hasher = Hasher(b"k" * 32)
    same, longer = hasher.strings(["x" * 300, "x" * 299 + "y"]), hasher.strings(["x" * 301])
    assert same[0] == same[1]
    assert longer[0] != same[0]
