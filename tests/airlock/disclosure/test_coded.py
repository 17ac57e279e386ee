"""Words that nobody can read: lists of hashes, rows in base64, blanks that carry something."""

from __future__ import annotations

import base64
import hashlib
import time

import pytest

from orchestrator.airlock.checks import encoding
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.reading.specimen import Specimen
from tests.airlock.world import PACK

RULES = load_pack(PACK)
HASHES = [hashlib.sha256(str(each).encode()).hexdigest() for each in range(40)]


def found(content: str) -> set[str]:
    return {each.rule for each in encoding.check(Specimen.of(content.encode(), "x.txt"), RULES)}


@pytest.mark.parametrize(
    "words",
    [
        [each[:16] for each in HASHES],
        HASHES,
        [base64.b64encode(f"{each}|F|E11|{each * 37}|128|ab".encode()).decode() for each in range(40)],
    ],
    ids=["short hashes", "hashes", "base64"],
)
def test_lists_of_coded_words_are_asked_about(words):
    assert "ENCODED_DATA" in found("\n".join(words) + "\n")
    assert "ENCODED_DATA" in found("group,token,n\n" + "".join(f"a,{word},50\n" for word in words))
    assert "ENCODED_DATA" not in found("Made by version " + words[0] + "\n")


def test_blanks_at_line_ends_are_asked_about():
    assert "HIDDEN_CHARACTERS" in found("A fine result. \t \t\t  \t \t\n" * 5)
    assert "HIDDEN_CHARACTERS" not in found("A fine result.          \n" * 5)


@pytest.mark.parametrize("piece", ["0", "a", "aA", " \t", " ", "a1+", "1" * 11 + "g"])
def test_time_grows_with_the_text(piece):
    begun = time.process_time()
    found((piece * 200_000)[:200_000] + "x")
    assert time.process_time() - begun < 5
