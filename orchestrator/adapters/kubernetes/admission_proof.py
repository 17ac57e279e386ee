"""Are the admission policies in force? Compared with our own text, and then tried in a namespace made for it."""

from __future__ import annotations

import copy
from typing import Any

from orchestrator.adapters.findings import Finding
from orchestrator.core.errors import OrchestratorError, Refused
from orchestrator.core.ids import new_id
from orchestrator.workspaces.builder.admission import IMAGES

from .admission import AdmissionPolicies
from .cluster import Cluster
from .proving import proving_namespace, trying_pod, until

__all__ = ["prove_admission"]

_UNKNOWN = f"elsewhere.invalid/tool@sha256:{'0' * 64}"


def prove_admission(cluster: Cluster, policies: AdmissionPolicies, image: str) -> list[Finding]:
    """Say what is missing or does not refuse; an empty list says that all are as written, and refuse."""
    try:
        if differing := policies.differences(cluster):
            message = f"{'; '.join(differing[:5])}. Install the admission policies anew."
            return [Finding(word="admission-missing", message=message, serious=True)]
        accepted = _accepted(cluster, policies, image)
    except OrchestratorError as error:
        message = f"It could not be tried whether the admission policies are in force: {error.message}"
        return [Finding(word="admission-unproved", message=message, serious=True)]
    if not accepted:
        return []
    message = f"The admission policies are installed, but did not refuse {', '.join(accepted)}: look at their bindings."
    return [Finding(word="admission-not-enforced", message=message, serious=True)]


def _accepted(cluster: Cluster, policies: AdmissionPolicies, image: str) -> list[str]:
    """Return which forbidden things were let in. The same pod without its flaw has to be let in first.

    The namespace is one of the installation, but of no project of the record; nothing is ever started in it.
    """
    marks = {"tre.orchestrator/installation": policies.installation, "tre.orchestrator/project": new_id()}
    name = policies.installation
    with proving_namespace(cluster, name, labels=marks, annotations={IMAGES: image}) as namespace:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "automountServiceAccountToken": False}
        cluster.create({**account, "metadata": {"name": "hub", "namespace": namespace}})
        good = _good(namespace, marks, image)
        until(lambda: _let_in(cluster, good, policies), "a pod without a flaw to be accepted by the policies")
        return [what for what, bad in _forbidden(good).items() if _let_in(cluster, bad, policies)]


def _let_in(cluster: Cluster, thing: dict[str, Any], policies: AdmissionPolicies) -> bool:
    """Whether the cluster would take it; refused by somebody else than our policies counts as taken by ours."""
    try:
        cluster.apply(thing, dry_run=True)
    except Refused as error:
        return f"ValidatingAdmissionPolicy '{policies.prefix}-" not in error.message
    return True


def _forbidden(good: dict[str, Any]) -> dict[str, dict[str, Any]]:
    foreign, planted, account = copy.deepcopy(good), copy.deepcopy(good), copy.deepcopy(good)
    foreign["spec"]["containers"][0]["image"] = _UNKNOWN
    planted["metadata"]["labels"]["tre.orchestrator/part"] = "helper"
    account["spec"]["serviceAccountName"] = "default"
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "open", "namespace": good["metadata"]["namespace"]},
        "spec": {"type": "NodePort", "selector": {"tre.orchestrator/part": "hub"}, "ports": [{"port": 80}]},
    }
    return {
        "an image that is not on the list": foreign,
        "a pod of no known part": planted,
        "another service account": account,
        "a port of every node": service,
    }


def _good(namespace: str, marks: dict[str, str], image: str) -> dict[str, Any]:
    """Return a pod as a hub would be, which is asked for but never made."""
    pod = trying_pod(namespace, "hub-proof", image, [])
    labels = {**marks, "app": "jupyterhub", "component": "hub", "tre.orchestrator/part": "hub"}
    alone = {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["127.0.0.1"]}, "serviceAccountName": "hub"}
    return {**pod, "metadata": {**pod["metadata"], "labels": labels}, "spec": {**pod["spec"], **alone}}
