"""The answer to a declared purpose: permitted, not permitted, or for a person, with a reason for each code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

from orchestrator.core.clock import day_in_words

from .codes import CODES, Kind, widest_first
from .diseases import DiseaseTable
from .model import Answer, Assessment, Clause, Purpose, UseTerms, Verdict
from .questions import MODIFIERS

__all__ = ["assess", "covers", "judge_clause"]

_ORDER = (Verdict.PERMITTED, Verdict.NEEDS_PERSON, Verdict.NOT_PERMITTED)
_YES, _ASK, _NO = _ORDER
_DISEASE, _ANCESTRY = "DUO:0000007", "DUO:0000011"

Judged = tuple[Verdict, str]


def assess(terms: UseTerms | None, purpose: Purpose, diseases: DiseaseTable, *, dataset_id: str = "") -> Assessment:
    """Answer ``purpose`` by a dataset's terms of use; without terms, or without a purpose, a person has to."""
    if terms is None:
        reason = "The custodian has published no machine-readable terms for this dataset; its officers have to judge."
        return Assessment(dataset_id=dataset_id, version=0, answers=(Answer(code="", verdict=_ASK, reason=reason),))
    purpose = _whole(purpose)
    permissions = [each for each in terms.clauses if CODES[each.code].kind is Kind.PERMISSION]
    modifiers = [each for each in terms.clauses if CODES[each.code].kind is Kind.MODIFIER]
    answers = [*_uses(permissions, purpose, diseases), *(judge_clause(each, purpose) for each in modifiers)]
    return Assessment(dataset_id=terms.dataset_id, version=terms.version, answers=tuple(answers))


def _whole(purpose: Purpose) -> Purpose:
    """Ancestry is a use of its own: who studies it asks for it, and who asks for it studies it."""
    if purpose.ancestry and not any(covers(use, _ANCESTRY) for use in purpose.uses):
        return replace(purpose, uses=(*purpose.uses, _ANCESTRY))
    return replace(purpose, ancestry=True) if _ANCESTRY in purpose.uses else purpose


def _uses(permissions: list[Clause], purpose: Purpose, diseases: DiseaseTable) -> list[Answer]:
    """Answer every use that is asked for: one permission that includes it is enough."""
    if not purpose.uses:
        return [Answer(code="", verdict=_ASK, reason="It is not said yet what the data are wanted for.")]
    if not permissions:
        reason = "The terms name no permitted use; the custodian has to say whether this one is."
        return [Answer(code="", verdict=_ASK, reason=reason, asked=use) for use in purpose.uses]
    return [min((_one_use(each, use, purpose, diseases) for each in permissions), key=_rank) for use in purpose.uses]


def _rank(answer: Answer) -> int:
    return _ORDER.index(answer.verdict)


def _one_use(clause: Clause, use: str, purpose: Purpose, diseases: DiseaseTable) -> Answer:
    asked, granted = CODES[use].says.rstrip("."), CODES[clause.code].says.rstrip(".")
    if not covers(clause.code, use):
        wider = use in widest_first(clause.code)
        why = "is wider than what is permitted" if wider else "is not included in what is permitted"
        return _answer(clause, _NO, f"“{asked}” {why}: “{granted}”.", use)
    if clause.code == _DISEASE:
        verdict, reason = _diseases(clause.values, purpose.diseases, diseases)
    else:
        same = clause.code == use
        verdict, reason = _YES, f"“{granted}” is permitted." if same else f"“{granted}” includes “{asked}”."
    return _answer(clause, verdict, reason, use)


def covers(permission: str, use: str) -> bool:
    """Say whether a permission includes a use by its code alone."""
    return permission in widest_first(use)


def _diseases(permitted: Iterable[str], asked: tuple[str, ...], table: DiseaseTable) -> Judged:
    """Every disease asked for must be one of those permitted, or a kind of one."""
    if not asked:
        return _ASK, "It is not said which diseases are studied; name their codes."
    unknown: list[str] = []
    outside: list[str] = []
    for disease in asked:
        found = [table.within(disease, each) for each in permitted]
        if any(found):
            continue
        (unknown if None in found else outside).append(table.named(disease))
    names = ", ".join(table.named(each) for each in permitted)
    if outside:
        return _NO, f"{', '.join(outside)}: not a kind of what is permitted ({names})."
    if unknown:
        return _ASK, f"{', '.join(unknown)}: it is not known here whether this is a kind of {names}."
    return _YES, f"Everything that is studied belongs to what is permitted ({names})."


