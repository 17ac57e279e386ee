"""What holds for everything the builder makes, whatever project, person, data and words it is given."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from orchestrator.core.errors import Invalid
from orchestrator.workspaces.builder import hub_objects, place_objects, session_objects
from orchestrator.workspaces.builder.admission import CLAIMS, IMAGES, allowed, session_annotation
from orchestrator.workspaces.builder.objects import DIGEST, Object, digest
from orchestrator.workspaces.model import Mount, SessionPlan
from orchestrator.workspaces.places.model import ClusterLayout, Peer, PlacePlan, VolumePlan
from tests.workspaces.parts import part_objects, session_pod
from tests.workspaces.plans import AUTHORITY, GPU, LAYOUT, ONE_NODE, PLACE, SESSION, TOLD, VARIANTS, image

FORBIDDEN = {
    "hostPath", "hostNetwork", "hostPID", "hostIPC", "hostPort", "hostIP", "hostUsers", "shareProcessNamespace",
    "initContainers", "ephemeralContainers", "volumeDevices", "subPathExpr", "procMount", "sysctls", "lifecycle",
    "nodeName", "add", "supplementalGroups", "gitRepo", "downwardAPI", "clusterTrustBundle", "resourceClaims",
}  # fmt: skip
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
ID = re.compile(r"[a-z][a-z2-7]{15}")

FEW = settings(max_examples=25, deadline=None)
"""A world is large, so few of them already hold every kind of thing in many combinations."""

ids = some.builds(
    "".join, some.tuples(some.sampled_from(string.ascii_lowercase), some.text("abc234567", min_size=15, max_size=15))
)
folders = some.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,8})?", fullmatch=True)
words = some.text(max_size=40)


@some.composite
def places(draw: some.DrawFn) -> PlacePlan:
    project = draw(ids)
    volumes = tuple(
        VolumePlan(version_id=version, source={"nfs": {"server": "192.0.2.50", "path": "/data"}})
        for version in draw(some.lists(ids, max_size=3, unique=True))
    )
    profile = draw(some.sampled_from([PLACE.profile, GPU]))
    host = LAYOUT.host(project)
    name = f"tre-{draw(ids)}"
    return PlacePlan(project_id=project, name=name, title=draw(words), host=host, profile=profile, volumes=volumes)


@some.composite
def sessions(draw: some.DrawFn, place: PlacePlan) -> SessionPlan:
    names = draw(some.lists(folders, max_size=4, unique=True))
    sources = [Path("/data") / draw(ids) for _ in names] + [
        Path("/volumes") / each.version_id for each in place.volumes
    ]
    chosen = [draw(some.sampled_from(sources)) for _ in names]
    relays = {name: f"10.0.0.9:{15432 + at}" for at, name in enumerate(draw(some.lists(folders, max_size=3)))}
    return SessionPlan(
        session_id=draw(ids),
        project_id=place.project_id,
        person_id=draw(ids),
        user_number=200_000,
        mounts=tuple(Mount(name=name, source=source) for name, source in zip(names, chosen, strict=True)),
        relays=relays,
        intake_secret=draw(words),
        environment=draw(
            some.dictionaries(some.from_regex(r"JUPYTERHUB_[A-Z]{1,8}", fullmatch=True), words, max_size=3)
        ),
        arguments=tuple(draw(some.lists(words, max_size=3))),
    )


@some.composite
def worlds(draw: some.DrawFn) -> tuple[PlacePlan, SessionPlan, ClusterLayout]:
    place = draw(places())
    return place, draw(sessions(place)), draw(some.sampled_from([LAYOUT, ONE_NODE]))


World = tuple[PlacePlan, SessionPlan, ClusterLayout]


def everything(world: World) -> list[Object]:
    place, session, layout = world
    made = place_objects(place, layout) + part_objects(place, layout, TOLD)
    return made + session_objects(place, session, layout, authority=AUTHORITY)


def pods(objects: list[Object]) -> list[Object]:
    whole = [thing for thing in objects if thing["kind"] == "Pod"]
    return whole + [thing["spec"]["template"] for thing in objects if thing["kind"] == "Deployment"]


def inside(thing: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield key, value
            yield from inside(value)
    if isinstance(thing, list):
        for value in thing:
            yield from inside(value)


@FEW
@given(worlds())
def test_no_pod_has_anything_of_the_host_or_more_rights_than_none(world: World) -> None:
    for pod in pods(everything(world)):
        keys = dict(inside(pod["spec"]))
        assert not FORBIDDEN & keys.keys()
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert pod["spec"]["enableServiceLinks"] is False
        user = pod["spec"]["securityContext"]
        assert user["runAsNonRoot"] is True
        assert user["runAsUser"] in {1000, 10001}
        assert user["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["spec"]["containers"]:
            rights = container["securityContext"]
            assert rights["capabilities"] == {"drop": ["ALL"]}
            assert (rights["privileged"], rights["allowPrivilegeEscalation"]) == (False, False)
            assert rights["readOnlyRootFilesystem"] is True
            assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"]["limits"].keys()
            assert {"cpu", "memory", "ephemeral-storage"} <= container["resources"]["requests"].keys()


@FEW
@given(worlds())
def test_every_image_is_on_the_list_by_digest(world: World) -> None:
    place, _, layout = world
    listed = {layout.hub_image, layout.agent_image, *layout.images}
    used = {container["image"] for pod in pods(everything(world)) for container in pod["spec"]["containers"]}
    assert used == {layout.hub_image, layout.agent_image, place.profile.image}
    assert used <= listed
    assert set(place_objects(place, layout)[0]["metadata"]["annotations"][IMAGES].split("\n")) == listed


@FEW
@given(worlds())
def test_only_the_agent_has_a_token_and_it_is_for_the_vault(world: World) -> None:
    for pod in pods(everything(world)):
        tokens = [value for key, value in inside(pod["spec"]) if key == "serviceAccountToken"]
        part = pod["metadata"]["labels"]["tre.orchestrator/part"]
        assert [token["audience"] for token in tokens] == (["vault"] if part == "agent" else [])


@FEW
@given(worlds())
def test_every_object_says_whose_it_is_and_carries_its_digest(world: World) -> None:
    place, session, layout = world
    for thing in everything(world):
        labels = thing["metadata"]["labels"]
        assert labels["app"] == "jupyterhub"
        assert labels["tre.orchestrator/installation"] == layout.installation
        assert labels["tre.orchestrator/project"] == place.project_id
        assert thing["metadata"]["annotations"][DIGEST] == digest(thing)
        if thing["kind"] not in {"Namespace", "PersistentVolume"}:
            assert thing["metadata"]["namespace"] == place.name
        assert NAME.fullmatch(thing["metadata"]["name"])
    for thing in session_objects(place, session, layout, authority=AUTHORITY):
        assert thing["metadata"]["labels"]["tre.orchestrator/session"] == session.session_id


@FEW
@given(worlds())
def test_the_same_plan_makes_the_same_objects_each_under_its_own_name(world: World) -> None:
    first = everything(world)
    assert first == everything(world)
    names = [(thing["apiVersion"], thing["kind"], thing["metadata"]["name"]) for thing in first]
    assert len(set(names)) == len(names)


@FEW
@given(worlds(), ids)
def test_another_project_person_or_session_has_nothing_in_common(world: World, other: str) -> None:
    place, session, layout = world
    if other in {place.project_id, session.person_id, session.session_id} or place.name == f"tre-{other}":
        return
    elsewhere = replace(place, project_id=other, name=f"tre-{other}")
    volumes = [
        {thing["metadata"]["name"] for thing in place_objects(each, layout) if thing["kind"] == "PersistentVolume"}
        for each in (place, elsewhere)
    ]
    assert not volumes[0] & volumes[1]
    own = session_pod(place, session, layout)
    anothers = session_pod(place, replace(session, session_id=other, person_id=other), layout)
    assert own["metadata"]["name"] != anothers["metadata"]["name"]
    homes = [
        {mount["subPath"] for mount in pod["spec"]["containers"][0]["volumeMounts"] if mount["name"] == "work"}
        for pod in (own, anothers)
    ]
    assert homes[0] & homes[1] == {"shared"}


@FEW
@given(worlds())
def test_folders_of_volumes_are_made_of_identifiers_only(world: World) -> None:
    for pod in pods(everything(world)):
        for key, value in inside(pod["spec"]):
            if key == "subPath":
                assert value == "shared" or ID.fullmatch(value.removeprefix("homes/"))


@FEW
@given(worlds())
def test_data_can_only_be_read_by_a_session(world: World) -> None:
    place, session, layout = world
    spec = session_pod(place, session, layout)["spec"]
    claims = {volume["name"]: volume.get("persistentVolumeClaim", {}) for volume in spec["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in spec["containers"][0]["volumeMounts"]}
    assert {path for path in mounts if path.startswith("/data/")} == {f"/data/{each.name}" for each in session.mounts}
    for path, mount in mounts.items():
        if path.startswith("/data/"):
            assert mount["readOnly"] is True
            assert claims[mount["name"]]["readOnly"] is True


@FEW
@given(worlds(), some.dictionaries(words, words), some.lists(words))
def test_what_the_hub_passes_on_changes_nothing_in_the_pod(
    world: World, environment: dict[str, str], arguments: list[str]
) -> None:
    place, session, layout = world
    passed = {f"JUPYTERHUB_{number}": value for number, value in enumerate(environment.values())}
    told = replace(session, environment=passed, arguments=tuple(arguments))
    assert session_pod(place, told, layout) == session_pod(place, session, layout)
    secret, *others = session_objects(place, told, layout, authority=AUTHORITY)
    assert others == session_objects(place, session, layout, authority=AUTHORITY)[1:]
    assert secret["kind"] == "Secret"


@FEW
@given(worlds())
def test_the_admission_policies_are_told_exactly_what_the_pod_has(world: World) -> None:
    place, session, layout = world
    pod = session_pod(place, session, layout)
    lines = allowed(pod).split("\n")
    assert lines == sorted(set(lines))
    kinds = [line.partition("|")[0] for line in lines]
    assert kinds.count("image") == kinds.count("runtime") == 1
    assert kinds.count("mount") == len(pod["spec"]["containers"][0]["volumeMounts"])
    assert kinds.count("volume") == len(pod["spec"]["volumes"])
    listed = place_objects(place, layout)[0]["metadata"]["annotations"][CLAIMS].split("\n")
    assert {line.split("|")[3] for line in lines if line.startswith("volume|") and "|claim|" in line} <= set(listed)


@given(ids)
def test_a_session_s_annotation_has_a_name_that_kubernetes_takes(session_id: str) -> None:
    assert len(session_annotation(session_id).partition("/")[2]) <= 63


@given(words, some.sampled_from(["person_id", "session_id"]))
def test_no_path_or_name_is_made_of_words(word: str, field: str) -> None:
    if ID.fullmatch(word):
        return
    with pytest.raises(Invalid):
        session_pod(PLACE, replace(SESSION, **{field: word}), LAYOUT)


@pytest.mark.parametrize(
    "source",
    ["/", "/data", "/data/..", "/data/../etc", "/data/a", "/etc/shadow", f"/data/{'a' * 16}/x", "data/" + "a" * 16],
)
def test_a_mount_that_is_no_place_of_the_project_is_refused(source: str) -> None:
    with pytest.raises(Invalid):
        session_pod(PLACE, replace(SESSION, mounts=(Mount(name="x", source=Path(source)),)), LAYOUT)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "a|b", "a\nb", ".hidden", "a" * 64, "é"])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    mount = Mount(name=name, source=Path("/data") / ("a" * 16))
    with pytest.raises(Invalid, match="folder"):
        session_pod(PLACE, replace(SESSION, mounts=(mount,)), LAYOUT)
    with pytest.raises(Invalid, match="folder"):
        session_objects(PLACE, replace(SESSION, relays={name: "10.0.0.9:15432"}), LAYOUT, authority=AUTHORITY)


def test_two_datasets_of_one_name_are_refused() -> None:
    mounts = tuple(Mount(name="x", source=Path("/data") / (letter * 16)) for letter in "ab")
    with pytest.raises(Invalid, match="same folder name"):
        session_pod(PLACE, replace(SESSION, mounts=mounts), LAYOUT)


def test_a_volume_that_the_place_does_not_have_is_refused() -> None:
    mount = Mount(name="x", source=Path("/volumes") / ("a" * 16))
    with pytest.raises(Invalid, match="provision it first"):
        session_pod(PLACE, replace(SESSION, mounts=(mount,)), LAYOUT)


def test_an_image_that_is_not_listed_is_refused() -> None:
    place = replace(PLACE, profile=replace(PLACE.profile, image=image("another", "9")))
    with pytest.raises(Invalid, match="not on the installation's list"):
        session_pod(place, SESSION, LAYOUT)


def test_a_session_of_another_project_is_refused() -> None:
    with pytest.raises(Invalid, match="own project"):
        session_pod(PLACE, replace(SESSION, project_id="a" * 16), LAYOUT)


@pytest.mark.parametrize("address", ["10.0.0.9", "10.0.0.9:", "10.0.0.9:8443", "10.0.0.9:15532", "10.0.0.9:１5432"])
def test_a_relay_at_another_port_is_refused(address: str) -> None:
    with pytest.raises(Invalid, match=r"relays|host:port"):
        session_objects(PLACE, replace(SESSION, relays={"x": address}), LAYOUT, authority=AUTHORITY)


@pytest.mark.parametrize("name", ["", "-a", "a" * 64, "a/b", "A", "a.b"])
def test_a_name_that_is_no_namespace_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="namespace"):
        place_objects(replace(PLACE, name=name), LAYOUT)


@pytest.mark.parametrize("field", ["control_plane", "ingress"])
def test_a_way_in_for_nobody_in_particular_is_refused(field: str) -> None:
    with pytest.raises(Invalid, match="names no pods"):
        place_objects(PLACE, replace(LAYOUT, **{field: ()}))
    with pytest.raises(Invalid, match="namespace or an address range"):
        place_objects(PLACE, replace(LAYOUT, **{field: (Peer(labels={"app": "x"}),)}))


@pytest.mark.parametrize("field", ["desk", "intake"])
def test_a_way_out_to_every_port_is_refused(field: str) -> None:
    with pytest.raises(Invalid, match="needs its ports"):
        place_objects(PLACE, replace(LAYOUT, **{field: Peer(cidr="192.0.2.1/32")}))


def test_hub_and_gate_are_told_in_secrets_of_their_own() -> None:
    *secrets, deployment = hub_objects(PLACE, LAYOUT, hub=TOLD.hub, gate=TOLD.gate)
    assert {"hub.json" in each["data"] for each in secrets} == {True, False}
    spec = deployment["spec"]["template"]["spec"]
    for container in spec["containers"]:
        other = {"hub": "gate", "gate": "hub"}[container["name"]]
        assert not [mount for mount in container["volumeMounts"] if mount["name"].startswith(other)]


def test_a_part_starts_anew_when_it_is_told_something_else_and_not_for_a_new_certificate() -> None:
    def template(**more: str) -> Object:
        found: Object = hub_objects(PLACE, LAYOUT, hub={**TOLD.hub, **more}, gate=TOLD.gate)[-1]["spec"]["template"]
        return found

    assert template() == template(**{"tls.crt": "a new one", "tls.key": "a new one"})
    assert template() != template(**{"hub.json": "{}"})


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_changed_object_has_another_digest(variant: str) -> None:
    for thing in VARIANTS[variant]():
        changed = {**thing, "spec": {"changed": True}}
        assert digest(changed) != thing["metadata"]["annotations"][DIGEST]
