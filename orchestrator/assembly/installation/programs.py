"""Starts every program of an installation on one machine and keeps them running until it is told to end."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.adapters.migrations import bring_up_to_date
from orchestrator.adapters.sandbox.processes import Processes
from orchestrator.core.database import make_engine
from orchestrator.core.errors import OrchestratorError, Unavailable
from orchestrator.settings import Settings

from ..controller.controls import Controls, open_controls
from ..controller.machine import release_memory
from ..house import open_house
from ..vaults import embedded_vault
from .readiness import check_ports

__all__ = ["Installation", "Program"]

_log = logging.getLogger(__name__)
_PORTAL_SECONDS = 60.0
_CALM_SECONDS = 30.0
_LONGEST_PAUSE = 30.0
_WATCH_SECONDS = 20.0
_MODES = {"": 0o711, "run": 0o711, "projects": 0o711, "logs": 0o700, "record": 0o700, "airlock": 0o700, "sealed": 0o700}
"""What other accounts of the machine see of a state directory: only the way to their own sockets and homes."""


@dataclass
class Program:
    """One program to keep running: how it is started now, and how it did so far."""

    name: str
    command: Callable[[], tuple[Sequence[str], dict[str, str]]]
    after_start: Callable[[], None] = lambda: None
    listens: tuple[str, int] | None = None
    started: int = field(default=0, init=False)
    pause: float = field(default=0.0, init=False)
    again_at: float = field(default=0.0, init=False)
    since: float = field(default=0.0, init=False)


class Installation:
    """The programs of one state directory. Killed at any moment, the next start adopts what still runs."""

    def __init__(self, settings: Settings, *, more: Sequence[Program] = ()) -> None:
        """``more`` programs are started before the installation's own, such as a demonstration's database."""
        self._settings = settings
        state = settings.state
        for part, mode in _MODES.items():
            (state / part).mkdir(parents=True, exist_ok=True)
            (state / part).chmod(mode)
        self.processes = Processes(run=state / "run", logs=state / "logs")
        self._programs = [*more, *self._list()]

    def check_ports(self) -> None:
        """Raise ``NotPossible`` when the port of a program that does not run yet is somebody else's."""
        check_ports(self.processes, {program.name: program.listens for program in self._programs if program.listens})

    def start(self, tell: Callable[[str], None] = lambda _line: None) -> None:
        """Bring the record's tables up to date and start what does not run; returns when the portal answers."""
        bring_up_to_date(make_engine(self._settings.record_address))
        for program in self._programs:
            tell(program.name)
            self._ensure(program)
        self._await_portal()

    def watch(self) -> None:
        """Start again what has died; a program that keeps dying is given longer pauses."""
        for program in self._programs:
            try:
                self._ensure(program)
            except OrchestratorError as error:
                _log.warning("%s: %s", program.name, error.message)
        self.processes.trim()

    def stop(self, tell: Callable[[str], None] = lambda _line: None) -> None:
        """End everything, the workspaces too; homes, records and sealed data are kept."""
        for name in ("web", "controller"):
            tell(name)
            self.processes.stop(name)
        tell("workspaces")
        try:
            self._end_workspaces(open_controls(open_house(self._settings)))
            release_memory(self._settings)
        except (OrchestratorError, SQLAlchemyError, OSError) as error:
            _log.warning("workspaces: %s", error)
        for program in reversed(self._programs):
            if program.name not in ("web", "controller"):
                tell(program.name)
                self.processes.stop(program.name, deadline=20.0)

    def _end_workspaces(self, controls: Controls) -> None:
        surroundings = controls.surroundings
        surroundings.start()
        deadline = time.monotonic() + _WATCH_SECONDS
        while surroundings.age() > _WATCH_SECONDS and time.monotonic() < deadline:
            time.sleep(0.1)
        try:
            for seen in controls.backend.observe():
                controls.keeper.put_to_sleep(seen.project_id, "shutdown")
        finally:
            surroundings.stop()

    def running(self) -> dict[str, bool]:
        """Say of each program whether it runs."""
        return {program.name: self.processes.find(program.name) is not None for program in self._programs}

    def _list(self) -> list[Program]:
        programs = []
        if self._settings.vault.embedded:
            vault = embedded_vault(self._settings)

            def vault_command() -> tuple[Sequence[str], dict[str, str]]:
                vault.configure()
                return vault.command()

            def vault_started() -> None:
                vault.wait_until_ready(alive=lambda: self.processes.find("vault") is not None)

            programs.append(Program("vault", vault_command, vault_started, _loopback(self._settings.vault.port)))
        portal = self._settings.portal
        programs += [
            Program("airlock", self._own("orchestrator.assembly.worker")),
            Program("controller", self._own("orchestrator.controller")),
            Program("web", self._own("orchestrator.web"), listens=(portal.host, portal.port)),
        ]
        return programs

    def _own(self, module: str) -> Callable[[], tuple[Sequence[str], dict[str, str]]]:
        command = [sys.executable, "-m", module, "--state", str(self._settings.state)]
        return lambda: (command, {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"})

    def _ensure(self, program: Program) -> None:
        """Start the program if it does not run, unless it died a moment ago too often."""
        now = time.monotonic()
        if self.processes.find(program.name) is not None:
            if now - program.since > _CALM_SECONDS:
                program.pause = 0.0
            return
        if now < program.again_at:
            return
        if program.started:
            program.pause = min(_LONGEST_PAUSE, max(0.5, program.pause * 2))
            program.again_at = now + program.pause
        command, environment = program.command()
        self.processes.ensure(program.name, command, environment=environment)
        program.started += 1
        program.since = now
        program.after_start()

    def _await_portal(self) -> None:
        portal = self._settings.portal
        deadline = time.monotonic() + _PORTAL_SECONDS
        while time.monotonic() < deadline:
            self.watch()
            try:
                answer = httpx.get(
                    f"http://{portal.host}:{portal.port}/",
                    headers={"Host": f"localhost:{portal.port}"},
                    timeout=2.0,
                    trust_env=False,
                )
                if answer.status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise Unavailable(
            f"The portal did not answer within {_PORTAL_SECONDS:.0f} s: look into {self._settings.state / 'logs'}.",
            system="portal",
        )


def _loopback(port: int) -> tuple[str, int]:
    return ("127.0.0.1", port)