def judge_clause(clause: Clause, purpose: Purpose) -> Answer:
    """Answer by one modifier."""
    asked = [_plain(getattr(purpose, name), wanted, words) for name, wanted, words in MODIFIERS.get(clause.code, ())]
    special = _SPECIAL.get(clause.code)
    if special is not None:
        asked.append(special(clause, purpose))
    verdict, reason = max(asked, key=_judged_rank)
    return _answer(clause, verdict, reason)


def _judged_rank(judged: Judged) -> int:
    return _ORDER.index(judged[0])


def _plain(said: bool | None, wanted: bool, words: tuple[str, str]) -> Judged:
    kept, broken = words
    if said is None:
        return _ASK, f"It is not said yet whether this is so: {kept[0].lower()}{kept[1:]}"
    return (_YES, kept) if said is wanted else (_NO, broken)


def _regions(clause: Clause, purpose: Purpose) -> Judged:
    allowed = ", ".join(clause.values)
    if not purpose.regions:
        return _ASK, f"It is not said where people work; permitted is: {allowed}."
    outside = [here for here in purpose.regions if not any(_inside(here, each) for each in clause.values)]
    if outside:
        return _NO, f"People work in {', '.join(outside)}; permitted is: {allowed}."
    return _YES, f"Everybody works within {allowed}."


def _inside(here: str, region: str) -> bool:
    """``GB-SCT`` lies in ``GB``; ``GB`` does not lie in ``GB-SCT``."""
    return here == region or here.startswith(f"{region}-")


def _moratorium(clause: Clause, purpose: Purpose) -> Judged:
    first = date.fromisoformat(clause.values[0])
    if purpose.publishes is False:
        return _YES, "Nothing will be published."
    if purpose.publishes_from is None:
        return _ASK, f"It is not said when results are published; it may not be before {day_in_words(first)}."
    if purpose.publishes_from < first:
        return (
            _NO,
            f"Results are to be published from {day_in_words(purpose.publishes_from)}, before {day_in_words(first)}.",
        )
    return _YES, f"Nothing is published before {day_in_words(first)}."


def _months(clause: Clause, purpose: Purpose) -> Judged:
    most = int(clause.values[0])
    if purpose.months is None:
        return _ASK, f"It is not said how long the data are used; permitted are {most} months."
    if purpose.months > most:
        return _NO, f"The data are wanted for {purpose.months} months; permitted are {most}."
    return _YES, f"{purpose.months} of {most} permitted months are asked for."


def _projects(clause: Clause, purpose: Purpose) -> Judged:
    return _named((purpose.project,) if purpose.project else (), clause.values, "project")


def _institutions(clause: Clause, purpose: Purpose) -> Judged:
    return _named(purpose.institutions, clause.values, "institution")


def _people(clause: Clause, purpose: Purpose) -> Judged:
    return _named(purpose.people, clause.values, "person")


def _named(given: tuple[str, ...], allowed: tuple[str, ...], noun: str) -> Judged:
    """Names of people, projects and institutions are spelt in many ways: only sameness is certain."""
    if not given:
        return _ASK, f"It is not said which {noun} it is for; the custodian names who is permitted."
    known = {_spelt(each) for each in allowed}
    strange = [each for each in given if _spelt(each) not in known]
    if strange:
        return _ASK, f"{', '.join(strange)}: not among those named, or spelt otherwise; the custodian has to look."
    return _YES, f"Every {noun} is among those named."


def _spelt(text: str) -> str:
    return " ".join(text.split()).casefold()


def _in_words(clause: Clause, _: Purpose) -> Judged:
    return _ASK, f"The custodian asks in words: {'; '.join(clause.values) or clause.note}"


_SPECIAL: dict[str, Callable[[Clause, Purpose], Judged]] = {
    "DUO:0000022": _regions,
    "DUO:0000024": _moratorium,
    "DUO:0000025": _months,
    "DUO:0000026": _people,
    "DUO:0000027": _projects,
    "DUO:0000028": _institutions,
    "DUO:0000012": _in_words,
    "TRE:OTHER": _in_words,
}


def _answer(clause: Clause, verdict: Verdict, reason: str, asked: str = "") -> Answer:
    """A note beside a code is free text: what the code permits is then for a person."""
    if clause.note and verdict is _YES and clause.code not in ("DUO:0000012", "TRE:OTHER"):
        verdict, reason = _ASK, f"{reason} The custodian adds in words: {clause.note}"
    return Answer(code=clause.code, verdict=verdict, reason=reason, asked=asked)
