"""Composes a project's entry of the register from the record as one transaction sees it; nobody types it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.model import Grant, GrantState, Project
from orchestrator.access.values import to_project
from orchestrator.alliance import store as alliance
from orchestrator.alliance.counts import smallest_count
from orchestrator.core.events import Event, Json
from orchestrator.core.register_fields import FIELDS, Source
from orchestrator.core.small_counts import protected
from orchestrator.discovery import store as catalogue
from orchestrator.identity import store as identity
from orchestrator.identity.model import Person

from . import store
from .log import Log, Releasing
from .model import Statement, Waived
from .ports import Waivers
from .rules import merged

__all__ = ["compose", "everybody_named", "lead_membership", "lead_of", "named_people"]


def compose(
    session: Session, project_id: str, *, told: Sequence[Event], now: datetime, waivers: Waivers | None = None
) -> bytes:
    """Return a project's entry as canonical JSON: the same record gives the same bytes, whoever composes."""
    project = to_project(session, access.project_row(session, project_id))
    log = Log(session, told, now)
    minimum = smallest_count(session, (grant.custodian_id for grant in project.grants))
    stated = store.statements(session, project_id)
    custodians = {grant.custodian_id: _name(session, grant.custodian_id) for grant in project.grants}
    fields = _recorded(session, project, log) | _stated(stated, custodians)
    used = [_used(session, grant, custodians[grant.custodian_id]) for grant in project.grants]
    used.sort(key=_order)
    content: dict[str, Json] = {
        "state": project.state.value,
        "fields": {
            key: protected(value, minimum=minimum) for key, value in sorted(fields.items()) if value and _public(key)
        },
        "used": [*used],
        "releases": _by_day(log.releases(project_id)),
        "waived": [_waived(each, minimum) for each in _waivers(session, project, waivers)],
        "minimum": minimum,
    }
    told_by, naming = _told_by(stated, custodians), len(log.about([f"project:{project_id}"], kinds=_NAMINGS))
    return rfc8785.dumps(content | ({"told_by": told_by} if told_by else {}) | ({"naming": naming} if naming else {}))


def named_people(session: Session, project_id: str) -> tuple[str, ...]:
    """Return the names of the members who agree at this moment that the public register names them."""
    rows = access.memberships(session, project_id)
    return tuple(sorted({identity.load(session, Person, row.person_id).name for row in rows if row.named}))


def everybody_named(session: Session) -> dict[str, tuple[str, ...]]:
    """Return the same for every project at once, without those where nobody agrees."""
    query = (
        select(access.MembershipRow.project_id, identity.PersonRow.name)
        .join(identity.PersonRow, identity.PersonRow.person_id == access.MembershipRow.person_id)
        .where(access.MembershipRow.named.is_(True))
    )
    found: dict[str, set[str]] = {}
    for project_id, name in session.execute(query):
        found.setdefault(project_id, set()).add(name)
    return {project_id: tuple(sorted(names)) for project_id, names in found.items()}


def lead_of(session: Session, project_id: str) -> tuple[str, bool]:
    """Return who leads a project (the newest lead) and whether that person agrees to be named."""
    lead = lead_membership(session, project_id)
    return (lead.person_id, lead.named) if lead else ("", False)


def lead_membership(session: Session, project_id: str) -> access.MembershipRow | None:
    """Return the membership of the newest lead; none where nobody ever led."""
    leads = [row for row in access.memberships(session, project_id) if row.role == "lead"]
    current = [row for row in leads if row.ended_at is None] or leads
    return current[-1] if current else None


_NAMINGS = ("member.named", "member.not-named")
"""Who agrees to be named stands in no revision; how often that changed does, so that whoever copied one comes back."""

_KEYS = frozenset(field.key for field in FIELDS if not field.personal)


def _public(key: str) -> bool:
    """Whether the register keeps a field itself; those that name people are joined when somebody looks."""
    return key in _KEYS


def _recorded(session: Session, project: Project, log: Log) -> dict[str, str]:
    first = log.first_use(project.project_id)
    return {
        "organisation_name": project.organisation,
        "project_id": project.project_id,
        "title": project.title,
        "lay_summary": project.lay_summary,
        "other_approvals": project.ethics_reference,
        "start": _day(project.start),
        "end": _last_day(project.end),
        "latest_approval": _day(_latest_approval(session, project)),
        "datasets": ", ".join(sorted({_title(session, grant.dataset_id) for grant in project.grants})),
        "access_date": _day(first) if first else "",
        "access_type": "TRE",
    }


