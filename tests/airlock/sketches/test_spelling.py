"""Rows that stand in words: sentences, ``key=value`` lines, statements, lists one value a line, cells and headings."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from orchestrator.airlock.inspection import engine
from orchestrator.airlock.model import Finding
from orchestrator.airlock.packs import load_pack
from orchestrator.airlock.reading.specimen import Specimen
from orchestrator.airlock.sketches.comparing import compare
from orchestrator.airlock.sketches.sketch import Sketch
from orchestrator.airlock.sketches.spelling import spelled_out

from .tables import KEY, people, rules, sketch_of

PACK = load_pack(Path(__file__).parents[3] / "policies" / "airlock" / "sdap.yaml")
_COLUMNS = ["age", "sbp", "bmi", "hba1c", "cost"]


@pytest.fixture(scope="module")
def stays() -> tuple[Sketch, pd.DataFrame]:
    frame = people(5_000)
    return sketch_of({"stays.csv": frame}), frame


def _lines(pattern: str) -> Callable[[pd.DataFrame], str]:
    return lambda frame: "\n".join(pattern.format(**row) for row in frame.to_dict("records")) + "\n"


def _in_one_list(frame: pd.DataFrame) -> str:
    return json.dumps({"coef": [value for row in frame[_COLUMNS].to_numpy() for value in row]})


def _in_headings(frame: pd.DataFrame) -> str:
    names = [f"v_{row['age']}_{row['sbp']}_{row['bmi']}_{row['hba1c']}" for row in frame[:60].to_dict("records")]
    return ",".join(names) + "\n" + ",".join(["100"] * len(names)) + "\n"


def _found(sketch: Sketch, written: str) -> list[Finding]:
    file = Specimen.of(written.encode(), "result.txt")
    return compare(spelled_out(file.tables, file.texts), (), sketch, key=KEY)


@pytest.mark.parametrize(
    "write",
    [
        _lines("A patient aged {age} had a pressure of {sbp}, a BMI of {bmi} and costs of {cost}."),
        _lines("age={age} sbp={sbp} bmi={bmi} cost={cost}"),
        _lines("INSERT INTO t VALUES ({age}, '{sex}', {sbp}, {bmi}, {cost});"),
        _lines("{age} & {sbp} & {bmi} & {hba1c} \\\\"),
        _lines("# {age} {sbp} {bmi} {hba1c}"),
        _lines("- age: {age}\n  sbp: {sbp}\n  bmi: {bmi}\n  cost: {cost}"),
        _lines("{age}\n{sex}\n{sbp}\n{bmi}\n{hba1c}\n"),
        _lines("{age}\n{sbp}\n{bmi}\n{hba1c}"),
        _in_one_list,
        _in_headings,
    ],
    ids=["sentences", "keys", "sql", "tex", "comments", "yaml", "blocks", "one a line", "list", "headings"],
)
def test_rows_are_found_however_they_are_spelt(
    stays: tuple[Sketch, pd.DataFrame], write: Callable[[pd.DataFrame], str]
) -> None:
    sketch, frame = stays
    assert rules(_found(sketch, write(frame.sample(200, random_state=2)))).get("ROW_OVERLAP") == "block"
    assert "ROW_OVERLAP" not in rules(_found(sketch, write(people(200, seed=7))))


def test_a_long_text_is_read_in_time_that_grows_with_it() -> None:
    text = "".join(f"line {number}: value {number % 97}, {number % 13}.5\n" for number in range(100_000))
    begun = time.process_time()
    file = Specimen.of(text.encode(), "log.txt")
    assert spelled_out(file.tables, file.texts)
    assert time.process_time() - begun < 20


def test_lines_beyond_those_that_are_read_so_are_not_passed_over_in_silence(stays, monkeypatch):
    monkeypatch.setattr("orchestrator.airlock.sketches.spelling.LINES", 50)
    opened = engine.Opened(dataset="stays", sketch=stays[0], key=KEY)
    long, short = (Specimen.of(b"some words here\n" * count, "log.txt") for count in (60, 40))
    assert "INSPECTION_INCOMPLETE" in {each.rule for each in engine.inspect_file(long, PACK, [opened]).findings}
    assert "INSPECTION_INCOMPLETE" not in {each.rule for each in engine.inspect_file(short, PACK, [opened]).findings}
