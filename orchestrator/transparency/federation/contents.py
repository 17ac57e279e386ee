"""What our documents say, composed from the record; nobody is named, and nothing of another hub is passed on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.alliance import store as alliance
from orchestrator.core.clock import iso
from orchestrator.discovery import store as catalogue
from orchestrator.discovery.model import DatasetState
from orchestrator.identity import store as identity
from orchestrator.identity.model import Person
from orchestrator.identity.rules import judge

from .. import store as register
from ..looking import revision_of
from . import store
from .describing import fitting, without_people
from .model import Kind
from .shapes import CatalogueItem, PersonItem, RegisterItem, UsedItem

__all__ = ["code_of", "compose"]

_WORDS = 20_000
_LINE = 500


def compose(session: Session, kind: Kind, now: datetime) -> list[dict[str, Any]]:
    """Return the items of a document as the record stands."""
    if kind is Kind.CATALOGUE:
        return _catalogue(session)
    if kind is Kind.REGISTER:
        return _register(session)
    return _people(session, now)


def code_of(person: Person) -> str:
    """Return what stands for a person in documents: only who knows issuer and subject of his sign-on can make it."""
    return hashlib.sha256(f"tre person\n{person.issuer}\n{person.subject}".encode()).hexdigest()


def _catalogue(session: Session) -> list[dict[str, Any]]:
    names = {each.custodian_id: each.name for each in alliance.custodians(session)}
    query = select(catalogue.DatasetRow).where(catalogue.DatasetRow.state == DatasetState.LISTED.value)
    items = []
    for row in session.scalars(query.order_by(catalogue.DatasetRow.dataset_id)):
        dataset = catalogue.to_dataset(row)
        summary = dataset.description.get("summary")
        said: Mapping[str, Any] = summary if isinstance(summary, dict) else {}
        item = CatalogueItem(
            dataset=dataset.dataset_id,
            title=_line(dataset.title),
            abstract=_text(said.get("abstract"))[:_WORDS],
            custodian=_line(names.get(dataset.custodian_id, "")),
            keywords=_keywords(said.get("keywords")),
            registered=iso(dataset.registered_at),
            description=without_people(dataset.description),
        )
        items.append(item.model_dump())
    return fitting(items)


def _register(session: Session) -> list[dict[str, Any]]:
    items = []
    for row, _ in register.latest_revisions(session):
        latest = revision_of(row)
        item = RegisterItem(
            entry=latest.register_id,
            revision=latest.revision,
            state=latest.state,
            sha256=latest.sha256,
            fields={key: _text(value)[:_WORDS] for key, value in sorted(latest.fields.items())},
            used=[
                UsedItem(
                    title=_line(used.title),
                    custodian=_line(used.custodian),
                    since=used.since,
                    until=used.until,
                    withdrawn=used.withdrawn,
                )
                for used in latest.used
            ],
            files_released=sum(each.files for each in latest.releases if not each.recalled),
        )
        items.append(item.model_dump())
    return sorted(items, key=lambda item: str(item["entry"]))


def _people(session: Session, now: datetime) -> list[dict[str, Any]]:
    items = []
    for person_id in store.agreed(session):
        person = identity.load(session, Person, person_id)
        borrowed = store.on_words(session, person_id)  # two hubs that passed on each other's word would never end it
        held = identity.accreditations(session, person_id)
        standing = judge(
            person,
            trainings=identity.trainings(session, person_id),
            accreditations=[each for each in held if each.accreditation_id not in borrowed],
            now=now,
        )
        if standing.holds and standing.accredited_until and standing.trained_until:
            item = PersonItem(
                person=code_of(person),
                accredited_until=iso(standing.accredited_until),
                trained_until=iso(standing.trained_until),
            )
            items.append(item.model_dump())
    return sorted(items, key=lambda item: str(item["person"]))


def _keywords(said: Any) -> list[str]:
    words = said if isinstance(said, list) else str(said or "").split(",")
    return [_line(str(word).strip()) for word in words if str(word).strip()][:200]


def _line(text: str) -> str:
    return " ".join(_text(text).split())[:_LINE]


def _text(said: Any) -> str:
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False) if said else ""
    return "".join(letter for letter in text if ord(letter) >= 32 or letter in "\n\t")
