"""The desk: where an awake project's gate and hub learn what they may do.

On one machine each project has a unix socket, which is the identity: whoever can open it speaks for that project and
for no other. Between pods all projects share one port of the private channel (``channel_desk``), which answers alike.
"""

from __future__ import annotations

import json
import logging
import re
import socketserver
import threading
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from orchestrator.core.clock import iso
from orchestrator.core.errors import Invalid, NotFound, OrchestratorError, Refused
from orchestrator.core.ids import check_id
from orchestrator.identity.service import IdentityService
from orchestrator.workspaces.keeping import WorkspaceKeeper
from orchestrator.workspaces.launching import SessionLauncher
from orchestrator.workspaces.sessions import SessionRegister

__all__ = ["LARGEST_BODY", "DeskParts", "DeskServer", "ProjectDesk", "answer_in_words", "object_from"]

_log = logging.getLogger(__name__)
LARGEST_BODY = 256 * 1024
_STATUS = {"refused": 403, "not-found": 404, "invalid": 422, "not-possible": 409, "conflict": 409, "unavailable": 503}
_SESSION = re.compile(r"/sessions/([a-z2-7]{16})")


class DeskParts:
    """What the desk answers from."""

    def __init__(
        self,
        *,
        identity: IdentityService,
        register: SessionRegister,
        launcher: SessionLauncher,
        keeper: WorkspaceKeeper,
        admitted: Callable[[str], dict[str, datetime]],
    ) -> None:
        self.identity = identity
        self.register = register
        self.launcher = launcher
        self.keeper = keeper
        self.admitted = admitted


class DeskServer:
    """Serves one project's desk in threads of its own until it is closed."""

    def __init__(self, project_id: str, path: Path, parts: DeskParts) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        desk = ProjectDesk(project_id, parts)

        class Handler(_Handler):
            answer = staticmethod(desk.answer)

        self._server = _Server(str(path), Handler)
        path.chmod(0o666)  # hub and gate have a user number of their own; the directory lets nobody else in
        self._inode = path.stat().st_ino
        self._thread = threading.Thread(target=self._server.serve_forever, name=f"desk {project_id}", daemon=True)
        self._thread.start()

    def alive(self) -> bool:
        """Say whether the socket is still ours and served."""
        try:
            return self.path.stat().st_ino == self._inode and self._thread.is_alive()
        except OSError:
            return False

    def close(self) -> None:
        """Stop answering and take the socket away."""
        self._server.shutdown()
        self._server.server_close()
        self.path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


class ProjectDesk:
    """Answers what may be asked for one project."""

    def __init__(self, project_id: str, parts: DeskParts) -> None:
        self._project_id = project_id
        self._parts = parts

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer one request with a status and JSON."""
        found = _SESSION.fullmatch(path)
        match method, path:
            case "GET", "/admission":
                return 200, self._admission()
            case "POST", "/tickets/redeem":
                return 200, self._redeem(body)
            case "POST", "/sessions":
                return 201, self._launch(body)
            case "POST", "/activity":
                return self._activity(body)
            case "GET", _ if found:
                return 200, self._look(found[1])
            case "DELETE", _ if found:
                return self._end(found[1])
        raise NotFound("The desk has no such place.")

    def _admission(self) -> dict[str, Any]:
        people = self._parts.admitted(self._project_id)
        signed_out = self._parts.identity.signed_out(list(people))
        return {
            "people": {person: iso(until) for person, until in sorted(people.items())},
            "signed_out": {person: iso(at) for person, at in sorted(signed_out.items())},
            "generation": 0,
        }

    def _redeem(self, body: dict[str, Any]) -> dict[str, Any]:
        entry = self._parts.register.redeem(self._project_id, _text(body, "ticket"))
        signed_out = self._parts.identity.signed_out([entry.person_id]).get(entry.person_id)
        if signed_out is not None and entry.issued <= signed_out:
            raise Refused("You signed out since this way in was made; sign in at the portal and open it again.")
        name = self._parts.identity.person(entry.person_id).name
        answer = {"person": entry.person_id, "name": name, "until": iso(entry.until)}
        return answer | {"issued": iso(entry.issued)}

    def _launch(self, body: dict[str, Any]) -> dict[str, Any]:
        person_id = check_id(_text(body, "person"), field="person")
        environment, arguments = body.get("environment", {}), body.get("arguments", [])
        if not isinstance(environment, dict) or not all(isinstance(value, str) for value in environment.values()):
            raise Invalid("The environment must map names to texts.", field="environment")
        if not isinstance(arguments, list) or not all(isinstance(value, str) for value in arguments):
            raise Invalid("The arguments must be texts.", field="arguments")
        with self._parts.keeper.lock(self._project_id):
            session_id = self._parts.launcher.launch(
                self._project_id, person_id, environment=environment, arguments=arguments
            )
        return {"session": session_id}

    def _look(self, session_id: str) -> dict[str, Any]:
        seen = self._parts.launcher.seen(self._project_id, session_id)
        return {
            "state": seen.state.value,
            "exit": seen.exit_code,
            "address": seen.address,
            "trouble": seen.trouble,
        }

    def _end(self, session_id: str) -> tuple[int, dict[str, Any]]:
        self._parts.register.session(self._project_id, session_id)
        with self._parts.keeper.lock(self._project_id):
            self._parts.launcher.end(self._project_id, session_id, "closed")
        return 204, {}

    def _activity(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        try:
            moment = datetime.fromisoformat(_text(body, "last_activity"))
        except ValueError as error:
            raise Invalid("The time of the last activity cannot be read.", field="last_activity") from error
        if moment.tzinfo is None:
            raise Invalid("The time of the last activity has no zone.", field="last_activity")
        self._parts.register.active(
            self._project_id,
            check_id(_text(body, "session"), field="session"),
            busy=body.get("busy") is True,
            last_activity=moment,
        )
        return 204, {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120
    answer: Callable[[str, str, dict[str, Any]], tuple[int, dict[str, Any]]]

    def address_string(self) -> str:
        """Name the other side; a unix socket has no address."""
        return "unix"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep requests out of the log: they carry identifiers and happen every second."""

    def _serve(self) -> None:
        self._write(*answer_in_words(lambda: self.answer(self.command, self.path, self._body())))

    def _body(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            raise Invalid("The request is too large.", field="body")
        return object_from(self.rfile.read(int(length)))

    def _write(self, status: int, content: dict[str, Any]) -> None:
        raw = b"" if status == 204 else json.dumps(content).encode()
        try:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names that http.server looks for


def answer_in_words(answer: Callable[[], tuple[int, dict[str, Any]]]) -> tuple[int, dict[str, Any]]:
    """Return the answer, or the status and the words of what went wrong; never a traceback."""
    try:
        return answer()
    except OrchestratorError as error:
        reasons = list(getattr(error, "reasons", ()))
        return _STATUS.get(error.word, 500), {"error": error.word, "message": error.message, "reasons": reasons}
    except Exception:  # noqa: BLE001 - answered in words, never with a traceback
        _log.exception("the desk failed")
        return 500, {"error": "error", "message": "The controller failed; look into its log."}


def object_from(raw: bytes) -> dict[str, Any]:
    """Return a request's JSON object; nothing at all counts as an empty one."""
    try:
        body = json.loads(raw) if raw else {}
    except ValueError as error:
        raise Invalid("The request is not JSON.", field="body") from error
    if not isinstance(body, dict):
        raise Invalid("The request must be a JSON object.", field="body")
    return body


def _text(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= 4096:
        raise Invalid(f"“{field}” is missing.", field=field)
    return value
