"""One person at the portal: signs in by the development page, confirms a command session, calls the API."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from orchestrator.core.errors import Refused, Unavailable

__all__ = ["PortalClient", "run_command"]

_DEADLINE = 60.0


class PortalClient:
    """A browser and a script of one person, over real HTTP."""

    def __init__(self, portal_url: str, person_id: str) -> None:
        self._browser = httpx.Client(
            base_url=portal_url, timeout=_DEADLINE, trust_env=False, headers={"Origin": portal_url}
        )
        self._person_id = person_id
        self._bearer = ""

    def close(self) -> None:
        """Give the connections back."""
        self._browser.close()

    def sign_in(self) -> None:
        """Sign in as this person on the development page."""
        page = self._ok(self._browser.get("/sign-in"))
        answer = self._browser.post(
            "/sign-in/development", data={**_tokens(page.text), "person": self._person_id, "next": "/"}
        )
        if answer.status_code != 303:
            raise Refused(f"The portal did not sign the person in ({answer.status_code}).")

    def confirm_command(self, code: str) -> None:
        """Confirm the code that a terminal shows."""
        page = self._ok(self._browser.get("/command-sign-in"))
        answer = self._browser.post("/command-sign-in", data={**_tokens(page.text), "code": code})
        if answer.status_code != 303:
            raise Refused(f"The portal did not take the terminal's code ({answer.status_code}).")

    def use(self, bearer: str) -> None:
        """Call the API with this command session from now on."""
        self._bearer = bearer

    def get(self, path: str, **query: str) -> Any:
        """Ask the API."""
        return self._api("GET", path, params=query).json()

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Tell the API something; returns the answer's JSON, or nothing."""
        answer = self._api("POST", path, json=body)
        return answer.json() if answer.content else None

    def put(self, path: str, body: dict[str, Any]) -> None:
        """Tell the API something that replaces."""
        self._api("PUT", path, json=body)

    def download(self, path: str, body: dict[str, Any]) -> bytes:
        """Fetch a file with a POST."""
        return self._api("POST", path, json=body).content

    def fetch(self, path: str) -> bytes:
        """Fetch a file with a GET."""
        return self._api("GET", path).content

    def status_of(self, method: str, path: str, body: dict[str, Any] | None = None) -> int:
        """Return what the API answers, whatever it is."""
        return self._call(method, path, json=body).status_code

    def _api(self, method: str, path: str, **how: Any) -> httpx.Response:
        answer = self._call(method, path, **how)
        if not answer.is_success:
            content = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            reasons = "; ".join(content.get("reasons", [])) or content.get("detail", answer.text[:200])
            raise Refused(f"{method} {path} was answered with {answer.status_code}: {reasons}")
        return answer

    def _call(self, method: str, path: str, **how: Any) -> httpx.Response:
        try:
            with httpx.Client(base_url=self._browser.base_url, timeout=_DEADLINE, trust_env=False) as script:
                return script.request(
                    method, f"/api/v1{path}", headers={"Authorization": f"Bearer {self._bearer}"}, **how
                )
        except httpx.HTTPError as error:
            raise Unavailable(f"The portal did not answer: {error}", system="portal") from error

    def _ok(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code != 200:
            raise Unavailable(f"The portal answered {answer.status_code} for {answer.url.path}.", system="portal")
        return answer


def run_command(state: Path, arguments: Sequence[str], *, client: PortalClient | None = None) -> str:
    """Run `tre` as an operator does; with ``client`` the code that `tre sign-in` shows is confirmed at the portal."""
    command = [sys.executable, "-m", "orchestrator.cli", "--state", str(state), *arguments]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        if client is not None:
            client.confirm_command(_code(process))
        out, err = process.communicate(timeout=_DEADLINE)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    if process.returncode:
        raise Refused(f"“tre {' '.join(arguments)}” ended with {process.returncode}: {err.strip()[-300:]}")
    return out


def _code(process: subprocess.Popen[str]) -> str:
    deadline = time.monotonic() + _DEADLINE
    assert process.stderr is not None  # noqa: S101 - opened as a pipe above
    shown = ""
    while time.monotonic() < deadline:
        line = process.stderr.readline()
        shown += line
        if not line:
            break
        if re.fullmatch(r"\s{2,}[A-Z0-9-]{6,}\s*", line):
            return line.strip()
    raise Unavailable(f"The command showed no code: {shown.strip()[-200:]}", system="command line")


def _tokens(page: str) -> dict[str, str]:
    found = re.findall(r'<input[^>]+type="hidden"[^>]*>', page)
    tokens = {}
    for field in found:
        name, value = re.search(r'name="([^"]+)"', field), re.search(r'value="([^"]*)"', field)
        if name and value and "next" not in name[1]:
            tokens[name[1]] = value[1]
    return tokens