def _applications(session: Session, project: Project) -> list[str]:
    """Return the applications that made the project what it is: the first, and every amendment that was approved."""
    query = select(access.ApplicationRow.application_id).where(
        access.ApplicationRow.amends == project.project_id, access.ApplicationRow.state == "approved"
    )
    return [project.application_id, *session.scalars(query.order_by(access.ApplicationRow.application_id))]


def _latest_approval(session: Session, project: Project) -> datetime:
    parts = [part for each in _applications(session, project) for part in access.part_rows(session, each)]
    decided = [part.decided_at for part in parts if part.state == "approved" and part.decided_at is not None]
    return max(decided, default=project.approved_at)


def _waivers(session: Session, project: Project, waivers: Waivers | None) -> list[Waived]:
    return [] if waivers is None else [*waivers.waived(session, _applications(session, project))]


def _waived(waived: Waived, minimum: int) -> Json:
    return {
        "issuer": waived.issuer,
        "percent": waived.percent,
        "reason": protected(waived.reason, minimum=minimum),
        "until": waived.until,
    }


def _stated(stated: Mapping[tuple[str, str], Statement], custodians: Mapping[str, str]) -> dict[str, str]:
    values = {}
    for field in FIELDS:
        if field.source is Source.LEAD and ("", field.key) in stated:
            values[field.key] = stated["", field.key].value
        elif field.source is Source.CUSTODIAN:
            own = {
                name: stated[custodian_id, field.key].value if (custodian_id, field.key) in stated else ""
                for custodian_id, name in custodians.items()
            }
            values[field.key] = merged(field, own)
    return values


def _told_by(stated: Mapping[tuple[str, str], Statement], custodians: Mapping[str, str]) -> dict[str, Json]:
    """Return whose words stand in the fields that an application filled; none of what was stated by hand."""
    found: dict[str, list[str]] = {}
    for (owner, key), each in sorted(stated.items()):
        if each.application_id and each.value and _public(key) and owner in ("", *custodians):
            words = "the applicant's answer"
            if each.reworded_by:
                words = f"the applicant's answer in other words, by {each.reworded_by}"
            found.setdefault(key, []).append(f"{custodians[owner]}: {words}" if owner else words)
    return {key: "; ".join(words) for key, words in found.items()}


def _order(used: Mapping[str, Json]) -> tuple[str, ...]:
    return tuple(str(used[key]) for key in ("title", "custodian", "since", "until", "dataset_id"))


def _used(session: Session, grant: Grant, custodian: str) -> dict[str, Json]:
    ends = min(grant.agreement_until, grant.ended_at or grant.agreement_until)
    return {
        "dataset_id": grant.dataset_id,
        "title": _title(session, grant.dataset_id),
        "custodian_id": grant.custodian_id,
        "custodian": custodian,
        "since": _day(grant.granted_at),
        "until": _last_day(ends) if ends == grant.agreement_until else _day(ends),
        "withdrawn": grant.state is GrantState.WITHDRAWN,
    }


def _by_day(releases: Iterable[Releasing]) -> list[Json]:
    """Return what left, by day: which submission it was is nobody's business outside."""
    days: dict[tuple[str, bool], int] = {}
    for each in releases:
        key = (_day(each.released_at), each.recalled_at is not None)
        days[key] = days.get(key, 0) + each.files
    return [{"day": day, "files": files, "recalled": recalled} for (day, recalled), files in sorted(days.items())]


def _title(session: Session, dataset_id: str) -> str:
    row = session.get(catalogue.DatasetRow, dataset_id)
    return row.title if row is not None else "a dataset that is not in the catalogue any more"


def _name(session: Session, custodian_id: str) -> str:
    found = alliance.custodian(session, custodian_id)
    return found.name if found else "an unknown custodian"


def _day(moment: datetime) -> str:
    return moment.date().isoformat()


def _last_day(until: datetime) -> str:
    return _day(until - timedelta(microseconds=1))
