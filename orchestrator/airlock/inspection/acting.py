"""Looks into a PDF for what would act, or is hidden, when somebody opens it; a process of its own.

``python -m orchestrator.airlock.inspection.acting`` reads the document from standard input and answers with one line of
JSON: the words for what it found, none for a document that only shows itself. It is started without files, network or
other programs, and gives up memory and processor time first. Any failure ends without an answer.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from typing import Any

import pikepdf

__all__ = ["acting", "answer"]

_MEMORY = 1 << 30
_SECONDS = 20
_MOST = 64 << 20
_OBJECTS = 200_000
_ACTIONS = {
    "/JavaScript": "a script",
    "/Launch": "the start of a program",
    "/SubmitForm": "the sending of a form",
    "/ImportData": "the reading of a file",
    "/Rendition": "a film or sound",
    "/GoToE": "a jump into an attached file",
}
"""Actions of a document (ISO 32000-2, 12.6.4) that do more than turn to a page or name an address."""
_TYPES = {"/EmbeddedFile": "an attached file", "/Filespec": "a reference to a file"}
_KEYS = {"/JS": "a script", "/AA": "actions by themselves", "/XFA": "a form that is a program of its own"}


def acting(content: bytes) -> list[str]:
    """Return in words what acts or is hidden in a document, each once; raises what ``pikepdf`` does for a damaged one.

    Every object is looked at, whether a page uses it or not.
    """
    found: set[str] = set()
    with pikepdf.open(io.BytesIO(content)) as document:
        if document.is_encrypted:
            found.add("a restriction of what may be done with it")
        for number, thing in enumerate(document.objects):
            if number > _OBJECTS:
                found.add("more parts than a letter has")
                break
            if isinstance(thing, (pikepdf.Dictionary, pikepdf.Stream)):
                _look(thing, found, 0)
    return sorted(found)


def _look(thing: Any, found: set[str], depth: int) -> None:
    """Look at a dictionary, and at those that are written inside it."""
    found.update(words for key, words in _KEYS.items() if key in thing)
    found.update(words for name, words in _ACTIONS.items() if _is(thing.get("/S"), name))
    found.update(words for name, words in _TYPES.items() if _is(thing.get("/Type"), name))
    if depth > 40:
        found.add("parts within parts without end")
        return
    for key in thing:
        _inside(thing.get(key), found, depth + 1)


def _inside(value: Any, found: set[str], depth: int) -> None:
    if isinstance(value, pikepdf.Object) and value.is_indirect:
        return  # it is among the document's objects, which are all looked at
    if isinstance(value, pikepdf.Dictionary):
        _look(value, found, depth)
    elif isinstance(value, pikepdf.Array) and depth <= 40:
        for each in value:
            _inside(each, found, depth + 1)


def _is(value: Any, name: str) -> bool:
    return isinstance(value, pikepdf.Name) and str(value) == name


def answer(content: bytes) -> list[str]:
    """Return the same of any bytes: what cannot be read to its end holds something as well."""
    try:
        return acting(content)
    except pikepdf.PasswordError:
        return ["a password"]
    except (pikepdf.PdfError, ValueError, RuntimeError, RecursionError):
        return ["a fault that keeps it from being read to the end"]


def main() -> int:
    """Read, look, answer."""
    for what, limit in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    sys.stdout.write(json.dumps(answer(sys.stdin.buffer.read(_MOST))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
