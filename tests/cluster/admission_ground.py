"""A project on a real cluster behind its admission policies, and the accounts that try to get around them."""

from __future__ import annotations

import copy
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.adapters.kubernetes.admission import AdmissionPolicies
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import (
    NAMESPACE,
    SERVICE_ACCOUNT,
    VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
)
from orchestrator.adapters.kubernetes.transport import Call, Repeat, Transport, configuration
from orchestrator.assembly.house import POLICIES
from orchestrator.core.errors import OrchestratorError
from orchestrator.core.ids import new_id
from orchestrator.workspaces.builder import place_objects
from orchestrator.workspaces.builder.admission import CLAIMS, allowed, session_annotation
from orchestrator.workspaces.places.model import ClusterLayout, PlacePlan
from tests.cluster.layout import TOLD, layout, plan, pod_of, session
from tests.workspaces.parts import part_objects, session_pod

__all__ = ["Account", "Ground", "eventually", "project_behind_policies"]

_CLUSTER_ROLE_BINDING = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
_SECURITY = "pod-security.kubernetes.io/enforce"


class Account:
    """Somebody with rights, or without, who says what the API server answered; empty means that it was accepted."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.cluster = Cluster(transport)

    @classmethod
    def with_kubeconfig(cls) -> Account:
        return cls(Transport(configuration(Path(os.environ["KUBECONFIG"]))))

    @classmethod
    def with_token(cls, token: str) -> Account:
        settings = configuration(Path(os.environ["KUBECONFIG"]))
        settings.cert_file = settings.key_file = None
        settings.api_key = {"authorization": f"Bearer {token}"}
        return cls(Transport(settings))

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        kind = "application/strategic-merge-patch+json" if method == "PATCH" else "application/json"
        path, _, query = path.partition("?")
        return self._transport.ask(
            Call(verb="try", method=method, path=f"{path}?{query}", body=body, content_type=kind, repeat=Repeat.ONCE)
        )

    def says(self, method: str, path: str, body: object = None) -> str:
        try:
            self.ask(method, path, body)
        except OrchestratorError as error:
            return error.message
        return ""

    def makes(self, pod: dict[str, Any]) -> str:
        return self.says("POST", f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods?dryRun=All", pod)

    def tries(self, ground: Ground, row: dict[str, Any]) -> str:
        path = row["path"].format_map(ground.names)
        return self.says(row["method"], path, ground.filled(row.get("send")))


@dataclass(kw_only=True)
class Ground:
    """What the tests stand on. ``free`` is a namespace outside of the installation, ``bare`` one without lists."""

    cluster: Cluster
    policies: AdmissionPolicies
    plan: PlacePlan
    layout: ClusterLayout
    administrator: Account
    controller: Account
    hub: Account
    accounts: dict[str, Account]
    pods: dict[str, dict[str, Any]]
    running: dict[str, str]
    free: str
    bare: str
    words: dict[str, Any] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        return f"ValidatingAdmissionPolicy '{self.policies.prefix}-"

    @property
    def names(self) -> dict[str, str]:
        return {**self.running, "ns": self.plan.name, "free": self.free, "bare": self.bare, "pod": "free"}

    def filled(self, value: Any) -> Any:
        """Put this run's words in place of the capitals of the data."""
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        return copy.deepcopy(self.words.get(value, value)) if isinstance(value, str) else value

    def rules(self, account: str) -> dict[str, Any]:
        """Return what the API server says an account may do in its own namespace."""
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview"}
        answer = self.accounts[account].ask(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
            {**review, "spec": {"namespace": self.plan.name}},
        )["status"]
        on_objects = {
            f"{'/'.join(rule['apiGroups'])}: {', '.join(sorted(rule['resources']))}": sorted(rule["verbs"])
            for rule in answer["resourceRules"]
        }
        on_paths = sorted({path for rule in answer["nonResourceRules"] for path in rule["nonResourceURLs"]})
        return {"objects": dict(sorted(on_objects.items())), "paths": on_paths}

    def type_warnings(self) -> dict[str, Any]:
        found = {}
        for thing in self.policies.objects():
            if thing["kind"] == VALIDATING_ADMISSION_POLICY.name:
                name = thing["metadata"]["name"]
                held = self.cluster.get(VALIDATING_ADMISSION_POLICY, name) or {}
                found[name] = held.get("status", {}).get("typeChecking", {}).get("expressionWarnings")
        return {name: warnings for name, warnings in found.items() if warnings}


