"""Makes a project's leases and unsealed data agree with its grants, again and again; takes away before it gives.

Nothing here remembers anything: every call looks at what Vault and the agent really hold. So it does not matter where
the last call was cut off, or whether an answer was lost. What was done is returned, for the caller to record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from ..core.clock import Clock
from ..core.errors import Invalid, NotFound, NotPossible, OrchestratorError, Refused, Unavailable
from .model import ClearFile, DatabaseGrant, Lease, LeaseChanges, LeasePlan, SealedVersion, Wanted
from .ports import DatasetAgent, Prefixes, SealedStore, VaultPort
from .rules import plan_leases

__all__ = ["Credentials"]

_AGENT_LIFE = timedelta(days=30)


class Credentials:
    """The use cases of leases; for the controller alone."""

    def __init__(
        self,
        *,
        vault: VaultPort,
        agent: DatasetAgent,
        store: SealedStore,
        clock: Clock,
        prefixes: Prefixes | None = None,
    ) -> None:
        """``prefixes`` are those of the settings' object stores, where there are any."""
        self._vault = vault
        self._agent = agent
        self._store = store
        self._prefixes = prefixes
        self._clock = clock

    def seal_version(self, version_id: str, source: Path) -> SealedVersion:
        """Seal a dataset version that arrived as clear files, under a key of its own. Repeatable."""
        self._vault.prepare_version(version_id)
        data_key, wrapped_key = self._vault.new_data_key(version_id)
        return self._store.seal(version_id, source, data_key, wrapped_key)

    def take_stock(self, store: str, prefix: str) -> tuple[ClearFile, ...]:
        """Return the manifest of what lies below a custodian's prefix now. Repeatable."""
        return self._known_prefixes().take_stock(store, prefix)

    def register_database(self, grant: DatabaseGrant) -> None:
        """Make a dataset version's views readable through roles drawn for one session. Repeatable."""
        self._vault.prepare_database(grant)

    def ensure_leases(self, project_id: str, wanted: Sequence[Wanted]) -> LeaseChanges:
        """Make the awake project hold exactly what is wanted, starting its agent when that does not answer.

        What is no longer wanted is wiped before Vault is asked for anything, so that it goes also in an outage.
        """
        gone = self._wipe_unwanted(project_id, wanted)
        restarted = self._ensure_agent(project_id)
        life = self._agent.life(project_id)
        leases = self._vault.leases(project_id)
        restarted = restarted or self._lost_all(project_id, leases)
        plan = self._plan(project_id, wanted, leases)
        for lease in plan.revoke:
            self._vault.revoke_lease(lease.accessor)
        for version_id in plan.wipe:
            self._agent.wipe(project_id, version_id)
        issued, failed = self._deliver(project_id, plan)
        holding, held = self._agent.holding(project_id), self._agent.held(project_id)
        return LeaseChanges(
            issued=tuple(issued),
            revoked=plan.revoke,
            wiped=tuple(sorted({*gone, *plan.wipe})),
            failed=failed,
            incidents=tuple(self._agent.incidents(project_id)),
            agent_restarted=restarted,
            agent_life=life,
            directories={version: path for version, path in held.items() if version in holding},
            databases=frozenset(want.version_id for want in wanted if want.database and want.version_id in holding),
        )

    def agent_life(self, project_id: str) -> str:
        """Return the word for the life of the project's agent; empty when that does not answer."""
        return self._agent.life(project_id) if self._agent.running(project_id) else ""

    def present(self, project_id: str) -> set[str]:
        """Return the versions that the project's agent has; of a silent one, all that it has leases for.

        An agent that was captured, or hangs, may not answer and still hold what it was given.
        """
        if not self._agent.running(project_id):
            leased = {lease.version_id for lease in self._vault.leases(project_id)}
            return leased | self._agent.may_hold(project_id)
        return self._at_hand(project_id)

    def withdraw(self, project_id: str, version_id: str) -> tuple[Lease, ...]:
        """Take one dataset version away from a project at once; every other version stays. Repeatable.

        An agent that does not answer loses its lease all the same; then it is said that data may be left.
        """
        try:
            self.wipe(project_id, version_id)
        finally:
            ended = self.revoke(project_id, version_id)
        return ended

    def wipe(self, project_id: str, version_id: str) -> None:
        """Have the agent forget one dataset version, data and lease. Repeatable."""
        self._agent.wipe(project_id, version_id)

    def revoke(self, project_id: str, version_id: str) -> tuple[Lease, ...]:
        """Revoke every lease of one dataset version, whatever the agent says; return what they were. Repeatable."""
        ended = tuple(lease for lease in self._vault.leases(project_id) if lease.version_id == version_id)
        for lease in ended:
            self._vault.revoke_lease(lease.accessor)
        return ended

    def open_databases(self, project_id: str, session_id: str, databases: Sequence[DatabaseGrant]) -> Mapping[str, str]:
        """Open a session's database relays under the leases that the agent holds; return their addresses by name."""
        leases = {lease.accessor: lease for lease in self._vault.leases(project_id)}
        holding = self._agent.holding(project_id)
        addresses: dict[str, str] = {}
        for grant in databases:
            lease = leases.get(holding.get(grant.version_id, ""))
            if lease is None:
                raise Refused(f"There is no living lease for the database “{grant.name}”: its grant may have ended.")
            addresses[grant.name] = self._agent.open_database(project_id, session_id, lease, grant)
        return addresses

    def close_session(self, project_id: str, session_id: str) -> None:
        """End a session's database relays and roles. Repeatable."""
        self._agent.close_session(project_id, session_id)

    def close_project(self, project_id: str) -> None:
        """Take everything away from a project that sleeps or ends. Repeatable.

        Data go even when the Vault cannot be reached; the error then says that leases remain, until they run out or
        until this is repeated.
        """
        try:
            self._vault.revoke_project(project_id)
        finally:
            self._agent.stop(project_id)

    def projects(self) -> set[str]:
        """Return every project that holds anything: an agent, a lease, data in memory."""
        return self._vault.projects() | self._agent.projects()

    def close_orphans(self, awake: frozenset[str]) -> set[str]:
        """Close every project that holds anything although it should not be awake; return them."""
        orphans = self.projects() - awake
        for project_id in orphans:
            self.close_project(project_id)
        return orphans

    def _wipe_unwanted(self, project_id: str, wanted: Sequence[Wanted]) -> set[str]:
        now = self._clock()
        held = self._at_hand(project_id) if self._agent.running(project_id) else set()
        gone = held - {want.version_id for want in wanted if want.until > now}
        for version_id in gone:
            self._agent.wipe(project_id, version_id)
        return gone

    def _at_hand(self, project_id: str) -> set[str]:
        agent = self._agent
        return {*agent.holding(project_id), *agent.held(project_id), *agent.may_hold(project_id)}

    def _ensure_agent(self, project_id: str) -> bool:
        if self._agent.running(project_id):
            self._agent.keep(project_id)
            return False
        if not self._agent.comes_back(project_id):
            self._vault.revoke_project(project_id)
            self._agent.stop(project_id)
        self._agent.start(self._vault.open_agent(project_id, self._clock() + _AGENT_LIFE))
        return True

    def _lost_all(self, project_id: str, leases: Sequence[Lease]) -> bool:
        """Say whether the agent came back by itself, with nothing of what was issued to it."""
        return bool(leases) and not self._agent.holding(project_id) and not self._agent.held(project_id)

    def _plan(self, project_id: str, wanted: Sequence[Wanted], leases: Sequence[Lease]) -> LeasePlan:
        return plan_leases(
            wanted=wanted,
            leases=leases,
            holding=self._agent.holding(project_id),
            unsealed=frozenset(self._agent.held(project_id)),
            now=self._clock(),
        )

    def _deliver(self, project_id: str, plan: LeasePlan) -> tuple[list[Lease], dict[str, str]]:
        """Issue and deliver; a dataset that cannot be delivered does not keep the others back."""
        issued: list[Lease] = []
        failed: dict[str, str] = {}
        for want in (*plan.issue, *plan.replace):
            try:
                lease = self._vault.lease(project_id, want.grant_id, want.version_id, want.until)
                issued.append(lease)
                self._agent.adopt(lease)
            except OrchestratorError as error:
                failed[want.version_id] = error.message
        for want in plan.unseal + tuple(want for want in plan.issue if want.brought and want not in plan.unseal):
            if want.version_id in failed:
                continue
            try:
                self._bring(project_id, want)
            except (Invalid, NotFound, NotPossible, Refused, Unavailable) as error:
                failed[want.version_id] = error.message
        return issued, failed

    def _bring(self, project_id: str, want: Wanted) -> None:
        held = Lease(
            project_id=project_id,
            grant_id=want.grant_id,
            version_id=want.version_id,
            accessor="",
            wrapped_token="",  # the agent has it already
            until=want.until,
        )
        if want.sealed is not None:
            self._agent.unseal(project_id, held, want.sealed, self._store.source(want.version_id))
        elif want.objects is not None:
            lies = want.objects
            source = self._known_prefixes().source(lies.store, lies.prefix, lies.version_id)
            self._agent.stage(project_id, held, lies, source)

    def _known_prefixes(self) -> Prefixes:
        if self._prefixes is None:
            raise NotPossible("This installation knows no object store: an operator names it in tre.yaml.")
        return self._prefixes
