"""Models that say too much: few degrees of freedom, as many parameters as people, terms that stand for one person."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.places import Places
from orchestrator.airlock.reading.specimen import Specimen

from .fitted import Model, Term, from_table, from_text
from .views import view

__all__ = ["across", "check", "people_behind"]

_INDICATOR = re.compile(
    r"\[.+\]$|(?:TRUE|True)$|(?i:\b(?:dummy|indicator|flag)\b|_(?:dummy|flag|ind|yn)$|^(?:is|has|was)_)|[a-z][A-Z]\w*$"
)
_PERSON = re.compile(
    r"(?i)\b(?:c\()?(?:patient|person|subject|participant|individual|member|user|pt)s?"
    r"(?:[ _]?(?:id|no|num|number))?\)?\s*[\[_=:.]"
)
_ONE = 1.05
"""A term for one person has (spread / standard error)² of at most 1; the rest is for rounding of three digits."""


def check(file: Specimen, pack: Pack) -> Iterator[Finding]:
    """Report models from which persons, or the data of a small sample, can be worked out."""
    models = [from_table(view(table)) for table in file.tables]
    models += [from_text(text.text, text.where) for text in file.texts]
    told: set[str] = set()
    for model in models:
        if model is not None:
            for finding in (*_size(model, pack), *_terms(model, pack)):
                if finding.message not in told:  # a summary is read as words and as tables
                    told.add(finding.message)
                    yield finding


def across(files: Mapping[str, Specimen], pack: Pack) -> dict[str, list[Finding]]:
    """Return findings, by file name, on terms in one file of a model whose spread another file states.

    ACRO and statsmodels write one model as several tables: ``output_4_0.csv`` and ``output_4_1.csv``. Files belong
    together when their names agree but for the last number, or when only one of them states a spread.
    """
    facts: dict[str, Model] = {}
    terms: dict[str, Model] = {}
    for name, file in files.items():
        for model in (from_table(view(table)) for table in file.tables[:20]):
            if model is not None and model.terms and model.spread is None:
                terms.setdefault(name, model)
            elif model is not None and not model.terms and model.spread is not None:
                facts.setdefault(name, model)
    found: dict[str, list[Finding]] = {}
    for name, model in terms.items():
        same = [other for other in facts if _session(other) == _session(name)]
        near = same or (list(facts) if len(facts) == 1 else [])
        spread, indicators = facts[near[0]].spread if near else None, _indicators(model.terms)
        if spread is not None and indicators:
            found[name] = list(_carried(model, indicators, spread, pack))
    return {name: each for name, each in found.items() if each}


def _session(name: str) -> str:
    return re.sub(r"[_-]?\d+$", "", name.rpartition(".")[0] or name)


def people_behind(spread: float, error: float) -> float:
    """Return how many people at least carry an indicator, from its standard error and the spread of residuals.

    Of n₁ people among n, the error is spread / √(n₁ (1 − n₁/n)(1 − R²)), so that n₁ ≥ (spread / error)².
    """
    return (spread / error) ** 2 if error > 0 else float("inf")


def _size(model: Model, pack: Pack) -> Iterator[Finding]:
    where = model.place or "model"
    estimated, n, left = model.estimated, model.observations, model.residual
    if left is None and n is not None and estimated is not None:
        left = n - estimated
    if left is not None and left <= 0:
        yield _finding(
            "SATURATED_MODEL",
            where,
            "The model has as many parameters as observations: its estimates are the data.",
            "Fit a smaller model.",
        )
    elif left is not None and left < pack.minimum_degrees:
        yield _finding(
            "LOW_DEGREES",
            where,
            f"The model keeps {left:g} residual degrees of freedom; {pack.setter('minimum_degrees')} asks for "
            f"{pack.minimum_degrees}.",
            "Fit a smaller model, or use more people.",
        )
    if n and estimated and estimated * 100 > pack.parameters_percent * n and (left is None or left > 0):
        yield _finding(
            "MANY_PARAMETERS",
            where,
            f"{estimated:g} parameters for {n:g} observations are more than {pack.parameters_percent} %, as "
            f"{pack.setter('parameters_percent')} allows.",
            "Fit a smaller model.",
        )


def _terms(model: Model, pack: Pack) -> Iterator[Finding]:
    indicators = _indicators(model.terms)
    yield from _persons(model)
    yield from _separated(model)
    if not indicators:
        return
    spread = model.spread
    if spread is not None:
        yield from _carried(model, indicators, spread, pack)
    elif not model.counted:
        places = Places()
        for term in indicators:
            places.add(term.place)
        yield places.finding(
            "INDICATOR_WITHOUT_N",
            Severity.NOTE,
            f"{places.count} terms are indicators of groups, and nothing says how many people each group has.",
            "Ask for the number of people of each level; a level of one person gives that person’s value.",
            place=model.place,
        )


def _indicators(terms: list[Term]) -> list[Term]:
    """Return terms that stand for groups: by the form of their name, or because several share its beginning."""
    stems = Counter(re.split(r"[_.:=]", term.name)[0] for term in terms)
    return [
        term
        for term in terms
        if _INDICATOR.search(term.name)
        or (re.search(r"[_.:=]", term.name) and stems[re.split(r"[_.:=]", term.name)[0]] > 1 and "(" not in term.name)
    ]


def _carried(model: Model, indicators: list[Term], spread: float, pack: Pack) -> Iterator[Finding]:
    one, few = Places(), Places()
    for term in indicators:
        if term.error is None or term.error <= 0:
            continue
        behind = people_behind(spread, term.error)
        if behind <= _ONE:
            one.add(term.place)
        elif behind < pack.minimum_count:
            few.add(f"{term.place}: about {behind:.0f}")
    if one:
        yield one.finding(
            "ONE_PERSON_TERM",
            Severity.FLAG,
            f"{one.count} terms are as uncertain as one person’s value: each may stand for one person, whose value the "
            "model then gives exactly.",
            "Merge the level with another, and say how many people each level has.",
            place=model.place,
        )
    if few:
        yield few.finding(
            "FEW_BEHIND_TERM",
            Severity.NOTE,
            f"{few.count} terms may stand for fewer than {pack.minimum_count} people.",
            "Ask how many people each level has.",
            place=model.place,
        )


def _persons(model: Model) -> Iterator[Finding]:
    places = Places()
    for term in model.terms:
        if _PERSON.search(term.name):
            places.add(term.place)
    if places:
        yield places.finding(
            "PERSON_TERMS",
            Severity.FLAG,
            f"{places.count} terms name single persons.",
            "Leave effects of persons out of the table.",
            place=model.place,
        )


def _separated(model: Model) -> Iterator[Finding]:
    """Where all of a group have the same outcome, the estimate runs away and its error becomes vast."""
    places = Places()
    for term in model.terms:
        if (
            term.estimate is not None
            and term.error is not None
            and abs(term.estimate) >= 8
            and term.error > 20 * abs(term.estimate)
        ):
            places.add(term.place)
    if places:
        yield places.finding(
            "SEPARATED_TERM",
            Severity.FLAG,
            f"{places.count} terms have errors so large that everybody of the group seems to have the same outcome.",
            "Check the group: if all of it, or nobody, has the outcome, merge it with another.",
            place=model.place,
        )


def _finding(rule: str, where: str, message: str, guidance: str) -> Finding:
    return Finding(rule=rule, severity=Severity.FLAG, where=where, message=message, guidance=guidance)