@contextmanager
def project_behind_policies(cluster: Cluster) -> Iterator[Ground]:
    """Give the ground, and remove it afterwards."""
    made = _Making(cluster)
    try:
        yield made.ground()
    finally:
        made.remove()


class _Making:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.administrator = Account.with_kubeconfig()
        self.layout = layout(f"test-{secrets.token_hex(4)}", ingress_class="none")
        self.plan = plan(self.layout, volumes=2)
        self.free, self.bare = (f"test-{secrets.token_hex(5)}" for _ in range(2))
        self.policies: AdmissionPolicies | None = None

    def ground(self) -> Ground:
        """Everything that the policies would refuse is made first: weak Pod Security, and tokens of accounts."""
        self._namespace(self.free, {})
        self._place()
        tokens = {name: self._token(self.plan.name, name) for name in ("hub", "agent", "session")}
        controller = self._controller()
        self._namespace(self.bare, self._labels(), security="restricted")
        for account in ("hub", "session"):
            path = f"/api/v1/namespaces/{self.bare}/serviceaccounts"
            self.administrator.ask("POST", path, {"metadata": {"name": account}})
        pods = {"session": self._session(), **self._parts()}
        hub = copy.deepcopy(pods["hub"])
        hub["metadata"]["name"] = "hub-running"
        running = {"hub": hub, "session": self._session()}
        self.policies = AdmissionPolicies(
            directory=POLICIES / "admission",
            installation=self.layout.installation,
            controller=f"system:serviceaccount:{self.free}:controller",
        )
        self.policies.install(self.cluster)
        accounts = {name: Account.with_token(token) for name, token in tokens.items()}
        ground = Ground(
            cluster=self.cluster, policies=self.policies, plan=self.plan, layout=self.layout,
            administrator=self.administrator, controller=controller, hub=accounts["hub"], accounts=accounts,
            pods=pods, running={part: pod["metadata"]["name"] for part, pod in running.items()},
            free=self.free, bare=self.bare, words=self._words(pods),
        )  # fmt: skip
        self._in_force(ground)
        for pod in running.values():
            controller.ask("POST", f"/api/v1/namespaces/{self.plan.name}/pods", pod)
        return ground

    def remove(self) -> None:
        for kind in (VALIDATING_ADMISSION_POLICY_BINDING, VALIDATING_ADMISSION_POLICY):
            mark = f"tre.orchestrator/admission={self.layout.installation}"
            for thing in self.cluster.list(kind, selector=mark).items:
                self.cluster.delete(kind, thing["metadata"]["name"])
        self.administrator.says("DELETE", f"{_CLUSTER_ROLE_BINDING}/{self.free}")
        self.administrator.says("DELETE", f"/apis/node.k8s.io/v1/runtimeclasses/{self.free}")
        for volume in (thing for thing in place_objects(self.plan, self.layout) if thing["kind"] == "PersistentVolume"):
            self.administrator.says("DELETE", f"/api/v1/persistentvolumes/{volume['metadata']['name']}")
        for name in (self.plan.name, self.free, self.bare):
            eventually(lambda name=name: self._gone(name))  # the bindings may be in force for a second more

    def _gone(self, name: str) -> bool:
        try:
            self.cluster.delete(NAMESPACE, name)
        except OrchestratorError:
            return False
        return True

    def _labels(self) -> dict[str, str]:
        return {
            "tre.orchestrator/installation": self.layout.installation,
            "tre.orchestrator/project": self.plan.project_id,
        }

    def _namespace(self, name: str, labels: dict[str, str], security: str = "privileged") -> None:
        lists = {CLAIMS: "work"} if labels else {}
        body = {"metadata": {"name": name, "labels": {**labels, _SECURITY: security}, "annotations": lists}}
        self.administrator.ask("POST", "/api/v1/namespaces", body)
        eventually(lambda: self.cluster.get(SERVICE_ACCOUNT, "default", name))
        if security == "privileged":
            pod = {
                "metadata": {"name": "free"},
                "spec": {"containers": [{"name": "notebook", "image": "tre.invalid/x:1"}]},
            }
            eventually(lambda: not self.administrator.says("POST", f"/api/v1/namespaces/{name}/pods", pod))

    def _place(self) -> None:
        for thing in place_objects(self.plan, self.layout):
            if thing["kind"] == "Namespace":  # ours weakened, so that each of our own rules is seen
                weak = {key: "privileged" for key in thing["metadata"]["labels"] if key == _SECURITY}
                thing["metadata"]["labels"] |= weak
            self.cluster.apply(thing)
        eventually(lambda: self.cluster.get(SERVICE_ACCOUNT, "default", self.plan.name))

    def _token(self, namespace: str, account: str) -> str:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        return str(self.administrator.ask("POST", path, {"spec": {}})["status"]["token"])

    def _controller(self) -> Account:
        """An account with every right, whom nothing but admission can refuse."""
        path = f"/api/v1/namespaces/{self.free}/serviceaccounts"
        self.administrator.ask("POST", path, {"metadata": {"name": "controller"}})
        subject = {"kind": "ServiceAccount", "name": "controller", "namespace": self.free}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        binding = {"metadata": {"name": self.free}, "roleRef": role, "subjects": [subject]}
        self.administrator.ask("POST", _CLUSTER_ROLE_BINDING, binding)
        return Account.with_token(self._token(self.free, "controller"))

    def _session(self) -> dict[str, Any]:
        """A session as it was launched; the namespace says what it may have."""
        wanted = session(self.plan)
        pod = session_pod(self.plan, wanted, self.layout)
        granted = {"metadata": {"annotations": {session_annotation(wanted.session_id): allowed(pod)}}}
        self.administrator.ask("PATCH", f"/api/v1/namespaces/{self.plan.name}", granted)
        return pod

    def _parts(self) -> dict[str, dict[str, Any]]:
        parts = [thing for thing in part_objects(self.plan, self.layout, TOLD) if thing["kind"] == "Deployment"]
        return {thing["metadata"]["name"]: pod_of(thing) for thing in parts}

    def _words(self, pods: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """A runtime class is made too: without one the API server itself would refuse a pod that names it."""
        runtime = {"metadata": {"name": self.free}, "handler": "none"}
        self.administrator.ask("POST", "/apis/node.k8s.io/v1/runtimeclasses", runtime)
        return {
            "HUB_IMAGE": self.layout.hub_image,
            "SESSION_IMAGE": self.layout.images[0],
            "OTHER_CLAIM": f"volume-{self.plan.volumes[0].version_id}",
            "RUNTIME_CLASS": self.free,
            "NODE": "elsewhere",
            "NAMESPACE": self.plan.name,
            "INSTALLATION": self.layout.installation,
            "HUB_POD": {**pods["hub"], "metadata": {**pods["hub"]["metadata"], "name": f"hub-{new_id()}"}},
        }

    def _in_force(self, ground: Ground) -> None:
        """Policies and lists are in force about a second after they were written."""
        bad = copy.deepcopy(ground.pods["session"])
        bad["spec"]["hostNetwork"] = True
        eventually(lambda: ground.prefix in ground.controller.makes(bad))
        removal = f"/api/v1/namespaces/{ground.bare}?dryRun=All"
        eventually(lambda: ground.prefix in ground.administrator.says("DELETE", removal))
        eventually(lambda: all(ground.controller.makes(pod) == "" for pod in ground.pods.values()))


def eventually(holds: Callable[[], object], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.3)
