"""The chart without a cluster: lint, values, schema, and what it makes of them."""

from __future__ import annotations

import copy
import ipaddress
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import pytest
import yaml

from orchestrator.adapters.kubernetes.admission import AdmissionPolicies
from orchestrator.adapters.kubernetes.kinds import KINDS
from orchestrator.adapters.kubernetes.watching import WATCHED
from orchestrator.settings import Settings
from tests.discovery.harvest.test_guard import FORBIDDEN
from tests.helm.conftest import CHART, Render

ROOT = CHART.parent
DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path


def at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def one(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [found] = [each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name]
    return found


def test_lint_finds_nothing(everything: dict[str, Any]) -> None:
    report = helm_python.lint(str(CHART), everything, strict=True)
    assert report["errors"] == []
    assert [each for each in report["messages"] if each["severity"] > 1] == []


def test_the_schema_is_the_one_of_the_settings() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "generate-chart"))["text"]()
    assert (CHART / "values.schema.json").read_text() == made, "run .venv/bin/python scripts/generate-chart"


def test_no_object_of_the_schema_takes_keys_it_does_not_know() -> None:
    schema = runpy.run_path(str(ROOT / "scripts" / "generate-chart"))["schema"]()

    def closed(part: Any, where: str) -> None:
        if isinstance(part, dict):
            if "properties" in part and isinstance(part["properties"], dict):
                assert part.get("additionalProperties") is False, where
            for key, inner in part.items():
                closed(inner, f"{where}.{key}")
        elif isinstance(part, list):
            for number, inner in enumerate(part):
                closed(inner, f"{where}[{number}]")

    closed(schema, "values")


def test_every_default_is_in_the_schema_and_the_reverse() -> None:
    written = yaml.safe_load((CHART / "values.schema.yaml").read_text())
    assert set(written["properties"]) == set(DEFAULTS)
    for name, part in written["properties"].items():
        if part.get("type") == "object" and "properties" in part:
            assert set(part["properties"]) == set(DEFAULTS[name]), name


def test_every_value_is_set_in_the_file_that_sets_everything(everything: dict[str, Any]) -> None:
    for path in leaves({name: value for name, value in DEFAULTS.items() if name != "settings"}):
        at(everything, path)
    assert set(Settings.model_fields) - {"state", "databases", "stores", "sealed"} <= set(everything["settings"])


@pytest.mark.parametrize("path", list(leaves({k: v for k, v in DEFAULTS.items() if k != "settings"})), ids=".".join)
def test_every_value_is_used(path: tuple[str, ...], everything: dict[str, Any], chart: helm_python.Chart) -> None:
    other = copy.deepcopy(everything)
    place = at(other, path[:-1])
    if path == ("image",):
        place["image"] = everything["image"].replace("0001", "0009")
    elif isinstance(place[path[-1]], bool):
        place[path[-1]] = not place[path[-1]]
    else:
        del place[path[-1]]
    before = chart.render(everything, name="tre", namespace="tre-system")
    if path[0] == "services":  # these cannot be left out, which another test tries
        place[path[-1]] = "10.96.100.99"
    assert chart.render(other, name="tre", namespace="tre-system") != before


@pytest.mark.parametrize("path", list(leaves(DEFAULTS)), ids=".".join)
def test_a_typing_error_is_refused(path: tuple[str, ...], everything: dict[str, Any], render: Render) -> None:
    place = at(everything, path[:-1])
    place[path[-1] + "x"] = "anything"
    if path[:-1] in {("podAnnotations",), ("nodeSelector",)}:
        return
    with pytest.raises(helm_python.HelmError, match=f"{path[-1]}x"):
        render(everything)


@pytest.mark.parametrize("image", ["", "tre/orchestrator:latest", "tre/orchestrator:1.0"])
def test_only_an_image_by_digest_is_taken(image: str, everything: dict[str, Any], render: Render) -> None:
    everything["image"] = image
    with pytest.raises(helm_python.HelmError, match="image"):
        render(everything)


