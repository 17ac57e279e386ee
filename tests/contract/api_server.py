"""A small API server of our own, over real HTTP: objects, versions, watches, applying, deletion, and faults on demand.

It keeps what the adapter relies on (versions that only grow, lists and watches of one version, preconditions, server-
side apply by manager) and leaves out the rest. The real API server is asked the same in ``tests/cluster``.
"""

from __future__ import annotations

import copy
import json
import re
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from kubernetes.client.configuration import Configuration

from orchestrator.adapters.kubernetes.kinds import KINDS

_PATH = re.compile(
    r"/(?:api/v1|apis/[^/]+/[^/]+)(?:/namespaces/(?P<namespace>[^/]+)(?=/))?/(?P<plural>[a-z]+)"
    r"(?:/(?P<name>[^/]+))?(?:/(?P<sub>scale|status))?$"
)
_KINDS = {kind.plural: kind for kind in KINDS.values()}
_LINGERING = 3
"""For how many calls a pod or namespace is still there after its deletion was asked for."""
Thing = dict[str, Any]
Key = tuple[str, str, str]


@dataclass
class Fault:
    """What goes wrong with one call: a status, a lost answer (``before`` or ``after`` the effect), a pause, a lie."""

    status: int = 0
    retry_after: str = ""
    lose: str = ""
    pause: float = 0.0
    stale: bool = False
    body: Thing = field(default_factory=dict)


class Problem(Exception):
    def __init__(self, status: int, reason: str, message: str, **details: Any) -> None:
        self.status, self.body = status, _status(status, reason, message, details)


