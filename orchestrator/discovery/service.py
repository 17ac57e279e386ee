"""Use cases of the catalogue: register, describe, add versions, withdraw, find."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from orchestrator.alliance.onboarding.presence import check_present
from orchestrator.audit.record import Change, Record
from orchestrator.core.errors import NotFound, NotPossible
from orchestrator.core.events import Event, Json
from orchestrator.core.ids import new_id
from orchestrator.identity.asking import Asking
from orchestrator.policy.model import Actor, Thing
from orchestrator.policy.service import Policy

from . import rules, store
from .arrivals import Arrivals
from .catalogue.offering import check_edition, follow, follow_withdrawal, standing_edition
from .model import (
    DATASET_STATES,
    VERSION_STATES,
    Dataset,
    DatasetState,
    DatasetVersion,
    Delivery,
    ManifestFile,
    VersionState,
)
from .store import DatasetRow, VersionRow

__all__ = ["Custodians", "DiscoveryService"]

_SYSTEM = "system:controller"
_OFFERING = frozenset({"describeDataset", "addVersion"})
"""What a custodian that has left does no more."""


class Custodians(Protocol):
    """What the catalogue asks the alliance: does this custodian exist. Raises ``NotFound`` if not."""

    def custodian(self, custodian_id: str) -> Any:
        """Return the custodian."""


class DiscoveryService(Asking):
    """The catalogue. Reading needs no actor: descriptions are public; files are not read through here."""

    def __init__(
        self,
        *,
        record: Record,
        policy: Policy,
        alliance: Custodians,
        arrivals: Arrivals,
        connections: Mapping[str, str] | None = None,
        stores: Mapping[str, str] | None = None,
        volumes: Mapping[str, str] | None = None,
    ) -> None:
        """Connections, object stores and volumes are those in the settings, each with the name of its custodian."""
        super().__init__(record, policy)
        self._alliance = alliance
        self._arrivals = arrivals
        self._connections, self._stores, self._volumes = connections or {}, stores or {}, volumes or {}

    # ---- changes ------------------------------------------------------------------------------------------------

    def register_dataset(
        self, actor: Actor, *, custodian_id: str, name: str, description: Mapping[str, Any]
    ) -> Dataset:
        """Offer a dataset in the name of a custodian; ``description`` must be valid HDR UK 4.0.0."""
        thing = Thing(kind="Custodian", id=custodian_id, attributes={"custodian": custodian_id})
        with self._record.read() as session:
            self._check(session, actor, "registerDataset", thing)
        self._alliance.custodian(custodian_id)
        rules.check_name(name)
        kept = rules.check_description(description)
        row = DatasetRow(
            dataset_id=new_id(),
            custodian_id=custodian_id,
            name=name,
            title=_title(kept),
            description=_text(kept),
            state=DATASET_STATES.start.value,
            registered_at=self._record.clock(),
        )
        with self._record.change() as change:
            self._check(change.session, actor, "registerDataset", thing)
            check_present(change.session, custodian_id, now=self._now())
            try:
                store.dataset_named(change.session, name)
            except NotFound:
                pass
            else:
                raise NotPossible(f"The name “{name}” is taken; choose another one.")
            event = _event("dataset.registered", actor, row, description=rules.text_fingerprint(row.description))
            store.add_dataset(change, row, event=event)
            follow(change, row, actor=actor.person_id, now=self._now())
        return store.to_dataset(row)

    def describing(self, actor: Actor, dataset_id: str) -> tuple[Dataset, int]:
        """Return a dataset to somebody about to describe it anew, and the number of the edition that stands.

        Raises what ``describe_dataset`` would raise.
        """
        with self._record.read() as session:
            self._keeps(session, actor, "describeDataset", dataset_id)
            row = store.dataset_row(session, dataset_id)
            _must_be_listed(row)
            return store.to_dataset(row), standing_edition(session, dataset_id)

    def describe_dataset(
        self, actor: Actor, dataset_id: str, description: Mapping[str, Any], *, edition: int | None = None
    ) -> Dataset:
        """Replace a dataset's description; the one before stays among the versions of its entry in the catalogue.

        ``edition`` is the number of the one that the new one was written from: ``Conflict`` if another stands by now.
        Without it whatever stands is replaced, as a script does whose own file is the source of truth.
        """
        kept = rules.check_description(description)
        with self._record.change() as change:
            self._keeps(change.session, actor, "describeDataset", dataset_id)
            row = store.dataset_row(change.session, dataset_id)
            _must_be_listed(row)
            check_edition(change.session, dataset_id, edition)
            row.title, row.description = _title(kept), _text(kept)
            change.tell(_event("dataset.described", actor, row, description=rules.text_fingerprint(row.description)))
            follow(change, row, actor=actor.person_id, now=self._now())
        return store.to_dataset(row)

    def withdraw_dataset(self, actor: Actor, dataset_id: str, reason: str) -> Dataset:
        """Take a dataset out of the catalogue, with all its versions, for ever."""
        words = rules.check_reason(reason)
        with self._record.change() as change:
            self._keeps(change.session, actor, "withdrawDataset", dataset_id)
            row = store.dataset_row(change.session, dataset_id)
            gone = self._withdraw_whole(change, actor, row, words)
        for version in gone:
            self._arrivals.forget(version.version_id)
        return store.to_dataset(row)

    def withdraw_all(self, change: Change, actor: Actor, custodian_id: str, reason: str) -> list[str]:
        """Take every dataset of a custodian out of the catalogue, within a change in which it leaves.

        The arrivals of its versions are removed by the next ``sweep_arrivals``. Returns the datasets.
        """
        rows = store.all_datasets(change.session, custodian_id=custodian_id)
        for row in rows:
            self._withdraw_whole(change, actor, row, reason)
        return [row.dataset_id for row in rows]

    def add_files_version(self, actor: Actor, dataset_id: str, directory: Path) -> DatasetVersion:
        """Copy a directory of this machine to the arrivals and make it the dataset's next version."""
        with self._record.read() as session:
            self._keeps(session, actor, "addVersion", dataset_id)
        version_id = new_id()
        manifest = self._arrivals.take(version_id, directory)
        files: list[dict[str, Any]] = [asdict(file) for file in manifest]
        try:
            return self._add(
                actor,
                dataset_id,
                version_id,
                delivery=Delivery.FILES,
                fingerprint=rules.files_fingerprint(manifest),
                manifest=_text(files),
            )
        except BaseException:
            self._arrivals.forget(version_id)
            raise

    def add_database_version(
        self, actor: Actor, dataset_id: str, *, connection: str, schema: str, views: Sequence[str]
    ) -> DatasetVersion:
        """Make a set of views of a configured database connection the dataset's next version."""
        custodian_id = self._custodian_keeping(actor, dataset_id)
        known = self._declared(self._connections, custodian_id)
        rules.check_source(connection=connection, schema=schema, views=views, connections=known)
        source = {"connection": connection, "schema": schema, "views": sorted(views)}
        return self._add_named(actor, dataset_id, Delivery.DATABASE, source)

    def add_object_version(self, actor: Actor, dataset_id: str, *, store_name: str, prefix: str) -> DatasetVersion:
        """Make what lies below a prefix of the custodian's object store the dataset's next version.

        The controller reads it once and takes its manifest from there; what is changed there afterwards is refused.
        """
        known = self._declared(self._stores, self._custodian_keeping(actor, dataset_id))
        rules.check_prefix(store_name, prefix, stores=known)
        return self._add_named(actor, dataset_id, Delivery.OBJECT, {"store": store_name, "prefix": prefix})

    def add_volume_version(self, actor: Actor, dataset_id: str, *, volume: str) -> DatasetVersion:
        """Make a volume of the custodian, mounted as it is, the dataset's next version."""
        known = self._declared(self._volumes, self._custodian_keeping(actor, dataset_id))
        rules.check_volume(volume, volumes=known)
        return self._add_named(actor, dataset_id, Delivery.VOLUME, {"volume": volume})

    def mark_sealed(self, version_id: str, manifest: Sequence[ManifestFile] = ()) -> DatasetVersion:
        """Note that the controller sealed a version, or made ready what it names. Repeatable.

        ``manifest`` is what it read where the files are not ours: of objects.
        """
        with self._record.change() as change:
            row = store.version_row(change.session, version_id)
            if row.state != VersionState.SEALED:
                row.state = VERSION_STATES.after(VersionState(row.state), "seal").value
                if manifest:
                    row.manifest = _text([asdict(file) for file in manifest])
                    row.manifest_sha256 = rules.files_fingerprint(manifest)
                change.tell(
                    Event(
                        kind="version.sealed",
                        actor=_SYSTEM,
                        subject=f"version:{version_id}",
                        details={"dataset": row.dataset_id, "manifest": row.manifest_sha256},
                    )
                )
        self._arrivals.forget(version_id)
        return store.to_version(row)

    def withdraw_version(self, actor: Actor, version_id: str, reason: str) -> DatasetVersion:
        """Withdraw a version for ever: every grant on it stops holding at once."""
        words = rules.check_reason(reason)
        with self._record.change() as change:
            row = store.version_row(change.session, version_id)
            self._keeps(change.session, actor, "withdrawVersion", row.dataset_id)
            self._withdraw(change, actor, row, words)
        self._arrivals.forget(version_id)
        return store.to_version(row)

    def sweep_arrivals(self) -> list[str]:
        """Remove plain files of sealed or withdrawn versions, and what an interrupted copy left more than a day ago.

        The controller calls this when it starts and once in a while; it returns the names of what was removed.
        """
        with self._record.read() as session:
            arriving = frozenset(row.version_id for row in store.versions_in(session, VersionState.ARRIVING))
            finished = frozenset(
                row.version_id
                for state in (VersionState.SEALED, VersionState.WITHDRAWN)
                for row in store.versions_in(session, state)
            )
        day_ago = self._record.clock() - timedelta(days=1)
        return self._arrivals.sweep(arriving, finished=finished, older_than=day_ago.timestamp())

    # ---- reading ------------------------------------------------------------------------------------------------

    def datasets(self, *, custodian_id: str | None = None, limit: int | None = None) -> list[Dataset]:
        """Return the datasets on offer by title, all or those of one custodian; words are searched by the index."""
        with self._record.read() as session:
            rows = store.all_datasets(session, custodian_id=custodian_id)
        ordered = sorted(rows, key=lambda row: row.title.casefold())
        return [store.to_dataset(row) for row in (ordered if limit is None else ordered[: max(0, limit)])]

    def dataset(self, dataset_id: str) -> Dataset:
        """Return one dataset by its identifier."""
        with self._record.read() as session:
            return store.to_dataset(store.dataset_row(session, dataset_id))

    def dataset_named(self, name: str) -> Dataset:
        """Return one dataset by its folder-safe name."""
        with self._record.read() as session:
            return store.to_dataset(store.dataset_named(session, name))

    def versions(self, dataset_id: str) -> list[DatasetVersion]:
        """Return a dataset's versions, oldest first."""
        with self._record.read() as session:
            return [store.to_version(row) for row in store.versions_of(session, dataset_id)]

    def version(self, version_id: str) -> DatasetVersion:
        """Return one version."""
        with self._record.read() as session:
            return store.to_version(store.version_row(session, version_id))

    def current_version(self, dataset_id: str) -> DatasetVersion | None:
        """Return the newest sealed version that is not withdrawn, if there is one."""
        sealed = [version for version in self.versions(dataset_id) if version.state is VersionState.SEALED]
        return sealed[-1] if sealed else None

    def versions_in(self, state: VersionState) -> list[DatasetVersion]:
        """Return every version in one state, oldest first: the controller seals those that are ``arriving``."""
        with self._record.read() as session:
            return [store.to_version(row) for row in store.versions_in(session, state)]

    def arrival_directory(self, version_id: str) -> Path:
        """Return where an arriving files version lies until it is sealed."""
        return self._arrivals.place(version_id)

    # ---- inside -------------------------------------------------------------------------------------------------

    def _declared(self, named: Mapping[str, str], custodian_id: str) -> frozenset[str]:
        """Return what leads to this custodian's data; whatever names nobody is nobody's."""
        name = str(self._alliance.custodian(custodian_id).name).casefold()
        return frozenset(each for each, owner in named.items() if owner.casefold() == name)

    def _custodian_keeping(self, actor: Actor, dataset_id: str) -> str:
        """Return the dataset's custodian; raise ``Refused`` unless the actor may add versions in its name."""
        with self._record.read() as session:
            self._keeps(session, actor, "addVersion", dataset_id)
            return store.dataset_row(session, dataset_id).custodian_id

    def _add_named(
        self, actor: Actor, dataset_id: str, delivery: Delivery, source: Mapping[str, str | Sequence[str]]
    ) -> DatasetVersion:
        fingerprint = rules.source_fingerprint(source)
        return self._add(
            actor, dataset_id, new_id(), delivery=delivery, fingerprint=fingerprint, source=_text(dict(source))
        )

    def _keeps(self, session: Session, actor: Actor, action: str, dataset_id: str) -> None:
        """Raise ``Refused`` unless the actor, as he is in this transaction, may do this to the dataset."""
        custodian_id = store.dataset_row(session, dataset_id).custodian_id
        thing = Thing(kind="Dataset", id=dataset_id, attributes={"custodian": custodian_id})
        self._check(session, actor, action, thing)
        if action in _OFFERING:
            check_present(session, custodian_id, now=self._now())

    def _add(
        self, actor: Actor, dataset_id: str, version_id: str, *, delivery: Delivery, fingerprint: str, **content: str
    ) -> DatasetVersion:
        with self._record.change() as change:
            self._keeps(change.session, actor, "addVersion", dataset_id)
            dataset = store.dataset_row(change.session, dataset_id)
            _must_be_listed(dataset)
            row = VersionRow(
                version_id=version_id,
                dataset_id=dataset_id,
                number=store.next_number(change.session, dataset_id),
                delivery=delivery.value,
                state=VERSION_STATES.start.value,
                added_at=self._record.clock(),
                added_by=actor.person_id,
                manifest_sha256=fingerprint,
                manifest=content.get("manifest", "[]"),
                source=content.get("source", "{}"),
            )
            event = Event(
                kind="version.added",
                actor=actor.person_id,
                subject=f"version:{version_id}",
                details={
                    "dataset": dataset_id,
                    "number": row.number,
                    "delivery": delivery.value,
                    "manifest": fingerprint,
                },
            )
            store.add_version(change, row, event=event)
        return store.to_version(row)

    def _withdraw_whole(self, change: Change, actor: Actor, row: DatasetRow, words: str) -> list[VersionRow]:
        """Withdraw a dataset and its versions; return those whose files may still lie in the arrivals."""
        row.state = DATASET_STATES.after(DatasetState(row.state), "withdraw").value
        row.reason = words
        change.tell(_event("dataset.withdrawn", actor, row))
        follow_withdrawal(change, row, actor=actor.person_id, now=self._now())
        gone = [each for each in store.versions_of(change.session, row.dataset_id) if _may_withdraw(each)]
        for version in gone:
            self._withdraw(change, actor, version, words)
        return gone

    def _withdraw(self, change: Change, actor: Actor, row: VersionRow, words: str) -> None:
        row.state = VERSION_STATES.after(VersionState(row.state), "withdraw").value
        row.reason = words
        change.tell(
            Event(
                kind="version.withdrawn",
                actor=actor.person_id,
                subject=f"version:{row.version_id}",
                details={"dataset": row.dataset_id},
            )
        )


def _event(kind: str, actor: Actor, row: DatasetRow, **details: Json) -> Event:
    return Event(
        kind=kind,
        actor=actor.person_id,
        subject=f"dataset:{row.dataset_id}",
        details={"custodian": row.custodian_id, **details},
    )


def _must_be_listed(row: DatasetRow) -> None:
    if row.state != DatasetState.LISTED:
        raise NotPossible("This dataset was withdrawn; register a new one instead.")


def _may_withdraw(row: VersionRow) -> bool:
    return VERSION_STATES.allows(VersionState(row.state), "withdraw")


def _title(description: Mapping[str, Json]) -> str:
    summary = description["summary"]
    return str(summary["title"]) if isinstance(summary, dict) else ""


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