@pytest.mark.parametrize(
    ("remove", "words"),
    [
        (("settings", "sign_on"), "sign_on.kind must be oidc"),
        (("settings", "portal", "url"), "settings.portal.url"),
        (("services", "desk"), "services.desk.clusterIP"),
        (("services", "intake"), "services.intake.clusterIP"),
    ],
)
def test_what_is_missing_is_told(
    remove: tuple[str, ...], words: str, everything: dict[str, Any], render: Render
) -> None:
    del at(everything, remove[:-1])[remove[-1]]
    with pytest.raises(helm_python.HelmError, match=re.escape(words)):
        render(everything)


def test_the_parts_understand_their_settings(everything: dict[str, Any], render: Render) -> None:
    written = yaml.safe_load(one(render(everything), "ConfigMap", "settings")["data"]["tre.yaml"])
    settings = Settings.model_validate({**written, "state": Path("/var/lib/tre")})
    assert settings.kubernetes is not None
    assert settings.kubernetes.desk_address == "10.96.100.10:8705"
    assert settings.kubernetes.network.desk.namespace == "tre-system"
    assert settings.kubernetes.network.intake.ports == (8707,)
    selector = one(render(everything), "StatefulSet", "control-plane")["spec"]["selector"]["matchLabels"]
    assert settings.kubernetes.network.control_plane[0].labels == selector


def test_what_the_chart_knows_can_be_said_otherwise(everything: dict[str, Any], render: Render) -> None:
    everything["settings"]["kubernetes"]["intake_address"] = "192.0.2.9:8707"
    written = yaml.safe_load(one(render(everything), "ConfigMap", "settings")["data"]["tre.yaml"])
    assert written["kubernetes"]["intake_address"] == "192.0.2.9:8707"


def test_pods_keep_to_the_restricted_standard(everything: dict[str, Any], render: Render) -> None:
    objects = render(everything)
    pods = [one(objects, "StatefulSet", "control-plane")["spec"]["template"]["spec"]]
    pods.append(one(objects, "Pod", "test-reach")["spec"])
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            assert "@sha256:" in container["image"]
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_only_the_controller_gets_a_token_and_each_part_its_own_vault_identity(
    everything: dict[str, Any], render: Render
) -> None:
    pod = one(render(everything), "StatefulSet", "control-plane")["spec"]["template"]["spec"]
    mounted = {
        container["name"]: {mount["name"] for mount in container["volumeMounts"]}
        for container in [*pod["initContainers"], *pod["containers"]]
    }
    assert {name for name, volumes in mounted.items() if "cluster" in volumes} == {"controller"}
    [cluster] = [volume for volume in pod["volumes"] if volume["name"] == "cluster"]
    [token] = [part["serviceAccountToken"] for part in cluster["projected"]["sources"] if "serviceAccountToken" in part]
    assert token["expirationSeconds"] == 3600, "3607 would be taken for a pod of old and made good for a year"
    assert {name for name, volumes in mounted.items() if "vault-controller" in volumes} == {"controller"}
    assert {name for name, volumes in mounted.items() if "vault-airlock" in volumes} == {"airlock"}


def test_no_secret_is_ever_made_of_a_value(everything: dict[str, Any], render: Render) -> None:
    assert not [each for each in render(everything) if each["kind"] == "Secret"]


def test_the_rules_are_those_that_the_controller_compares(everything: dict[str, Any], render: Render) -> None:
    wanted = AdmissionPolicies(
        directory=ROOT / "policies" / "admission",
        installation="everything",
        controller="system:serviceaccount:tre-system:controller",
    ).objects()
    made = [each for each in render(everything) if each["kind"].startswith("ValidatingAdmissionPolicy")]
    assert sorted(map(str, made)) == sorted(map(str, wanted))