class ApiServer:
    """``fault`` is asked at every call (its number from 1, its verb, its path) what goes wrong with it."""

    def __init__(self) -> None:
        self.objects: dict[Key, Thing] = {}
        self.applied: dict[tuple[Key, str], Thing] = {}
        self.log: list[tuple[int, str, Thing]] = []
        self.version = 100
        self.oldest = 0
        self.calls: Counter[str] = Counter()
        self.fault: Callable[[int, str, str], Fault | None] = lambda _number, _verb, _path: None
        self.quota: Callable[[Thing], str] = lambda _thing: ""
        self.close_watches_after: float = 60.0
        self.silent = False
        self.changed = threading.Condition(threading.RLock())
        self.number = 0
        self.ending: dict[Key, int] = {}

    @property
    def writes(self) -> int:
        return sum(count for verb, count in self.calls.items() if verb not in {"get", "list", "watch"})

    @contextmanager
    def serving(self) -> Iterator[Configuration]:
        server = _Server(("127.0.0.1", 0), _Handler)
        server.api = self
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        settings = Configuration(host=f"http://127.0.0.1:{server.server_port}")
        settings.connection_pool_maxsize = 48
        try:
            yield settings
        finally:
            self.close_watches_after = 0.0
            server.shutdown()
            server.server_close()

    # --- what tests do by hand, as another person or another controller would -------------------------------------

    def edit(self, plural: str, namespace: str, name: str, change: Callable[[Thing], None]) -> None:
        with self.changed:
            thing = copy.deepcopy(self.objects[plural, namespace, name])
            change(thing)
            self._store((plural, namespace, name), thing)

    def put(self, thing: Thing) -> Thing:
        with self.changed:
            kind = KINDS[thing["apiVersion"], thing["kind"]]
            metadata = thing["metadata"]
            return self._create((kind.plural, metadata.get("namespace", ""), metadata["name"]), thing)

    def take(self, plural: str, namespace: str, name: str) -> None:
        with self.changed:
            self._drop((plural, namespace, name))

    def picture(self) -> dict[Key, Thing]:
        """All objects without what differs from run to run."""
        with self.changed:
            return {key: _plain(thing) for key, thing in self.objects.items()}

    def forget_versions(self) -> None:
        """From now on every version before this one has expired (410)."""
        with self.changed:
            self.oldest = self.version + 1
            self.version += 2
            self.changed.notify_all()

    # --- verbs --------------------------------------------------------------------------------------------------

    def listing(self, plural: str, namespace: str, query: dict[str, str], *, stale: bool) -> Thing:
        at = self.version
        if "continue" in query:
            at, start = (int(part) for part in query["continue"].split("-"))
            if at < self.oldest:
                raise Problem(410, "Expired", "The provided continue parameter is too old")
        else:
            start = 0
            wanted = int(query.get("resourceVersion", "0"))
            if wanted > self.version:
                raise Problem(
                    504, "Timeout", "Too large resource version", causes=[{"reason": "ResourceVersionTooLarge"}]
                )
            if stale:
                at = max(wanted if query.get("resourceVersionMatch") == "NotOlderThan" else 0, self.oldest, at - 8)
        things = [thing for key, thing in sorted(self._as_of(at).items()) if key[0] == plural]
        things = [thing for thing in things if _chosen(thing, namespace, query)]
        end = start + int(query.get("limit", "500"))
        more = f"{at}-{end}" if end < len(things) else ""
        kept = [
            {name: value for name, value in thing.items() if name not in {"kind", "apiVersion"}} for thing in things
        ]
        return {"metadata": {"resourceVersion": str(at), "continue": more}, "items": kept[start:end]}

    def begin_watch(self, query: dict[str, str]) -> Thing:
        if int(query.get("resourceVersion", "0")) < self.oldest:
            raise Problem(410, "Expired", "too old resource version")
        return {}

    def create(self, key: Key, thing: Thing) -> Thing:
        if key in self.objects:
            raise Problem(409, "AlreadyExists", f'{key[0]} "{key[2]}" already exists')
        self._admit(key, thing)
        return self._create(key, thing)

    def apply(self, key: Key, thing: Thing, manager: str) -> Thing:
        before = self.objects.get(key)
        uid = thing["metadata"].get("uid")
        if uid and (before is None or before["metadata"]["uid"] != uid):
            raise Problem(409 if before is None else 422, "Conflict" if before is None else "Invalid", "uid differs")
        if before is None:
            self._admit(key, thing)
            self.applied[key, manager] = copy.deepcopy(thing)
            return self._create(key, thing)
        merged = _merged(before, _without(self.applied.get((key, manager), {}), thing), thing)
        self.applied[key, manager] = copy.deepcopy(thing)
        return before if merged == before else self._store(key, merged)

    def replace(self, key: Key, thing: Thing) -> Thing:
        before = self._known(key)
        if thing["metadata"].get("resourceVersion") != before["metadata"]["resourceVersion"]:
            raise Problem(409, "Conflict", "the object has been modified")
        return self._store(key, thing)

    def patch(self, key: Key, steps: list[Thing]) -> Thing:
        thing = copy.deepcopy(self._known(key))
        for step in steps:
            *path, last = [part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]]
            there: Any = thing
            for part in path:
                there = there[int(part) if isinstance(there, list) else part]
            if step["path"] == "/metadata/resourceVersion" and step["value"] != there[last]:
                raise Problem(409, "Conflict", "the object has been modified")
            if step["op"] == "remove":
                del there[last]
            else:
                there[last] = step["value"]
        return self._store(key, thing)

    def scale(self, key: Key, replicas: int) -> Thing:
        thing = copy.deepcopy(self._known(key))
        thing["spec"]["replicas"] = replicas
        self._store(key, thing)
        return {"spec": {"replicas": replicas}}

    def delete(self, key: Key, options: Thing) -> Thing:
        before = self._known(key)
        uid = options.get("preconditions", {}).get("uid")
        if uid and uid != before["metadata"]["uid"]:
            raise Problem(409, "Conflict", "Precondition failed: UID in precondition")
        slow = key[0] in {"pods", "namespaces"} or before["metadata"].get("finalizers")
        if not slow:
            self._drop(key)
            return before
        thing = copy.deepcopy(before)
        thing["metadata"].setdefault("deletionTimestamp", "2026-01-01T00:00:00Z")
        if key[0] == "namespaces":
            thing["status"] = {"phase": "Terminating", "conditions": []}
        return self._store(key, thing)

    def work(self) -> None:
        """Do what the cluster's controllers do meanwhile; called after every call, so that runs are repeatable."""
        for key, thing in list(self.objects.items()):
            if "deletionTimestamp" in thing["metadata"] and not thing["metadata"].get("finalizers"):
                since = self.ending.setdefault(key, self.number)
                if self.number - since >= _LINGERING:
                    self._end(key)
            status, spec = thing.get("status", {}), thing.get("spec", {})
            if status.get("phase") == "Released" and spec["persistentVolumeReclaimPolicy"] == "Delete":
                self._drop(key)

    def _end(self, key: Key) -> None:
        for other in [other for other in self.objects if key[0] == "namespaces" and other[1] == key[2]]:
            self._drop(other)
        self._drop(key)
        del self.ending[key]

    # --- inside -------------------------------------------------------------------------------------------------

    def _known(self, key: Key) -> Thing:
        if key not in self.objects:
            raise Problem(404, "NotFound", f'{key[0]} "{key[2]}" not found')
        return self.objects[key]

    def _admit(self, key: Key, thing: Thing) -> None:
        if key[1]:
            namespace = self.objects.get(("namespaces", "", key[1]))
            if namespace is None:
                raise Problem(404, "NotFound", f'namespaces "{key[1]}" not found')
            if "deletionTimestamp" in namespace["metadata"]:
                causes = [{"reason": "NamespaceTerminating"}]
                raise Problem(403, "Forbidden", "because it is being terminated", causes=causes)
        refusal = self.quota(thing)
        if refusal:
            raise Problem(403, "Forbidden", refusal)

    def _create(self, key: Key, thing: Thing) -> Thing:
        thing = copy.deepcopy(thing)
        thing["metadata"]["uid"] = str(uuid.uuid4())
        if key[0] == "persistentvolumeclaims" and thing["spec"].get("storageClassName"):
            self._provide(thing)
        return self._store(key, thing, "ADDED")

    def _provide(self, claim: Thing) -> None:
        """Be the storage driver: make a volume for the claim and bind both."""
        name = f"pvc-{claim['metadata']['uid']}"
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": "driver.example"}},
            "spec": {
                "persistentVolumeReclaimPolicy": "Delete",
                "claimRef": {"namespace": claim["metadata"]["namespace"], "uid": claim["metadata"]["uid"]},
            },
            "status": {"phase": "Bound"},
        }
        claim["spec"]["volumeName"] = name
        self._create(("persistentvolumes", "", name), volume)

    def _store(self, key: Key, thing: Thing, change: str = "MODIFIED") -> Thing:
        self.version += 1
        thing = copy.deepcopy(thing)
        thing["metadata"]["resourceVersion"] = str(self.version)
        self.objects[key] = thing
        self._say(change, thing)
        return thing

    def _drop(self, key: Key) -> None:
        thing = copy.deepcopy(self.objects.pop(key))
        self.version += 1
        thing["metadata"]["resourceVersion"] = str(self.version)
        self._say("DELETED", thing)
        name = thing["spec"].get("volumeName") if key[0] == "persistentvolumeclaims" else None
        for manager in [manager for held, manager in self.applied if held == key]:
            del self.applied[key, manager]
        if ("persistentvolumes", "", name) in self.objects:
            self.edit("persistentvolumes", "", str(name), lambda volume: volume.update(status={"phase": "Released"}))

    def _say(self, change: str, thing: Thing) -> None:
        self.log.append((self.version, change, thing))
        self.changed.notify_all()

    def _as_of(self, version: int) -> dict[Key, Thing]:
        if version >= self.version:
            return self.objects
        found: dict[Key, Thing] = {}
        for at, change, thing in self.log:
            key = (_KINDS_BY[thing["kind"]], thing["metadata"].get("namespace", ""), thing["metadata"]["name"])
            if at <= version:
                found[key] = thing
                if change == "DELETED":
                    del found[key]
        return found


