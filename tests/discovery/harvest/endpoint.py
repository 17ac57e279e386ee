"""A custodian's endpoint on loopback: a real HTTP server that can be made to misbehave, and notes what is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Asked:
    """One request as it came over the wire."""

    path: str
    headers: dict[str, str]


@dataclass
class CustodianEndpoint:
    """What the endpoint holds and how it behaves; changed by tests while it runs."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    listed_versions: dict[str, str] = field(default_factory=dict)
    """Where the list says another version than the record."""
    key: str = ""
    """Wanted as ``Authorization: Bearer`` or ``apikey``."""
    paging: bool = True
    total: bool = True
    etags: bool = True
    on_list: Reply | None = None
    on_record: dict[str, Reply] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def put(self, identifier: str, version: str = "1.0.0", **more: Any) -> dict[str, Any]:
        record = {
            "identifier": identifier,
            "version": version,
            "issued": "2026-01-01T00:00:00Z",
            "modified": f"2026-01-02T00:00:00Z#{version}",
            "summary": {"title": f"Dataset {identifier}", "abstract": f"About {identifier}.", **more},
        }
        self.records[identifier] = record
        return record

    def records_asked(self) -> list[str]:
        """The identifiers whose records were asked for, in order."""
        paths = [urlsplit(each.path).path for each in self.asked]
        return [unquote(path.rpartition("/")[2]) for path in paths if path.startswith("/api/datasets/")]

    def lists_asked(self) -> int:
        return sum(urlsplit(each.path).path == "/api/datasets" for each in self.asked)

    def page(self, offset: int, limit: int) -> dict[str, Any]:
        everything = [
            {
                "@schema": "2.0.2",
                "type": "dataset",
                "persistentId": identifier,
                "name": record["summary"]["title"],
                "description": "…",
                "version": self.listed_versions.get(identifier, record["version"]),
                "self": f"{self.address}/datasets/{identifier}",
                "issued": record["issued"],
                "modified": record["modified"],
                "source": "Test",
            }
            for identifier, record in self.records.items()
        ]
        items = everything[offset : offset + limit] if self.paging else everything
        query = {"total": len(everything), "limit": limit, "offset": offset}
        return {"query": query, "items": items} if self.total else {"items": items}


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def says(body: bytes | str, status: int = 200, **headers: str) -> Reply:
    """A reply that is always the same."""
    content = body.encode() if isinstance(body, str) else body
    return lambda handler: answer(handler, status, content, **headers)


def redirects(location: str, status: int = 302) -> Reply:
    return lambda handler: answer(handler, status, b"", location=location)


@contextmanager
def running(endpoint: CustodianEndpoint) -> Iterator[CustodianEndpoint]:
    """Serve an endpoint on a free port of loopback until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """Say nothing."""

        def do_GET(self) -> None:
            with endpoint.lock:
                endpoint.asked.append(Asked(self.path, {k.lower(): v for k, v in self.headers.items()}))
            try:
                _reply(endpoint, self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    endpoint.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _reply(endpoint: CustodianEndpoint, handler: BaseHTTPRequestHandler) -> None:
    parts = urlsplit(handler.path)
    given = (handler.headers.get("authorization"), handler.headers.get("apikey"))
    if endpoint.key and given not in ((f"Bearer {endpoint.key}", None), (None, endpoint.key)):
        answer(handler, 401, b'{"error": "expired"}')
    elif parts.path == "/api/datasets":
        _reply_list(endpoint, handler, parse_qs(parts.query))
    elif parts.path.startswith("/api/datasets/"):
        _reply_record(endpoint, handler, unquote(parts.path.removeprefix("/api/datasets/")))
    else:
        answer(handler, 404, b"{}")


def _reply_list(endpoint: CustodianEndpoint, handler: BaseHTTPRequestHandler, query: dict[str, list[str]]) -> None:
    if endpoint.on_list is not None:
        endpoint.on_list(handler)
        return
    page = endpoint.page(int(query["offset"][0]), int(query["limit"][0]))
    answer(handler, 200, json.dumps(page).encode())


def _reply_record(endpoint: CustodianEndpoint, handler: BaseHTTPRequestHandler, identifier: str) -> None:
    if identifier in endpoint.on_record:
        endpoint.on_record[identifier](handler)
        return
    record = endpoint.records.get(identifier)
    if record is None:
        answer(handler, 404, b"{}")
        return
    etag = f'"{hash(json.dumps(record))}"'
    if endpoint.etags and handler.headers.get("if-none-match") == etag:
        handler.send_response(304)
        handler.end_headers()
        return
    headers = {"etag": etag} if endpoint.etags else {}
    answer(handler, 200, json.dumps(record).encode(), **headers)
