"""`tre doctor`: looks at whatever this installation's workspaces run on, this machine or a cluster."""

from __future__ import annotations

from orchestrator.adapters.findings import Check, Finding
from orchestrator.adapters.sandbox.doctor import check_machine, examine
from orchestrator.settings import Settings

__all__ = ["examine_cluster", "examine_machine", "machine_findings"]

_OF_SANDBOXED_SESSIONS = {"limits", "calls"}


def examine_cluster(settings: Settings) -> list[Check]:
    """Return what was found on the settings' cluster, the proof of network policies first; asks the cluster itself."""
    from orchestrator.adapters.kubernetes.cluster import Cluster  # noqa: PLC0415 - heavy
    from orchestrator.adapters.kubernetes.doctor import enforced, examine  # noqa: PLC0415

    from ..controller.cluster import cluster_settings  # noqa: PLC0415
    from ..controller.cluster_layout import layout  # noqa: PLC0415
    from ..controller.enforcement import own_policies  # noqa: PLC0415

    chosen = cluster_settings(settings)
    cluster = Cluster.connect(chosen.kubeconfig)
    try:
        policies = own_policies(cluster, chosen.installation)
        classes = [each.runtime_class for each in chosen.profiles.values()]
        findings = examine(cluster, layout(settings), policies, runtime_classes=classes)
    finally:
        cluster.close()
    proof = enforced(findings)
    return [
        Check(name="network-policies", ok=proof.proved, message=proof.message),
        *(Check(name=each.word, ok=not each.serious, message=each.message) for each in findings),
    ]


def examine_machine(settings: Settings) -> list[Check]:
    """Return every check of this machine, the good ones too, and of its Docker engine where sessions run in one."""
    checks = examine(settings)
    if settings.workspaces.backend != "docker":
        return checks
    from orchestrator.adapters.docker.doctor import GOOD  # noqa: PLC0415 - wanted with Docker only

    found = {each.word: each for each in _engine_findings(settings)}
    looked = [name for name in GOOD if name in found or "docker-engine" not in found]
    return [
        *(each for each in checks if each.name not in _OF_SANDBOXED_SESSIONS),
        *(
            Check(name=name, ok=name not in found, message=found[name].message if name in found else GOOD[name])
            for name in looked
        ),
    ]


def machine_findings(settings: Settings) -> list[Finding]:
    """Return what stands in the way of workspaces on this machine, or weakens them."""
    findings = check_machine(state=settings.state, memory_directory=settings.workspaces.memory_directory)
    if settings.workspaces.backend != "docker":
        return findings
    own = {"limits-not-enforced", "no-call-filter"}
    return [*(each for each in findings if each.word not in own), *_engine_findings(settings)]


def _engine_findings(settings: Settings) -> list[Finding]:
    from orchestrator.adapters.docker.doctor import check_engine  # noqa: PLC0415 - wanted with Docker only
    from orchestrator.adapters.docker.engine import Engine  # noqa: PLC0415

    return check_engine(Engine(settings.workspaces.docker_socket), settings.workspaces.docker_image)