def test_the_controllers_rights_are_the_kinds_it_uses(everything: dict[str, Any], render: Render) -> None:
    objects = render(everything)
    rules = one(objects, "ClusterRole", "tre-everything-controller")["rules"]
    granted = {
        (group, resource): set(rule["verbs"])
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    own = {("coordination.k8s.io", "leases")}  # in its own namespace
    free = {"selfsubjectreviews", "selfsubjectaccessreviews"}  # everybody's
    used = {
        (kind.api_version.rpartition("/")[0], kind.plural) for kind in KINDS.values() if kind.plural not in free
    } - own
    assert set(granted) == used | {("apps", "deployments/scale")}
    for kind in WATCHED:
        assert {"list", "watch"} <= granted[kind.api_version.rpartition("/")[0], kind.plural]
    for (_group, resource), verbs in granted.items():
        assert not verbs & {"*", "escalate", "bind", "impersonate", "deletecollection"}
        if resource in {"roles", "rolebindings", "nodes", "validatingadmissionpolicies", "storageclasses"}:
            assert not verbs & {"create", "update", "patch"}, resource


def test_the_control_plane_is_closed_but_for_what_is_named(everything: dict[str, Any], render: Render) -> None:
    objects = render(everything)
    assert "ingress" not in one(objects, "NetworkPolicy", "default-deny")["spec"]
    policy = one(objects, "NetworkPolicy", "control-plane")["spec"]
    for way in [*policy["ingress"], *policy["egress"]]:
        assert way["ports"], "a way without ports opens them all"
        assert way.get("from") or way.get("to"), "a way without peers opens it to everybody"


def test_the_smallest_values_make_no_way_that_is_open_to_everybody(render: Render, everything: dict[str, Any]) -> None:
    small = {"image": everything["image"], "settings": everything["settings"], "services": everything["services"]}
    policy = one(render(small), "NetworkPolicy", "control-plane")["spec"]
    assert all(way.get("from") or way.get("to") for way in [*policy["ingress"], *policy["egress"]])


def _outside(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """The ways that lead to everywhere but some networks."""
    return [
        way for way in policy["egress"] if any(peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0" for peer in way["to"])
    ]


def test_the_controller_asks_the_public_network_only_where_a_port_is_named(
    everything: dict[str, Any], render: Render
) -> None:
    (way,) = _outside(one(render(everything), "NetworkPolicy", "control-plane")["spec"])
    assert way == {
        "to": [
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "192.168.0.0/16"]}},
            {"ipBlock": {"cidr": "::/0", "except": ["fc00::/7"]}},
            {"ipBlock": {"cidr": "10.30.0.0/16"}},
        ],
        "ports": [{"port": 443}, {"port": 8443}],
    }
    everything["networkPolicy"]["outside"] = copy.deepcopy(DEFAULTS["networkPolicy"]["outside"])
    assert _outside(one(render(everything), "NetworkPolicy", "control-plane")["spec"]) == []


def test_by_default_no_network_that_the_guard_refuses_is_open(everything: dict[str, Any], render: Render) -> None:
    """What the guard in the program never calls, the wall behind it keeps closed: the two agree address by address."""
    del everything["settings"]["harvest"]["allowed_networks"]
    everything["networkPolicy"]["outside"] = {
        **copy.deepcopy(DEFAULTS["networkPolicy"]["outside"]),
        "ports": [443],
    }
    (way,) = _outside(one(render(everything), "NetworkPolicy", "control-plane")["spec"])
    for text in FORBIDDEN:
        address = ipaddress.ip_address(text)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            continue  # no packet carries such an address
        assert not _open(way, address), text
    for text in ("8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4009::200e"):
        assert _open(way, ipaddress.ip_address(text)), text


def _open(way: dict[str, Any], address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    def within(text: str) -> bool:
        network = ipaddress.ip_network(text)
        return network.version == address.version and address in network

    blocks = [peer["ipBlock"] for peer in way["to"]]
    return any(within(block["cidr"]) and not any(map(within, block.get("except", []))) for block in blocks)
