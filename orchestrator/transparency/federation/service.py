"""Federation in one place: speaking to other hubs, hearing them, and what they say of a person."""

from __future__ import annotations

from orchestrator.identity import store as identity
from orchestrator.identity.asking import account
from orchestrator.identity.model import Person
from orchestrator.policy.model import Actor

from . import contents
from .hearing import Hearing
from .model import Kind, Recognised
from .shapes import moment_of

__all__ = ["FederationService"]


class FederationService(Hearing):
    """The one way to speak to other hubs and to hear them."""

    def recognised(self, actor: Actor, person_id: str) -> list[Recognised]:
        """Return which hubs say that a person's accreditation holds there; he himself and operators may see it."""
        with self._record.read() as session:
            self._check(session, actor, "showAccreditation", account(person_id))
            person = identity.load(session, Person, person_id)
        code, now = contents.code_of(person), self._now()
        found = []
        for hub, document in self.said(Kind.PEOPLE):
            for item in document.items:
                until = moment_of(item["accredited_until"]), moment_of(item["trained_until"])
                if item["person"] == code and min(until) > now:
                    found.append(
                        Recognised(
                            hub_id=hub.hub_id,
                            hub=hub.name,
                            accredited_until=until[0],
                            trained_until=until[1],
                            said_at=document.issued_at,
                        )
                    )
        return found
