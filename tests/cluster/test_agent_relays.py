"""Databases between pods: a session reaches its own relay at its own port, and a withdrawal ends its cursors."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.core.errors import Refused
from orchestrator.core.ids import new_id
from orchestrator.credentials.model import DatabaseGrant, Wanted
from orchestrator.workspaces.builder.networks import relay_policies
from orchestrator.workspaces.builder.objects import built, made
from orchestrator.workspaces.builder.pods import container, pod_head
from tests.cluster.agent_ground import AgentGround, agent_ground, eventually

pytestmark = pytest.mark.cluster

_CLIENT = r"""
import socket, struct, sys, time
what, *addresses = sys.argv[1:]

def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), 3)

def until_ready(stream):
    rows, words = [], ""
    while True:
        head = stream.read(5)
        if len(head) < 5:
            return rows, words or "cut off"
        body = stream.read(struct.unpack("!I", head[1:])[0] - 4)
        if head[:1] == b"D":
            rows.append(body[6:].decode())
        if head[:1] == b"E":
            words = body.decode(errors="replace")
        if head[:1] == b"Z":
            return rows, words

def query(link, stream, text):
    body = text.encode() + b"\0"
    try:
        link.sendall(b"Q" + struct.pack("!I", len(body) + 4) + body)
        return until_ready(stream)
    except OSError as error:
        return [], str(error)

if what == "reach":
    for address in addresses:
        try:
            connect(address).close()
            print(address, "open")
        except OSError:
            print(address, "closed")
    sys.exit()
link = connect(addresses[0])
stream = link.makefile("rb")
asked = struct.pack("!I", 196608) + b"user\0researcher\0database\0cohort\0\0"
link.sendall(struct.pack("!I", len(asked) + 4) + asked)
print(until_ready(stream)[1] or "in", flush=True)
if what == "count":
    print(query(link, stream, "SELECT count(*) FROM people")[0][0])
    print(query(link, stream, "SELECT * FROM cohort.base")[1])
    sys.exit()
query(link, stream, "BEGIN; DECLARE reading CURSOR FOR SELECT n FROM people")
for number in range(600):
    rows, words = query(link, stream, "FETCH 1 FROM reading")
    print(rows[0] if rows else "ended: " + words, flush=True)
    if not rows:
        sys.exit()
    time.sleep(0.2)
"""


@pytest.fixture(scope="module")
def world(cluster, here, images) -> Iterator[AgentGround]:
    with (
        tempfile.TemporaryDirectory(prefix="tre-", dir="/tmp") as directory,
        agent_ground(cluster, here, images["dataset-agent"], Path(directory)) as ground,
    ):
        yield ground


@pytest.fixture
def wanted(world: AgentGround) -> Wanted:
    return world.views()


@pytest.fixture
def project(world: AgentGround, wanted: Wanted) -> Iterator[str]:
    project = world.project()
    assert world.ensure(project, wanted).databases == {wanted.version_id}
    yield project
    world.clean()


def _grant(wanted: Wanted) -> DatabaseGrant:
    assert wanted.database is not None
    return wanted.database


def _session(world: AgentGround, project: str, wanted: Wanted) -> tuple[str, str]:
    """Open a session's database, its way to it, and a pod in the session's place; return pod and address."""
    session, place = new_id(), world.places[project]
    address = world.service.open_databases(project, session, [_grant(wanted)])["cohort"]
    for policy in relay_policies(place, world.layout, session, {"cohort": address}):
        world.cluster.apply(built(policy))
    return _pod(world, project, session=session), address


def _pod(world: AgentGround, project: str, *, session: str = "") -> str:
    place = world.places[project]
    head = made("v1/Pod", f"probe-{new_id()}", place, world.layout, part="session")
    if session:
        head["metadata"]["labels"]["tre.orchestrator/session"] = session
    main = container("main", world.layout.agent_image, world.layout) | {"command": ["sleep", "600"]}
    main["resources"] = {"limits": {"cpu": "200m", "memory": "64Mi", "ephemeral-storage": "16Mi"}}
    world.cluster.create({**head, "spec": {**pod_head("session", user=1000), "containers": [main]}})
    name = str(head["metadata"]["name"])
    asked = ["kubectl", "wait", "-n", place.name, "--for=condition=Ready", "--timeout=60s", f"pod/{name}"]
    subprocess.run(asked, check=True, timeout=90, capture_output=True)
    return name


def _inside(world: AgentGround, project: str, pod: str, *arguments: str) -> list[str]:
    return ["kubectl", "exec", "-n", world.namespace_of(project), pod, "--", "python", "-c", _CLIENT, *arguments]


def _reached(world: AgentGround, project: str, pod: str, *addresses: str) -> dict[str, str]:
    asked = _inside(world, project, pod, "reach", *addresses)
    done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
    return dict(line.split() for line in done.stdout.splitlines())


def test_a_session_reaches_its_own_relay_and_nothing_else_of_the_agent(
    world: AgentGround, project: str, wanted: Wanted
) -> None:
    (mine, own), (_, others) = _session(world, project, wanted), _session(world, project, wanted)
    neighbour = _pod(world, project)
    host = own.rsplit(":", 1)[0]
    assert own != others
    eventually(lambda: _reached(world, project, mine, own)[own] == "open")
    closed = [others, f"{host}:8443", f"{host}:15500"]
    assert _reached(world, project, mine, *closed) == dict.fromkeys(closed, "closed")
    assert _reached(world, project, neighbour, own, others) == {own: "closed", others: "closed"}
    asked = _inside(world, project, mine, "count", own)
    done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
    entered, count, denied = done.stdout.splitlines()
    assert (entered, count) == ("in", "5000")
    assert "permission denied" in denied


def test_a_withdrawal_ends_the_cursor_of_a_session_and_its_role(
    world: AgentGround, project: str, wanted: Wanted
) -> None:
    pod, address = _session(world, project, wanted)
    eventually(lambda: _reached(world, project, pod, address)[address] == "open")
    asked = _inside(world, project, pod, "cursor", address)
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as reading:
        assert reading.stdout is not None
        assert [reading.stdout.readline().strip() for _ in range(3)] == ["in", "1", "2"]
        assert _roles(world)
        world.service.withdraw(project, wanted.version_id)
        rest = reading.stdout.read()
        assert reading.wait(60) is not None
    assert rest.splitlines()[-1].startswith("ended: "), rest
    assert _reached(world, project, pod, address)[address] == "closed"
    eventually(lambda: _roles(world) == set())
    with pytest.raises(Refused):
        world.service.open_databases(project, new_id(), [_grant(wanted)])


def test_a_session_that_ends_gives_its_port_back_and_loses_its_role(
    world: AgentGround, project: str, wanted: Wanted
) -> None:
    session, kept = new_id(), new_id()
    address = world.service.open_databases(project, session, [_grant(wanted)])["cohort"]
    assert world.service.open_databases(project, session, [_grant(wanted)])["cohort"] == address
    other = world.service.open_databases(project, kept, [_grant(wanted)])["cohort"]
    assert len(_roles(world)) == 2
    world.service.close_session(project, session)
    world.service.close_session(project, session)
    eventually(lambda: len(_roles(world)) == 1)
    again = world.service.open_databases(project, new_id(), [_grant(wanted)])["cohort"]
    assert len({address, other, again}) == 3, "a port that was just given back is the last to be given again"


def _roles(world: AgentGround) -> set[str]:
    with world.database.connect() as connection:
        rows = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'").fetchall()
    return {str(row[0]) for row in rows}
