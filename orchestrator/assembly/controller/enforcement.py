"""Keeps the proof fresh that the cluster enforces network and admission policies; nothing is provisioned without."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from orchestrator.adapters.kubernetes.admission import AdmissionPolicies, own_account
from orchestrator.adapters.kubernetes.admission_proof import prove_admission
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.doctor import enforced, prove_network
from orchestrator.core.errors import OrchestratorError
from orchestrator.workspaces.places.model import ClusterLayout
from orchestrator.workspaces.places.provisioning import Enforcement

from ..house import POLICIES

__all__ = ["Prover", "own_policies"]

_log = logging.getLogger(__name__)
_FRESH_SECONDS = 24 * 3600.0
_AGAIN_SECONDS = 60.0
_LOOK_SECONDS = 0.5


def own_policies(cluster: Cluster, installation: str) -> AdmissionPolicies:
    """Return the admission policies that the installation must have, with our own account as its controller's."""
    return AdmissionPolicies(
        directory=POLICIES / "admission", installation=installation, controller=own_account(cluster)
    )


class Prover:
    """Tries it in a thread of its own while this controller leads: whoever asks gets what is known, and never waits."""

    def __init__(
        self,
        cluster: Cluster,
        layout: ClusterLayout,
        *,
        leads: Callable[[], bool],
        told: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``told`` is called whenever something new is known, so that whoever waited for it need not wait longer."""
        self._cluster = cluster
        self._layout = layout
        self._leads = leads
        self._told = told
        self._monotonic = monotonic
        self._known = Enforcement(
            proved=False, known=False, message="It is being tried whether network policies are enforced."
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prover", daemon=True)

    def start(self) -> None:
        """Begin to try; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Try no more."""
        self._stopping.set()

    def enforcement(self) -> Enforcement:
        """Return what is known now."""
        return self._known

    def _run(self) -> None:
        due = float("-inf")
        while not self._stopping.wait(_LOOK_SECONDS):
            if not self._leads() or self._monotonic() < due:
                continue
            known = self._tried()
            if known.proved or self._leads():  # who lost the lead while trying has learnt nothing
                self._known = known
                due = self._monotonic() + (_FRESH_SECONDS if known.proved else _AGAIN_SECONDS)
                self._told()

    def _tried(self) -> Enforcement:
        try:
            # admission first: without it anybody in a namespace could undo what the network is proved to do
            image = self._layout.hub_image
            found = prove_admission(self._cluster, own_policies(self._cluster, self._layout.installation), image)
            serious = [finding for finding in found if finding.serious]
            if serious:
                return Enforcement(proved=False, message=serious[0].message)
            return enforced(prove_network(self._cluster, self._layout))
        except OrchestratorError as error:
            return Enforcement(proved=False, message=f"It could not be tried: {error.message}")
        except Exception:  # noqa: BLE001 - the thread must live on, and an unproved cluster gets nothing new
            _log.exception("the proof of network policies failed")
            return Enforcement(proved=False, message="The proof itself failed; look into the controller's log.")
