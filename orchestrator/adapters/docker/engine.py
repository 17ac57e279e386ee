"""Speaks to the Docker engine on this machine: every call has a deadline, every refusal becomes a sentence.

Whoever may speak to the engine's socket is root on this machine. Only the controller does.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException
from docker.errors import NotFound as Missing
from requests.exceptions import RequestException

from orchestrator.core.errors import Unavailable

__all__ = ["Container", "Engine", "engine_away"]

_SECONDS = 20
_LOOKING_SECONDS = 6
_MOST_OUTPUT = 2 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container as the engine describes it."""

    identity: str
    name: str
    labels: dict[str, str]
    state: str
    """``created``, ``running``, ``paused``, ``restarting``, ``removing``, ``exited`` or ``dead``."""
    exit_code: int | None = None
    out_of_memory: bool = False
    error: str = ""

    @property
    def over(self) -> bool:
        """Whether it has ended; it is never started again."""
        return self.state in {"exited", "dead", "removing"}


class Engine:
    """One Docker engine, by its socket. Nothing is kept between calls, so that a restarted engine is met anew."""

    def __init__(self, socket: Path, *, seconds: int = _SECONDS) -> None:
        self.socket = socket
        self._seconds = seconds

    def create(self, name: str, body: dict[str, Any]) -> str:
        """Make a container, or find the one that has this name; return its identity. Nothing runs yet."""
        with self._asked(f"make {name}", changing=True) as client:
            try:
                return str(client.create_container_from_config(body, name)["Id"])
            except APIError as error:
                if error.status_code == 409:
                    return str(client.inspect_container(name)["Id"])
                if error.status_code == 404:
                    raise Unavailable(
                        f"The workspace image {body.get('Image')} is not on this machine: load it there "
                        "(docker load, docker pull), and compare it with workspaces.docker_image.",
                        system="docker",
                        retry=False,
                    ) from error
                raise

    def start(self, identity: str) -> None:
        """Start a container; one that runs is left alone."""
        with self._asked("start a session", changing=True) as client:
            client.start(identity)

    def find(self, name: str) -> Container | None:
        """Look at one container by name or identity."""
        with self._asked(f"look at {name}") as client:
            try:
                found = client.inspect_container(name)
            except Missing:
                return None
        state = found["State"]
        return Container(
            identity=found["Id"],
            name=found["Name"].lstrip("/"),
            labels=found["Config"].get("Labels") or {},
            state=state["Status"],
            exit_code=state.get("ExitCode"),
            out_of_memory=bool(state.get("OOMKilled")),
            error=state.get("Error", ""),
        )

    def labelled(self, label: str, value: str) -> list[Container]:
        """List every container with this label, ended ones too."""
        with self._asked("list its containers") as client:
            found = client.containers(all=True, filters={"label": [f"{label}={value}"]})
        return [
            Container(identity=each["Id"], name=each["Names"][0], labels=each["Labels"], state=each["State"])
            for each in found
        ]

    def end(self, name: str, *, grace: int) -> None:
        """Ask a container to end, kill it after ``grace`` seconds, and remove it. Repeatable."""
        with self._asked(f"end {name}", changing=True) as client:
            try:
                client.stop(name, timeout=grace)
                client.remove_container(name, force=True, v=True)
            except Missing:
                return
            except APIError as error:
                if error.status_code != 409:  # somebody else removes it just now
                    raise

    def output(self, name: str) -> bytes:
        """Return the newest of what a container printed, or nothing where the engine does not have it."""
        with self._asked(f"read what {name} printed") as client:
            try:
                return bytes(client.logs(name, tail=5_000))[-_MOST_OUTPUT:]
            except APIError:
                return b""

    def about(self) -> dict[str, Any]:
        """Return what the engine says about itself and its machine."""
        with self._asked("say what it is") as client:
            told: dict[str, Any] = client.info()
        return told

    def image(self, name: str) -> dict[str, Any] | None:
        """Look at one image."""
        with self._asked(f"look at the image {name}") as client:
            try:
                found: dict[str, Any] = client.inspect_image(name)
            except Missing:
                return None
        return found

    @contextmanager
    def _asked(self, what: str, *, changing: bool = False) -> Iterator[docker.APIClient]:
        """Yield a client; turn whatever goes wrong into ``Unavailable`` with the engine's own words."""
        client = self._connected(self._seconds if changing else min(self._seconds, _LOOKING_SECONDS))
        try:
            yield client
        except APIError as error:
            said = " ".join(str(error.explanation or error).split())[:300]
            raise Unavailable(
                f"The Docker engine could not {what}: {said}",
                system="docker",
                retry=error.status_code >= 500,
                unknown_outcome=changing and error.status_code >= 500,
            ) from error
        except (RequestException, DockerException, OSError) as error:
            raise Unavailable(
                f"The Docker engine did not answer when asked to {what}; it is asked again.",
                system="docker",
                unknown_outcome=changing,
            ) from error
        finally:
            client.close()

    def _connected(self, seconds: int) -> docker.APIClient:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:  # the library would leave its own open
                probe.settimeout(seconds)
                probe.connect(str(self.socket))
            return docker.APIClient(
                base_url=f"unix://{self.socket}", version="auto", timeout=seconds, user_agent="tre-orchestrator"
            )
        except (RequestException, DockerException, OSError) as error:
            raise Unavailable(
                f"The Docker engine at {self.socket} does not answer: start it, or look at its log. It is asked again.",
                system="docker",
            ) from error


def engine_away(error: Unavailable) -> bool:
    """Say whether there was no engine to ask, so that nothing can have been begun."""
    return isinstance(error.__cause__, ConnectionRefusedError | FileNotFoundError)
