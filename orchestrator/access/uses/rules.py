"""The strictest of several custodians' terms, each rule with who set it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.access.conditions import EvidenceFacts, of_evidence
from orchestrator.alliance.model import Terms
from orchestrator.alliance.uses.codes import CODES
from orchestrator.alliance.uses.strictest import StrictestUse
from orchestrator.core.clock import last_day_in_words

from .model import EffectiveRule, Setter

__all__ = ["Contribution", "of_agreements", "of_terms", "of_uses"]

_FEWEST_CHECKERS = 2


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What one custodian brings into a project: its newest terms and the evidence that they ask for."""

    custodian_id: str
    custodian: str
    terms: Terms | None
    evidence: tuple[EvidenceFacts, ...] = ()

    @property
    def setter(self) -> Setter:
        """The custodian as somebody who set a rule."""
        return Setter(custodian_id=self.custodian_id, custodian=self.custodian, datasets=())


def of_terms(contributions: Sequence[Contribution], at: datetime) -> list[EffectiveRule]:
    """Return the rules that come of the custodians' terms; the airlock checks results by the same ones."""
    known = [(each, each.terms) for each in contributions if each.terms is not None]
    rules = [_missing(each) for each in contributions if each.terms is None]
    if not known:
        return rules
    checkers, setters = _most(known, lambda terms: max(terms.checkers_needed, _FEWEST_CHECKERS))
    rules.append(_rule("checkers", checkers, f"{checkers} people check every result.", setters))
    count, setters = _most(known, lambda terms: terms.minimum_count)
    rules.append(_rule("minimum-count", count, f"No count below {count} is shown.", setters))
    rules += [
        _rule("sign-off", each.custodian_id, f"An officer of {each.custodian} agrees to each release.", [each])
        for each, terms in known
        if terms.release_signoff
    ]
    for pack in sorted({terms.airlock_pack for _, terms in known if terms.airlock_pack}):
        asking = [each for each, terms in known if terms.airlock_pack == pack]
        rules.append(_rule("rule-book", pack, f"Results are checked by the rule book “{pack}”.", asking))
    return [*rules, _terms_end(known, at), *_evidence(contributions, at)]


def _rule(rule: str, value: object, says: str, by: Iterable[Contribution], *, trouble: str = "") -> EffectiveRule:
    setters = tuple(each.setter for each in by)
    return EffectiveRule(rule=rule, value=str(value), says=says, set_by=setters, trouble=trouble)


def _missing(contribution: Contribution) -> EffectiveRule:
    says = f"{contribution.custodian} has published no terms, so nothing of it may be used."
    return _rule("terms", "", says, [contribution], trouble=says)


Known = list[tuple[Contribution, Terms]]


def _most(known: Known, value: Callable[[Terms], int]) -> tuple[int, list[Contribution]]:
    highest = max(value(terms) for _, terms in known)
    return highest, [each for each, terms in known if value(terms) == highest]


def _terms_end(known: Known, at: datetime) -> EffectiveRule:
    end = min(terms.valid_until for _, terms in known)
    setters = [each for each, terms in known if terms.valid_until == end]
    day = last_day_in_words(end)
    trouble = "" if at < end else f"The terms of {setters[0].custodian} ended on {day}; it has to publish new ones."
    return _rule("terms-until", end.date(), f"The terms hold until {day}.", setters, trouble=trouble)


def _evidence(contributions: Sequence[Contribution], at: datetime) -> list[EffectiveRule]:
    asked: dict[str, list[tuple[Contribution, EvidenceFacts]]] = {}
    for each in contributions:
        for facts in each.evidence:
            asked.setdefault(facts.kind, []).append((each, facts))
    return [_one_kind(kind, asking, at) for kind, asking in asked.items()]


def _one_kind(kind: str, asking: list[tuple[Contribution, EvidenceFacts]], at: datetime) -> EffectiveRule:
    judged = [of_evidence(facts, at, asked_by=each.custodian) for each, facts in asking]
    failed = [condition.otherwise for condition in judged if not condition.holds]
    ends = [condition.until for condition in judged if condition.holds and condition.until is not None]
    title = asking[0][1].title
    until = f", in date until {last_day_in_words(min(ends))}" if ends and not failed else ""
    says = f"A verified {title} is on record{until}." if not failed else f"A verified {title} has to be on record."
    return _rule(f"evidence:{kind}", kind, says, [each for each, _ in asking], trouble=" ".join(failed))


def of_agreements(ends: Mapping[str, tuple[datetime, Setter]]) -> list[EffectiveRule]:
    """Return until when the agreements of all active grants hold, by grant."""
    if not ends:
        return []
    first = min(until for until, _ in ends.values())
    setters = tuple(dict.fromkeys(setter for until, setter in ends.values() if until == first))
    says = f"The first agreement ends on {last_day_in_words(first)}."
    return [EffectiveRule(rule="agreement-until", value=str(first.date()), says=says, set_by=setters)]


def of_uses(uses: Iterable[StrictestUse], setters: Mapping[str, Setter]) -> list[EffectiveRule]:
    """Return what the data may be used for together; ``setters`` are by dataset."""
    return [
        EffectiveRule(
            rule=f"use:{each.code}" if each.code else "use",
            value=",".join(each.values),
            says=_in_words(each),
            set_by=_joined(setters[source] for source in sorted(each.set_by)),
            trouble=each.impossible,
        )
        for each in uses
    ]


def _in_words(use: StrictestUse) -> str:
    if not use.code:
        return use.impossible
    says = CODES[use.code].says
    values = f"{says[:-1]}: {', '.join(use.values)}." if use.values else says
    return " ".join([values, *use.notes])


def _joined(setters: Iterable[Setter]) -> tuple[Setter, ...]:
    """One entry for each custodian, with all of its datasets."""
    joined: dict[str, Setter] = {}
    for setter in setters:
        earlier = joined.get(setter.custodian_id)
        datasets = tuple(dict.fromkeys((*(earlier.datasets if earlier else ()), *setter.datasets)))
        joined[setter.custodian_id] = Setter(
            custodian_id=setter.custodian_id, custodian=setter.custodian, datasets=datasets
        )
    return tuple(joined.values())
