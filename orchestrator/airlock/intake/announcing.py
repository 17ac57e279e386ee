"""What a workspace says it will send: names and words, checked before any byte is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.airlock.model import FileRole
from orchestrator.airlock.packs import Limits
from orchestrator.core.errors import Invalid
from orchestrator.core.ids import check_id

from .names import check_different, check_name, check_words

__all__ = ["Announced", "announced"]

_KEYS = frozenset({"protocol", "action", "title", "files", "replaces", "revises", "drop", "program"})


@dataclass(frozen=True, kw_only=True)
class Announced:
    """Names and words of what will be sent. ``files`` are pairs of name and context, in the order of their bytes.

    ``revises`` names a returned or blocked submission whose next round this is; ``drop`` lists files of it that shall
    not be part any more. ``whole`` says that the files sent are all of it: what is not sent is dropped. ``program``
    names the file that makes the others when it is run again.
    """

    title: str
    files: tuple[tuple[str, str], ...]
    supporting: frozenset[str] = frozenset()
    revises: str | None = None
    drop: tuple[str, ...] = ()
    whole: bool = False
    program: str | None = None


def announced(header: Any, limits: Limits) -> Announced:
    """Read a header from a workspace; raise ``Invalid`` with a sentence for whatever is wrong with it."""
    if not isinstance(header, dict) or set(header) - _KEYS:
        raise Invalid("The header must name title and files; use the tre-airlock of this workspace.", field="header")
    revises, whole = _revises(header)
    title, files = header.get("title"), header.get("files")
    if not isinstance(title, str) and not (title is None and revises is not None):
        raise Invalid("The title must be text.", field="title")
    drop = _dropped(header.get("drop", []), limits, revises=revises)
    least = 0 if drop else 1
    if not isinstance(files, list) or not least <= len(files) <= limits.files:
        raise Invalid(f"Submit 1 to {limits.files} files at a time.", field="files")
    named, supporting = _files(files, limits)
    check_different([name for name, _ in named])
    if set(drop) & {name for name, _ in named}:
        raise Invalid("A file cannot be sent and dropped at once.", field="drop")
    if revises is None and len(supporting) == len(named):
        raise Invalid("At least one file has to be an output; nothing would be left to release.", field="files")
    words = "" if title is None else check_words(title, characters=limits.title_characters, field="title")
    program = header.get("program")
    if program is not None and not isinstance(program, str):
        raise Invalid("The program must be given by its file's name.", field="program")
    return Announced(
        title=words,
        files=tuple(named),
        supporting=frozenset(supporting),
        revises=revises,
        drop=drop,
        whole=whole,
        program=program,
    )


def _revises(header: dict[str, Any]) -> tuple[str | None, bool]:
    """Return which submission this is a round of, and whether what is sent is all of it (``replaces``)."""
    replaces, revises = header.get("replaces"), header.get("revises")
    if replaces is not None and revises is not None:
        raise Invalid("Say either what this replaces or what it revises.", field="revises")
    field = "revises" if replaces is None else "replaces"
    named = revises if replaces is None else replaces
    if named is None:
        return None, False
    if not isinstance(named, str):
        raise Invalid(f"The submission that this {field} must be given by its identifier.", field=field)
    return check_id(named, field=field), replaces is not None


def _dropped(names: Any, limits: Limits, *, revises: str | None) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(names) > limits.files:
        raise Invalid("The files to drop must be a list of names.", field="drop")
    if names and revises is None:
        raise Invalid("Only files of a submission that is revised can be dropped.", field="drop")
    return tuple(check_name(name, characters=limits.name_characters) for name in names)


def _files(files: list[Any], limits: Limits) -> tuple[list[tuple[str, str]], set[str]]:
    named: list[tuple[str, str]] = []
    supporting: set[str] = set()
    for file in files:
        if (
            not isinstance(file, dict)
            or not isinstance(file.get("name"), str)
            or not isinstance(file.get("context"), str)
        ):
            raise Invalid("Every file needs a name and a context, both text.", field="files")
        role = file.get("role", FileRole.OUTPUT.value)
        if role not in list(FileRole):
            raise Invalid("A file’s role is output or supporting.", field="files")
        name = check_name(file["name"], characters=limits.name_characters)
        named.append((name, check_words(file["context"], characters=limits.context_characters, field="context")))
        if role == FileRole.SUPPORTING.value:
            supporting.add(name)
    return named, supporting
