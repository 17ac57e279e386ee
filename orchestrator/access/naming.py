"""Whom the public register names: each member agrees for himself, and takes it back whenever he likes, also later."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.events import Event
from orchestrator.policy.model import Actor

from . import store
from .projects import Projects
from .values import to_project

__all__ = ["Naming", "NamingIn"]


@dataclass(frozen=True, kw_only=True)
class NamingIn:
    """One project in which a person is or was a member, and whether the register names him there."""

    project_id: str
    title: str
    state: str
    member: bool
    """Whether he is a member now; who left can take his name back, not give it."""
    named: bool


class Naming(Projects):
    """Consent to be named. It ends with the person's word, not with the membership."""

    def agree_to_be_named(self, actor: Actor, project_id: str, *, agree: bool) -> None:
        """Let the public register name this member, or no longer; the same again changes nothing."""
        if not agree:
            self._take_back(actor, project_id)
            return
        with self._record.change() as change:
            self._load_project(change.session, actor, "agreeToBeNamed", project_id)
            for member in store.current_members(change.session, project_id):
                if member.person_id == actor.person_id and not member.named:
                    member.named = True
                    change.tell(_told("member.named", actor, project_id))

    def namings(self, actor: Actor) -> list[NamingIn]:
        """Return every project in which this person is or was a member, newest first."""
        found = []
        with self._record.read() as session:
            for project_id in store.projects_of(session, actor.person_id):
                row = store.project_row(session, project_id)
                mine = [each for each in store.memberships(session, project_id) if each.person_id == actor.person_id]
                found.append(
                    NamingIn(
                        project_id=project_id,
                        title=row.title,
                        state=row.state,
                        member=any(each.ended_at is None for each in mine),
                        named=any(each.named for each in mine),
                    )
                )
        return found

    def _take_back(self, actor: Actor, project_id: str) -> None:
        """End a consent, over every membership that this person ever had in the project."""
        with self._record.change() as change:
            session = change.session
            project = to_project(session, store.project_row(session, project_id))
            if actor.person_id not in store.workers(session, project_id):
                self._must_see_project(session, self._current(session, actor), project)
            self._check(session, actor, "takeBackNaming", self._thing(session, project))
            named = [
                each
                for each in store.memberships(session, project_id)
                if each.person_id == actor.person_id and each.named
            ]
            for each in named:
                each.named = False
            if named:
                change.tell(_told("member.not-named", actor, project_id))


def _told(kind: str, actor: Actor, project_id: str) -> Event:
    return Event(kind=kind, actor=actor.person_id, subject=f"project:{project_id}", details={"person": actor.person_id})
