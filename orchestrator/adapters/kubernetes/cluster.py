"""A cluster's API server: read, write, watch and count, with plain JSON objects.

Every method may be called from any thread. ``None`` says that there is no such thing; everything else that is not the
answer asked for is one of our errors: ``Refused`` with the API server's words (quota, admission, our own rights),
``Conflict``, ``NotFound`` (the namespace to write into is not there), ``NotPossible`` (it is being removed) and
``Unavailable``, whose ``unknown_outcome`` says that a write may have happened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from urllib3.exceptions import HTTPError

from orchestrator.core.errors import Conflict, NotFound, Unavailable

from .answers import Answer, Expired, error_from
from .kinds import Kind, kind_of
from .transport import Call, Repeat, Transport, configuration

__all__ = ["FIELD_MANAGER", "Change", "Cluster", "Expired", "Listing"]

FIELD_MANAGER = "tre-controller"
_PAGE = 500


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a list held, and the version a watch goes on from."""

    items: list[dict[str, Any]] = field(default_factory=list)
    resource_version: str = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing a watch said: ADDED, MODIFIED, DELETED, or BOOKMARK, which only carries a version."""

    type: str
    object: dict[str, Any]

    @property
    def resource_version(self) -> str:
        """The version a watch goes on from after this."""
        return str(self.object.get("metadata", {}).get("resourceVersion", ""))


class Cluster:
    """Asks one cluster's API server."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def connect(cls, kubeconfig: Path | None = None, context: str | None = None, **limits: float) -> Cluster:
        """Reach the cluster of a kubeconfig, or without one the cluster this pod runs in; asks nothing yet."""
        return cls(Transport(configuration(kubeconfig, context), **limits))  # type: ignore[arg-type]

    def guarded(self, guard: Callable[[], None]) -> Cluster:
        """Return this cluster with a check right before every write; whoever lost the lead raises there."""
        return Cluster(self._transport.guarded(guard))

    @property
    def calls(self) -> dict[str, int]:
        """How many calls were sent so far, by verb."""
        return self._transport.counts()

    @cached_property
    def server_version(self) -> str:
        """What the API server calls its own version, such as v1.36.3; asked once."""
        return str(self._transport.ask(Call(verb="get", method="GET", path="/version")).get("gitVersion", ""))

    def get(self, kind: Kind, name: str, namespace: str = "") -> dict[str, Any] | None:
        """Return one object, or ``None``."""
        return self.read(kind.path(namespace, name))

    def read(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any] | None:
        """Return what the API server has at a path, for what is no object of our kinds; ``None`` when nothing."""
        try:
            return self._transport.ask(Call(verb="get", method="GET", path=path, query=query or {}))
        except NotFound:
            return None

    def list(
        self, kind: Kind, namespace: str = "", selector: str = "", *, fields: str = "", not_older_than: str = ""
    ) -> Listing:
        """Return all objects that match, of one namespace or of all, as of now.

        With ``not_older_than`` (a resource version) the answer may come from the API server's memory, but never from
        before that version.
        """
        query = {"limit": str(_PAGE)}
        query |= {"labelSelector": selector} if selector else {}
        query |= {"fieldSelector": fields} if fields else {}
        if not_older_than:
            query |= {"resourceVersion": not_older_than, "resourceVersionMatch": "NotOlderThan"}
        try:
            return self._pages(kind, kind.path(namespace), query)
        except (
            Expired
        ):  # its pages, or that version, are not remembered: from the first page, and from the store itself
            query = {name: value for name, value in query.items() if not name.startswith("resourceVersion")}
            return self._pages(kind, kind.path(namespace), query)

    def create(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Make an object that is not there yet; ``Conflict`` when it is. A lost answer is not asked for again."""
        return self._write("create", "POST", item, Repeat.ONCE)

    def apply(self, item: Mapping[str, Any], *, manager: str = FIELD_MANAGER, dry_run: bool = False) -> dict[str, Any]:
        """Make the object's fields as given, whoever else set them, and return the whole object (server-side apply).

        With ``metadata.uid`` it changes that very object and makes no new one: ``Conflict`` when that one is gone,
        ``Refused`` when another has its name.
        """
        query = {"fieldManager": manager, "force": "true"} | ({"dryRun": "All"} if dry_run else {})
        return self._write("apply", "PATCH", item, Repeat.IDEMPOTENT, query=query)

    def replace(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Put the object in place of the version it names (``metadata.resourceVersion``); else ``Conflict``."""
        return self._write("update", "PUT", item, Repeat.ONCE)

    def patch(self, kind: Kind, name: str, namespace: str, steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Change single fields (JSON patch); begin with a ``test`` of what the change relies on."""
        return self._transport.ask(
            Call(
                verb="patch",
                method="PATCH",
                path=kind.path(namespace, name),
                query={"fieldManager": FIELD_MANAGER},
                body=[*steps],
                content_type="application/json-patch+json",
                repeat=Repeat.ONCE,
            )
        )

    def scale(self, kind: Kind, name: str, namespace: str, replicas: int) -> None:
        """Set how many pods a Deployment has; ``NotFound`` when it is not there."""
        self._transport.ask(
            Call(
                verb="scale",
                method="PATCH",
                path=kind.path(namespace, name) + "/scale",
                query={"fieldManager": f"{FIELD_MANAGER}-scale"},
                body={"spec": {"replicas": replicas}},
                content_type="application/merge-patch+json",
                repeat=Repeat.IDEMPOTENT,
            )
        )

    def delete(
        self,
        kind: Kind,
        name: str,
        namespace: str = "",
        *,
        uid: str | None = None,
        grace_seconds: int | None = None,
        dependents_first: bool = False,
    ) -> bool:
        """Ask for one object's removal; ``False`` when it (with ``uid``: that very one) is not there any more.

        It is gone only when a later ``get`` says so: pods end first, finalizers are waited for.
        """
        body: dict[str, Any] = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
        }
        body["propagationPolicy"] = "Foreground" if dependents_first else "Background"
        body |= {"preconditions": {"uid": uid}} if uid else {}
        body |= {"gracePeriodSeconds": grace_seconds} if grace_seconds is not None else {}
        repeat = Repeat.IDEMPOTENT if uid else Repeat.ONCE
        call = Call(verb="delete", method="DELETE", path=kind.path(namespace, name), body=body, repeat=repeat)
        try:
            self._transport.ask(call)
        except NotFound:
            return False
        except Conflict:
            held = self.get(kind, name, namespace)
            if held is None or (uid and held["metadata"]["uid"] != uid):
                return False
            if "deletionTimestamp" not in held["metadata"]:
                raise
        return True

    def watch(
        self,
        kind: Kind,
        selector: str = "",
        resource_version: str = "",
        *,
        namespace: str = "",
        seconds: int = 60,
        silence: float | None = None,
    ) -> Iterator[Change]:
        """Say what changes after that version, until ``seconds`` have passed or the API server closes.

        ``Expired`` says: list anew. ``Unavailable`` comes also when nothing, not even the end, was heard for
        ``silence`` seconds: the other side may be gone without a word.
        """
        query = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        query |= {"labelSelector": selector} if selector else {}
        query |= {"resourceVersion": resource_version} if resource_version else {}
        path = kind.path(namespace)
        call = Call(verb="watch", method="GET", path=path, query=query)
        response = self._transport.stream(call, silence=seconds + 10.0 if silence is None else silence)
        try:
            yield from _changes(response, path)
        finally:
            response.close()

    def close(self) -> None:
        """Give all connections back."""
        self._transport.close()

    def _pages(self, kind: Kind, path: str, query: dict[str, str]) -> Listing:
        items: list[dict[str, Any]] = []
        query = dict(query)
        while True:
            page = self._transport.ask(Call(verb="list", method="GET", path=path, query=query))
            items += [{**item, "apiVersion": kind.api_version, "kind": kind.name} for item in page.get("items") or []]
            metadata = page.get("metadata", {})
            if not metadata.get("continue"):
                return Listing(items=items, resource_version=str(metadata.get("resourceVersion", "")))
            query["continue"] = metadata["continue"]
            query.pop("resourceVersion", None)
            query.pop("resourceVersionMatch", None)

    def _write(
        self,
        verb: str,
        method: str,
        item: Mapping[str, Any],
        repeat: Repeat,
        *,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        kind, metadata = kind_of(item), item["metadata"]
        path = kind.path(metadata.get("namespace", ""), metadata["name"] if verb != "create" else "")
        return self._transport.ask(
            Call(
                verb=verb,
                method=method,
                path=path,
                query=query or {"fieldManager": FIELD_MANAGER},
                body=item,
                content_type="application/apply-patch+yaml" if verb == "apply" else "application/json",
                repeat=repeat,
            )
        )


def _changes(response: Any, path: str) -> Iterator[Change]:
    for line in _lines(response, path):
        try:
            said = json.loads(line)
            change = Change(type=said["type"], object=said["object"])
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"The watch of {path} was cut off; it is opened again.", system="kubernetes") from error
        if change.type == "ERROR":
            status = int(change.object.get("code", 500))
            raise error_from(Answer(status=status, body=change.object), path, reads=True)
        yield change


def _lines(response: Any, path: str) -> Iterator[bytes]:
    held = b""
    try:
        for chunk in response.stream(65536, decode_content=True):
            *lines, held = (held + chunk).split(b"\n")
            yield from (line for line in lines if line)
    except HTTPError as error:
        raise Unavailable(
            f"The watch of {path} fell silent ({type(error).__name__}); it is opened again.", system="kubernetes"
        ) from error
