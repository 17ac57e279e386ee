"""Log lines: one JSON object each, with project and event, and nothing of what an exception quotes."""

from __future__ import annotations

import json
import logging
import sys

from orchestrator.core.logs import JsonLines, named


def line(message: str, *, extra: dict[str, str] | None = None, secret: str = "") -> dict[str, object]:
    logger, found = logging.Logger("orchestrator.test"), {}
    trouble = None
    if secret:
        try:
            raise ValueError(secret)
        except ValueError:
            trouble = sys.exc_info()
    record = logger.makeRecord(logger.name, logging.ERROR, __file__, 1, message, (), trouble, extra=extra)
    text = JsonLines().format(record)
    assert "\n" not in text
    found |= json.loads(text)
    return found


def test_a_line_names_project_and_event() -> None:
    told = line("it failed", extra=named("place.failed", "abc"))
    assert (told["project"], told["event"], told["message"], told["level"]) == (
        "abc",
        "place.failed",
        "it failed",
        "error",
    )
    assert "project" not in line("no project", extra=named("round.failed"))


def test_a_line_stays_one_line_whatever_the_message_holds() -> None:
    assert line('a\n{"level": "info"}\x1b[2J')["message"] == 'a\n{"level": "info"}\x1b[2J'


def test_of_an_exception_it_tells_kind_and_place_and_not_what_it_says() -> None:
    told = line("it failed", secret="INSERT INTO person ('Jane Doe')")
    assert "Jane" not in json.dumps(told)
    assert told["exception"]["kind"] == "ValueError"  # type: ignore[index]
    assert "test_logs.py" in told["exception"]["where"][-1]  # type: ignore[index]
