"""Keeps the proof that the cluster enforces network policies fresh; nothing is provisioned without one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.doctor import enforced, prove_network
from orchestrator.core.errors import OrchestratorError
from orchestrator.workspaces.places import ClusterLayout
from orchestrator.workspaces.provisioning import Enforcement

__all__ = ["Prover"]

_log = logging.getLogger(__name__)
_FRESH_SECONDS = 24 * 3600.0
_AGAIN_SECONDS = 60.0


class Prover:
    """Tries it in a thread of its own: whoever asks gets what is known, and never waits."""

    def __init__(
        self,
        cluster: Cluster,
        layout: ClusterLayout,
        *,
        told: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``told`` is called whenever something new is known, so that whoever waited for it need not wait longer."""
        self._cluster = cluster
        self._layout = layout
        self._told = told
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known = Enforcement(
            proved=False, known=False, message="It is being tried whether network policies are enforced."
        )
        self._due = float("-inf")
        self._trying = False

    def enforcement(self) -> Enforcement:
        """Return what is known now, and have it tried again when that is older than a day or was no proof."""
        with self._lock:
            if not self._trying and self._monotonic() >= self._due:
                self._trying = True
                threading.Thread(target=self._try, name="prover", daemon=True).start()
            return self._known

    def _try(self) -> None:
        try:
            known = enforced(prove_network(self._cluster, self._layout))
        except OrchestratorError as error:
            known = Enforcement(proved=False, message=f"It could not be tried: {error.message}")
        except Exception:
            _log.exception("the proof of network policies failed")
            known = Enforcement(proved=False, message="The proof itself failed; look into the controller's log.")
            raise
        finally:
            with self._lock:
                self._trying = False
                self._known = known
                self._due = self._monotonic() + (_FRESH_SECONDS if known.proved else _AGAIN_SECONDS)
            self._told()
