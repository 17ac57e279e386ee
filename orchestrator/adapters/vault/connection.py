"""One way to ask a Vault anything: a deadline on every call, and every answer turned into one of our errors.

A call is repeated only when it certainly had no effect (the connection was refused, the login had run out) or when it
only reads. A 5xx or a lost answer to anything else is an unknown outcome, and says so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import hvac
import hvac.exceptions
import requests

from ...core.errors import NotFound, Refused, Unavailable

__all__ = ["AppRoleFiles", "VaultConnection"]

_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 10.0
_READS = frozenset({"get", "list"})


class AppRoleFiles:
    """A process's own identity: ``role-id`` and ``secret-id`` in a directory that only it can read."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self) -> dict[str, str]:
        """Return what a login needs; raise ``Unavailable`` when the files are not there (yet)."""
        try:
            role, secret = ((self.directory / name).read_text().strip() for name in ("role-id", "secret-id"))
        except OSError as error:
            raise Unavailable(
                f"The Vault identity in {self.directory} cannot be read: start Vault and check who owns the files.",
                system="vault",
            ) from error
        return {"role_id": role, "secret_id": secret}


class VaultConnection:
    """Asks one Vault, either as an AppRole (logging in when needed) or with a token that was given."""

    def __init__(
        self,
        address: str,
        *,
        identity: AppRoleFiles | None = None,
        token: str | None = None,
        certificate: Path | None = None,
        seconds: float = _ANSWER_SECONDS,
    ) -> None:
        self._identity = identity
        self._token = token
        self._renew_at = float("inf") if identity is None else 0.0
        self._lock = threading.Lock()
        self.accessor = ""
        """Of the token that the last login gave; empty where a token was given."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(certificate) if certificate else True  # hvac looks after sessions of its own only
        self._client = hvac.Client(
            url=address,
            token=token or "",
            timeout=(_CONNECT_SECONDS, seconds),
            session=session,
            allow_redirects=False,
        )
        self._client.token = token

    def get(self, path: str) -> dict[str, Any]:
        """Read ``path``."""
        return self._ask("get", path)

    def draw(self, path: str) -> dict[str, Any]:
        """Read ``path`` where reading makes something, such as a database role: never repeated by itself."""
        return self._ask("get", path, makes=True)

    def list(self, path: str) -> dict[str, Any]:
        """List below ``path``; nothing there is an empty answer."""
        try:
            return self._ask("list", path)
        except NotFound:
            return {}

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, wrap: str | None = None) -> dict[str, Any]:
        """Write to ``path``; with ``wrap`` the answer is wrapped for so long and can be unwrapped once."""
        return self._ask("post", path, dict(body or {}), wrap=wrap)

    def delete(self, path: str) -> None:
        """Remove what is at ``path``; nothing there is no error."""
        try:
            self._ask("delete", path)
        except NotFound:
            return

    def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        wrap: str | None = None,
        makes: bool = False,
    ) -> dict[str, Any]:
        reads = method in _READS and not makes
        self._log_in()
        try:
            return self._once(method, path, body, wrap, reads=reads)
        except Refused:
            if self._identity is None:
                raise
            self._renew_at = 0.0  # nothing happened; perhaps our own token ended early
            self._log_in()
        except Unavailable as error:
            if error.unknown_outcome and not reads:
                raise
            time.sleep(0.2)
        return self._once(method, path, body, wrap, reads=reads)

    def _once(
        self, method: str, path: str, body: dict[str, Any] | None, wrap: str | None, *, reads: bool
    ) -> dict[str, Any]:
        def call() -> Any:
            return self._client.adapter.request(method, f"/v1/{path}", json=body, wrap_ttl=wrap)

        answer = _translated(call, path, reads=reads)
        if isinstance(answer, dict):
            return answer
        if answer.status_code >= requests.codes.multiple_choices:
            raise Unavailable(
                f"Vault points elsewhere for “{path}”, and redirections are not followed: correct its address.",
                system="vault",
                retry=False,
            )
        return {}

    def _log_in(self) -> None:
        if self._identity is None or time.monotonic() < self._renew_at:
            return
        with self._lock:
            if time.monotonic() < self._renew_at:
                return
            login = self._identity.read()
            answer = _translated(
                lambda: self._client.adapter.login("/v1/auth/approle/login", use_token=True, json=login),
                "auth/approle/login",
                reads=True,
            )
            self.accessor = str(answer["auth"].get("accessor", ""))
            self._renew_at = time.monotonic() + int(answer["auth"]["lease_duration"]) * 2 / 3


def _translated(call: Callable[[], Any], path: str, *, reads: bool) -> Any:
    try:
        return call()
    except hvac.exceptions.InvalidPath as error:
        raise NotFound(f"Vault has nothing at “{path}”.") from error
    except (hvac.exceptions.Forbidden, hvac.exceptions.Unauthorized, hvac.exceptions.InvalidRequest) as error:
        raise Refused(f"Vault refuses “{path}”: {_words(error)}.") from error
    except (requests.exceptions.ConnectTimeout, requests.exceptions.ConnectionError) as error:
        unsent = _never_connected(error) or _not_trusted(error)
        remedy = "name its certificate's authority in the settings" if _not_trusted(error) else "check that it runs"
        raise Unavailable(
            f"Vault could not be reached for “{path}”: {remedy}.",
            system="vault",
            unknown_outcome=not (reads or unsent),
        ) from error
    except (hvac.exceptions.VaultError, requests.exceptions.RequestException, ValueError) as error:
        raise Unavailable(
            f"Vault gave no proper answer for “{path}” ({type(error).__name__}): what was asked may have happened.",
            system="vault",
            unknown_outcome=not reads,
        ) from error


def _never_connected(error: requests.exceptions.RequestException) -> bool:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return type(reason).__name__ == "NewConnectionError"


def _not_trusted(error: requests.exceptions.RequestException) -> bool:
    return isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)


def _words(error: hvac.exceptions.VaultError) -> str:
    words = "; ".join(str(part).strip() for part in (error.errors or []))
    return " ".join(words.split())[:200] or type(error).__name__
