"""`tre doctor`: looks at whatever this installation's workspaces run on, this machine or a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.settings import Settings

__all__ = ["Checked", "examine_cluster"]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One thing that was looked at, with its outcome."""

    name: str
    ok: bool
    message: str


def examine_cluster(settings: Settings) -> list[Checked]:
    """Return what was found on the settings' cluster, the proof of network policies first; asks the cluster itself."""
    from orchestrator.adapters.kubernetes.admission import AdmissionPolicies, own_account  # noqa: PLC0415 - heavy
    from orchestrator.adapters.kubernetes.cluster import Cluster  # noqa: PLC0415
    from orchestrator.adapters.kubernetes.doctor import enforced, examine  # noqa: PLC0415

    from .cluster import cluster_settings  # noqa: PLC0415
    from .cluster_layout import layout  # noqa: PLC0415
    from .house import POLICIES  # noqa: PLC0415

    chosen = cluster_settings(settings)
    cluster = Cluster.connect(chosen.kubeconfig)
    try:
        policies = AdmissionPolicies(
            directory=POLICIES / "admission", installation=chosen.installation, controller=own_account(cluster)
        )
        classes = [each.runtime_class for each in chosen.profiles.values()]
        findings = examine(cluster, layout(settings), policies, runtime_classes=classes)
    finally:
        cluster.close()
    proof = enforced(findings)
    return [
        Checked(name="network-policies", ok=proof.proved, message=proof.message),
        *(Checked(name=each.word, ok=not each.serious, message=each.message) for each in findings),
    ]