_KINDS_BY = {kind.name: kind.plural for kind in KINDS.values()}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    block_on_close = False
    api: ApiServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, *_args: Any) -> None: ...

    def _serve(self) -> None:
        api, parts = self.server.api, urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        verb = self._verb(query, parts.path)
        with api.changed:
            api.number += 1
            api.calls[verb] += 1
            fault = api.fault(api.number, verb, parts.path) or Fault()
        time.sleep(fault.pause)
        if fault.lose == "before":
            self._hang_up()
            return
        if fault.status:
            whole = fault.body or _status(fault.status, "Fault", "asked for by the test", {})
            self._answer(fault.status, whole, fault.retry_after)
            return
        try:
            with api.changed:
                answer = self._do(verb, parts.path, query, body, stale=fault.stale)
                answer = copy.deepcopy(answer)
                if verb != "watch":
                    api.work()
        except Problem as problem:
            self._answer(problem.status, problem.body)
            return
        if fault.lose == "after":
            self._hang_up()
            return
        if verb == "watch":
            self._watch(parts.path, query)
        else:
            self._answer(200, answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the library's names

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _verb(self, query: dict[str, str], path: str) -> str:
        if self.command == "GET":
            named = _PATH.match(path)
            return "watch" if "watch" in query else "get" if not named or named["name"] else "list"
        if self.command == "PATCH":
            return "apply" if "apply" in self.headers.get("Content-Type", "") else "patch"
        return {"POST": "create", "PUT": "update", "DELETE": "delete"}[self.command]

    def _do(self, verb: str, path: str, query: dict[str, str], body: Any, *, stale: bool) -> Thing:
        api = self.server.api
        if path == "/version":
            return {"gitVersion": "v0.0.0-test"}
        named = _PATH.match(unquote(path))
        if named is None or named["plural"] not in _KINDS:
            raise Problem(404, "NotFound", path)
        plural, namespace = named["plural"], named["namespace"] or ""
        if plural == "namespaces":
            namespace = ""
        key = (plural, namespace, named["name"] or (body["metadata"]["name"] if verb == "create" else ""))
        doing: dict[str, Callable[[], Thing]] = {
            "watch": lambda: api.begin_watch(query),
            "list": lambda: api.listing(plural, namespace, query, stale=stale),
            "get": lambda: api._known(key),
            "apply": lambda: api.apply(key, body, query["fieldManager"]),
            "create": lambda: api.create(key, body),
            "update": lambda: api.replace(key, body),
            "delete": lambda: api.delete(key, body),
            "patch": lambda: api.scale(key, body["spec"]["replicas"]) if named["sub"] else api.patch(key, body),
        }
        return doing[verb]()

    def _watch(self, path: str, query: dict[str, str]) -> None:
        api, named = self.server.api, _PATH.match(path)
        assert named is not None
        kind = _KINDS[named["plural"]].name
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        said, ends = int(query.get("resourceVersion", "0")), time.monotonic() + int(query["timeoutSeconds"])
        began = time.monotonic()
        shown: set[str] = set()
        while time.monotonic() < ends and time.monotonic() - began < api.close_watches_after:
            with api.changed:
                if said < api.oldest:
                    error = _status(410, "Expired", "too old resource version", {})
                    self._chunk({"type": "ERROR", "object": error})
                    break
                news = [] if api.silent else [entry for entry in api.log if entry[0] > said]
                if not news:
                    api.changed.wait(0.2)
                    continue
                said = api.version
            for _, change, thing in news:
                self._tell(kind, query, change, thing, shown)
        self.wfile.write(b"0\r\n\r\n")

    def _tell(self, kind: str, query: dict[str, str], change: str, thing: Thing, shown: set[str]) -> None:
        if thing["kind"] != kind:
            return
        if not _chosen(thing, "", query):
            change = "DELETED"  # it no longer matches: to this watch it is gone
        self._chunk({"type": change, "object": thing})
        shown.add(thing["metadata"]["uid"])

    def _chunk(self, content: Thing) -> None:
        line = json.dumps(content).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()

    def _answer(self, status: int, body: Thing, retry_after: str = "") -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(raw)


def _status(status: int, reason: str, message: str, details: Thing) -> Thing:
    return {"kind": "Status", "code": status, "reason": reason, "message": message, "details": details}


def _chosen(thing: Thing, namespace: str, query: dict[str, str]) -> bool:
    if namespace and thing["metadata"].get("namespace") != namespace:
        return False
    labels = thing["metadata"].get("labels", {})
    wanted = [pair.partition("=") for pair in query.get("labelSelector", "").split(",") if pair]
    return all(labels.get(name) == value for name, _, value in wanted)


def _without(before: Any, now: Any) -> Any:
    """What this manager set before and sets no longer: a tree of names, empty at each leaf."""
    found = {}
    for name, value in before.items():
        if name not in now:
            found[name] = {}
        elif isinstance(value, dict) and isinstance(now[name], dict):
            below = _without(value, now[name])
            found |= {name: below} if below else {}
    return found


def _merged(live: Thing, gone: Thing, wanted: Thing) -> Thing:
    merged = copy.deepcopy(live)
    for name, below in gone.items():
        if below and isinstance(merged.get(name), dict):
            merged[name] = _merged(merged[name], below, {})
        else:
            merged.pop(name, None)
    for name, value in wanted.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merged(merged[name], {}, value) if both else copy.deepcopy(value)
    return merged


def _plain(thing: Thing) -> Thing:
    plain = copy.deepcopy(thing)
    for name in ("uid", "resourceVersion"):
        plain["metadata"].pop(name)
    return plain
