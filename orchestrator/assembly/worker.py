"""Runs the airlock's worker, which takes in, scans and releases; its Vault rights are to sign and to open sketches."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from orchestrator.adapters.channel import Authority, server_context
from orchestrator.adapters.inspection import IsolatedInspector
from orchestrator.airlock.intake.entrance import Port, open_port
from orchestrator.airlock.ports import LiveSession
from orchestrator.airlock.worker import Worker
from orchestrator.audit.ports import HeadSigner
from orchestrator.core.errors import OrchestratorError
from orchestrator.settings import Settings
from orchestrator.workspaces.places.certificates import sign_certificates
from orchestrator.workspaces.sessions import SessionRegister

from .house import House
from .sketches import open_project_sketches
from .vaults import open_vault

__all__ = ["keep_renewed", "run_airlock_worker"]

_log = logging.getLogger(__name__)
_HEAD_SECONDS = 5.0
_RENEW_SECONDS = 3600.0


class _RecordedSessions:
    """Live sessions as the record has them: the airlock opens an entrance for each, and closes it with the session."""

    def __init__(self, register: SessionRegister, run: Path | None) -> None:
        """``run`` holds the sessions' entrances on this machine; none where sessions are pods."""
        self._register = register
        self._run = run

    def live(self) -> list[LiveSession]:
        """List sessions that have begun and not ended."""
        return [
            LiveSession(
                session_id=row.session_id,
                project_id=row.project_id,
                person_id=row.person_id,
                directory=self._run / row.project_id / "i" / row.session_id if self._run else None,
                user_number=self._user(row.project_id),
                intake_sha256=None if self._run else row.intake_sha256,
                replay_of=row.replay_of,
            )
            for row in self._register.live()
        ]

    def _user(self, project_id: str) -> int | None:
        here = self._run is not None and os.geteuid() == 0
        return self._register.workspace(project_id).user_number if here else None


def run_airlock_worker(house: House) -> None:
    """Work until TERM or INT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pods = house.settings.workspaces.backend == "kubernetes"
    register = SessionRegister(record=house.record, access=house.access)
    sessions = _RecordedSessions(register, None if pods else house.settings.state / "run")
    signer = open_vault(house.settings, "airlock")
    heads = threading.Thread(target=_sign_heads, args=(house, signer, stop), name="heads")
    heads.start()
    try:
        port = _port_for_pods(house.settings, stop) if pods else None
        inspector = IsolatedInspector(in_a_pod=_in_a_pod(house), sketches=open_project_sketches(house, signer))
        Worker.of(house.airlock_desk, sessions, inspector, signer, port=port).run(stop)
    finally:
        stop.set()
        heads.join()


def _port_for_pods(settings: Settings, stop: threading.Event) -> Port:
    """Listen where sessions in pods bring their results, with a certificate of the installation's own authority."""
    authority = Authority.open(settings.state / "authority")
    renew = partial(authority.keep, settings.state / "channel" / "airlock", "airlock")
    channel = renew()
    threading.Thread(target=keep_renewed, args=(renew, stop), name="certificate", daemon=True).start()
    chosen = settings.airlock
    return open_port(chosen.intake_host, chosen.intake_port, server_context(channel, strangers=True))


def keep_renewed(renew: Callable[[], object], stop: threading.Event, seconds: float = _RENEW_SECONDS) -> None:
    """Have a certificate issued again in good time, for as long as the process runs; the port takes it by itself."""
    while not stop.wait(seconds):
        try:
            renew()
        except (OrchestratorError, OSError) as error:
            _log.warning("the airlock's certificate was not renewed, which is tried again: %s", error)


def _in_a_pod(house: House) -> bool:
    """Say whether this process runs beside the controller in the cluster, where bubblewrap cannot work."""
    cluster = house.settings.kubernetes
    return house.settings.workspaces.backend == "kubernetes" and cluster is not None and cluster.kubeconfig is None


def _sign_heads(house: House, signer: HeadSigner, stop: threading.Event) -> None:
    """Sign deletion certificates, then the log's head, every few seconds while there is something new to be signed.

    This process alone holds the right to.
    """
    while not stop.wait(_HEAD_SECONDS):
        try:
            sign_certificates(house.record, signer)
            house.audit.sign_head(signer)
        except OrchestratorError as error:
            _log.warning("certificates and the log's head wait to be signed: %s", error.message)


if __name__ == "__main__":
    from .entry import serve

    sys.exit(serve("assembly.worker", run_airlock_worker))
