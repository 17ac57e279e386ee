"""The held-back part is what was frozen: nobody has tuned it to a detector, nor a detector to it by changing it."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.airlock.corpus.held_back.freezing import FROZEN, MANIFEST, freeze, libraries, manifest, sources_sha256
from tests.airlock.corpus.held_back.tables import synthea_here


@pytest.fixture
def frozen():
    return dict(line.split() for line in FROZEN.read_text().splitlines())


def test_the_generator_is_the_frozen_one(frozen):
    assert sources_sha256() == frozen["sources"]


def test_the_manifest_is_the_frozen_one(frozen):
    assert hashlib.sha256(MANIFEST.read_bytes()).hexdigest() == frozen["manifest"]


def test_it_is_large_and_mixed_enough():
    cases = json.loads(MANIFEST.read_text())
    clean = [case for case in cases if not case["expected"]]
    assert len(cases) >= 150
    assert len(clean) >= 0.4 * len(cases)
    assert len({case["name"] for case in cases}) == len(cases)


def test_it_cannot_be_frozen_again():
    with pytest.raises(FileExistsError):
        freeze()


def test_the_generator_still_makes_the_same_bytes(frozen):
    """With the libraries of that day byte for byte; with others the same cases with the same labels."""
    then, now = json.loads(MANIFEST.read_text()), manifest()
    if not synthea_here():
        then = [case for case in then if case["source"] != "synthea"]
    if {name: frozen[name] for name in libraries()} != libraries():
        then, now = ([case | {"files": None, "released": None} for case in part] for part in (then, now))
    assert now == then
