"""Use cases of access: apply, decide, approve, change, withdraw; and what stands at this moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from orchestrator.policy.model import Actor

from .model import (
    Answers,
    Application,
    CustodianPart,
    Grant,
    Granted,
    MemberRole,
    Membership,
    Project,
    ProjectStanding,
    RegisterEntry,
)

__all__ = ["AccessService"]


class AccessService:
    """The one way to read or change who may use what."""

    # ---- applications -------------------------------------------------------------------------------------------

    def draft(
        self,
        actor: Actor,
        answers: Answers,
        dataset_ids: Sequence[str],
        *,
        justifications: Mapping[str, str] | None = None,
    ) -> Application:
        """Begin an application; ``justifications`` are per custodian identifier."""
        raise NotImplementedError

    def redraft(
        self,
        actor: Actor,
        application_id: str,
        answers: Answers,
        dataset_ids: Sequence[str],
        *,
        justifications: Mapping[str, str] | None = None,
    ) -> Application:
        """Replace what a draft says; once submitted it is frozen."""
        raise NotImplementedError

    def submit(self, actor: Actor, application_id: str) -> Application:
        """Freeze a draft and put each part before its custodian."""
        raise NotImplementedError

    def withdraw_application(self, actor: Actor, application_id: str, reason: str = "") -> Application:
        """Take back an application that is not approved yet."""
        raise NotImplementedError

    def decide(
        self,
        actor: Actor,
        application_id: str,
        custodian_id: str,
        *,
        approve: bool,
        reason: str,
        agreement_until: date | None = None,
    ) -> Application:
        """Approve (``agreement_until``, a last day, is mandatory) or refuse (``reason`` is mandatory) one part."""
        raise NotImplementedError

    def application(self, actor: Actor, application_id: str) -> Application:
        """Return what this person may see of an application; a custodian's officer sees its own part only."""
        raise NotImplementedError

    def applications(self, actor: Actor) -> list[Application]:
        """Return every application this person may see, newest first."""
        raise NotImplementedError

    def parts_to_decide(self, actor: Actor) -> list[tuple[Application, CustodianPart]]:
        """Return what waits for this officer's decision, oldest first."""
        raise NotImplementedError

    def refuse_project(self, actor: Actor, application_id: str, reason: str) -> Application:
        """Refuse an application that its custodians have decided."""
        raise NotImplementedError

    def approve_project(self, actor: Actor, application_id: str) -> Project:
        """Make the project of a decided application, with the approved parts only."""
        raise NotImplementedError

    # ---- projects -----------------------------------------------------------------------------------------------

    def project(self, actor: Actor, project_id: str) -> Project:
        """Return a project this person may see: members, operators, and officers of a granting custodian."""
        raise NotImplementedError

    def projects(self, actor: Actor) -> list[Project]:
        """Return every project this person may see, newest first."""
        raise NotImplementedError

    def project_ids(self) -> list[str]:
        """Return every project that is not closed: what the controller keeps in step."""
        raise NotImplementedError

    def project_record(self, project_id: str) -> Project:
        """Return a project whole, for the system itself; pages and commands use ``project``."""
        raise NotImplementedError

    def extend_project(self, actor: Actor, project_id: str, end: date) -> Project:
        """Move a project's last day, no further than ethics and every agreement reach."""
        raise NotImplementedError

    def suspend_project(self, actor: Actor, project_id: str, reason: str) -> Project:
        """Stop a project at once; its people's work is kept."""
        raise NotImplementedError

    def resume_project(self, actor: Actor, project_id: str) -> Project:
        """Let a suspended project work again."""
        raise NotImplementedError

    def close_project(self, actor: Actor, project_id: str, reason: str = "") -> Project:
        """End a project for ever, with its grants and memberships."""
        raise NotImplementedError

    def renew_ethics(self, actor: Actor, project_id: str, reference: str, until: date) -> Project:
        """Record a renewed ethics approval of a project."""
        raise NotImplementedError

    def add_member(
        self,
        actor: Actor,
        project_id: str,
        person_id: str,
        *,
        role: MemberRole = MemberRole.RESEARCHER,
        until: date | None = None,
    ) -> Membership:
        """Add a person to a project; an operator who is not a member does it."""
        raise NotImplementedError

    def end_member(self, actor: Actor, project_id: str, person_id: str) -> Membership:
        """End a person's membership at once: by an operator, the lead, or the person."""
        raise NotImplementedError

    def withdraw_grant(self, actor: Actor, grant_id: str, reason: str) -> Grant:
        """Withdraw a grant at once: by an officer of its custodian, or by an operator on its behalf."""
        raise NotImplementedError

    def renew_grant(self, actor: Actor, grant_id: str, agreement_until: date) -> Grant:
        """Move an agreement's last day, no further than the custodian's current terms reach."""
        raise NotImplementedError

    # ---- what stands now ----------------------------------------------------------------------------------------

    def standing(self, project_id: str, *, at: datetime | None = None) -> ProjectStanding:
        """Judge every condition of a project, now or at another moment."""
        raise NotImplementedError

    def admitted(self, project_id: str) -> dict[str, datetime]:
        """Return who may enter the project's workspace now, and until when."""
        raise NotImplementedError

    def granted(self, project_id: str, person_id: str) -> list[Granted]:
        """Return what this person's session may hold now."""
        raise NotImplementedError

    def is_member(self, project_id: str, person_id: str) -> bool:
        """Say whether a person is or ever was a member of the project: such a person never checks its results."""
        raise NotImplementedError

    def register(self) -> list[RegisterEntry]:
        """Return the public register of approved projects, newest first."""
        raise NotImplementedError

    def agree_to_be_named(self, actor: Actor, project_id: str, *, agree: bool) -> None:
        """Let the public register name this member, or no longer."""
        raise NotImplementedError

    def chase(self) -> int:
        """Act on passed deadlines: tell whoever is waited for, lapse old drafts; return how many were acted on."""
        raise NotImplementedError
