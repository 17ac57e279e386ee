"""Questions out of files: our own shape, and the question bank of the national gateway (sections of nested questions).

Nothing is dropped silently: what has no place of its own here is named in the findings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.core.errors import Invalid

from .gateway_register import mapping
from .model import AskedWhen, Kind, Option, Question, Section
from .rules import check_bank, check_question

__all__ = ["ImportedBank", "read_bank"]

_COMPONENTS = {
    "TextField": Kind.LINE,
    "TextArea": Kind.TEXT,
    "RadioGroup": Kind.CHOICE,
    "CheckboxGroup": Kind.CHOICES,
    "DatePicker": Kind.DAY,
    "FileUploadMultiple": Kind.TEXT,
    "textInput": Kind.LINE,
    "textareaInput": Kind.TEXT,
    "radioOptionsInput": Kind.CHOICE,
    "checkboxOptionsInput": Kind.CHOICES,
    "doubleDropdownCustom": Kind.CHOICES,
    "datePickerCustom": Kind.DAY,
}
_FIELDS = frozenset(Question.__dataclass_fields__)
_SECTIONS = {
    "safe people": Section.PEOPLE,
    "safe project": Section.PROJECT,
    "safe data": Section.DATA,
    "safe settings": Section.SETTINGS,
    "safe outputs": Section.OUTPUTS,
}
_REPEATED = {"other individuals": "person"}
"""Groups that the gateway repeats for each person without saying so in the bank; the rest is told by a button."""
_DEEPEST = 12
_MOST = 5000


@dataclass(kw_only=True)
class ImportedBank:
    """What a file held: questions in its order, and a sentence for each thing taken otherwise than it stood."""

    questions: tuple[Question, ...] = ()
    findings: list[str] = field(default_factory=list)


def read_bank(content: object) -> ImportedBank:
    """Read either shape; raise ``Invalid`` where something cannot be a question, hangs on nothing or on itself."""
    bank = ImportedBank()
    if isinstance(content, Mapping) and isinstance(content.get("questions"), list):
        questions = [_own(each, place) for place, each in enumerate(content["questions"])]
    elif isinstance(content, list) and content:
        questions = list(_sections(content, bank))
    else:
        raise Invalid(
            "The file holds neither “questions” nor a list of sections; look at the how-to for both shapes.",
            field="FILE",
        )
    if not questions or len(questions) > _MOST:
        raise Invalid(f"A bank holds between 1 and {_MOST} questions; this file has {len(questions)}.", field="FILE")
    bank.questions = tuple(check_question(question) for question in questions)
    check_bank(bank.questions)
    return bank


def _own(entry: object, place: int) -> Question:
    if not isinstance(entry, Mapping):
        raise Invalid(f"Question {place + 1} is not an object with fields.", field="questions")
    unknown = sorted(str(key) for key in entry.keys() - _FIELDS)
    if unknown:
        raise Invalid(f"Question {place + 1} has a field “{unknown[0][:40]}” that nobody knows.", field="questions")
    try:
        when = entry.get("asked_when")
        return Question(
            **{
                **entry,
                "question_id": _text(entry["question_id"]),
                "title": _text(entry["title"]),
                "section": Section(entry["section"]),
                "kind": Kind(entry["kind"]),
                "options": tuple(_option(option) for option in _list(entry.get("options", []))),
                "shortest": _number(entry.get("shortest", 0)),
                "longest": _number(entry.get("longest", Question.longest)),
                "always_required": _flag(entry.get("always_required", False)),
                "archived": _flag(entry.get("archived", False)),
                "asked_when": AskedWhen(
                    question_id=_text(when["question_id"]),
                    values=tuple(_text(value) for value in _list(when["values"])),
                )
                if when
                else None,
                "guidance": _text(entry.get("guidance", "")),
                "group": _text(entry.get("group", "")),
                "register": _text(entry.get("register", "")),
                "repeats": _text(entry.get("repeats", "")),
                "owner": None,
                "version": 1,
            }
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"Question {place + 1} cannot be read ({str(error)[:120]}).", field="questions") from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no text")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.40} is no list")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r:.40} is no whole number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r:.40} is neither true nor false")
    return value


def _option(entry: object) -> Option:
    if isinstance(entry, str):
        return Option(value=entry, label=entry)
    if not isinstance(entry, Mapping):
        raise TypeError("an option is a text or has value and label")
    value = _text(entry.get("value", entry.get("text")))
    label = _text(entry.get("label", entry.get("text", value)))
    return Option(value=value, label=label, register=_text(entry.get("register", "")))


# ---- the gateway's bank -----------------------------------------------------------------------------------------


def _sections(content: list[object], bank: ImportedBank) -> Iterator[Question]:
    for section in content:
        try:
            if not isinstance(section, Mapping):
                raise TypeError("a section is an object")
            name = _text(section["title"])
            for group in section["subSections"]:
                for question in group["questions"]:
                    yield from _question(question, name, _text(group["name"]), bank)
        except (KeyError, TypeError, AttributeError) as error:
            raise Invalid(f"A section of the bank cannot be read ({str(error)[:120]}).", field="FILE") from error


def _question(entry: Mapping[str, Any], section: str, group: str, bank: ImportedBank) -> Iterator[Question]:
    shape = entry["field"]
    made = _made(
        bank,
        path=(section, group, _text(entry["title"])),
        title=entry["title"],
        guidance=entry.get("guidance", ""),
        component=shape["component"],
        options=shape.get("options", []),
        required=bool(entry.get("force_required")),
        section=_SECTIONS.get(section.lower(), Section.MORE),
        group=group,
        repeats=_REPEATED.get(group.casefold(), ""),
    )
    yield made
    for option in shape.get("options", []):
        path, children = (section, group, entry["title"], option["value"]), option.get("conditional") or []
        again = made.repeats or _repeated(children)
        for child in children:
            yield from _below(child, made, option["value"], path, bank, repeats=again)


def _below(
    entry: Mapping[str, Any],
    parent: Question,
    value: str,
    path: tuple[str, ...],
    bank: ImportedBank,
    *,
    repeats: str,
) -> Iterator[Question]:
    if len(path) > _DEEPEST:
        raise Invalid(f"“{parent.title}” has questions below it deeper than {_DEEPEST}; flatten them.", field="FILE")
    shape = entry["input"]
    if shape["type"] == "buttonInput":
        return
    made = _made(
        bank,
        path=(*path, _text(entry["question"])),
        title=entry["question"],
        guidance=entry.get("guidance", ""),
        component=shape["type"],
        options=_flat(shape.get("options", [])),
        required=False,
        section=parent.section,
        group=parent.group,
        when=AskedWhen(question_id=parent.question_id, values=(value,)),
        repeats=repeats,
    )
    yield made
    for option in shape.get("options", []):
        children = option.get("conditionalQuestions") or []
        again = repeats or _repeated(children)
        deeper = (*path, entry["question"], option["value"])
        for child in children:
            yield from _below(child, made, option["value"], deeper, bank, repeats=again)


def _repeated(children: list[Mapping[str, Any]]) -> str:
    """Return what questions are asked again for: each button of the bank that says so adds one more organisation."""
    return "organisation" if any(child["input"]["type"] == "buttonInput" for child in children) else ""


def _flat(options: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return a list of choices with those of a second list behind the choice that opens it."""
    found: list[Mapping[str, Any]] = []
    for option in options:
        found.append(option)
        found += [
            {"value": f"{option['value']}: {more['value']}", "text": f"{option['text']}: {more['text']}"}
            for more in option.get("extraOptions", [])
        ]
    return found


def _made(
    bank: ImportedBank,
    *,
    path: tuple[str, ...],
    title: str,
    guidance: str,
    component: str,
    options: list[Mapping[str, Any]],
    required: bool,
    section: Section,
    group: str,
    when: AskedWhen | None = None,
    repeats: str = "",
) -> Question:
    kind = _COMPONENTS.get(component, Kind.LINE if component == "text" else None)
    published, words = mapping(group, title)
    if kind is None:
        raise Invalid(f"“{title[:80]}” is answered with “{component[:40]}”, which nobody knows here.", field="FILE")
    if component == "FileUploadMultiple":
        bank.findings.append(f"“{title[:80]}” asks for files; here its answer names them.")
    return Question(
        question_id="gateway-" + hashlib.sha256("\0".join(path).encode()).hexdigest()[:16],
        section=section,
        group=group,
        title=" ".join(_text(title).split()),
        guidance=_text(guidance or ""),
        kind=kind,
        options=tuple(replace(each, register=words.get(each.value, "")) for each in map(_option, options)),
        asked_when=when,
        always_required=required,
        register=published,
        repeats=repeats,
    )
