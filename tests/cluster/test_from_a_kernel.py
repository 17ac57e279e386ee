"""What a hostile researcher tries from a real kernel on a real cluster, and what stolen certificates are worth.

Code goes in as a signed-in person's does: gate, hub, the kernel's socket. Every closed way has its positive control in
the same run: a pod without walls, this process beside the node, or the one to whom the way belongs.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from yarl import URL

from orchestrator.adapters.channel import Peer
from orchestrator.adapters.kubernetes.cluster import Cluster
from orchestrator.adapters.kubernetes.kinds import POD, SERVICE
from orchestrator.adapters.kubernetes.proving import last_words, trying_pod
from tests.cluster.kernel_ground import OUTSIDE, Attack, attack_at
from tests.journeys.ground import eventually

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

Way = tuple[str, str, int]
LOG = os.environ.get("TRE_CLUSTER_OUTSIDE_LOG", "")
METADATA = ("169.254.169.254", "168.63.129.16", "100.100.100.200", "169.254.170.2")


@pytest.fixture(scope="module")
def attack(cluster: Cluster, images: dict[str, str], here: str) -> Iterator[Attack]:
    with attack_at(cluster, images, here) as attack:
        yield attack


def own_ways(attack: Attack) -> dict[str, Way]:
    """The four ways that a session is to have."""
    intake = attack.intake(attack.mine, "james")
    hub = attack.service("hub", attack.namespace(attack.mine))
    return {
        "hub": ("tcp", attack.address(attack.mine, "hub"), 8081),
        "hub's service": ("tcp", hub, 8081),
        "intake": ("tcp", intake["host"], intake["port"]),
        "own relay": ("tcp", *attack.relay(attack.mine, "james")),
    }


def pod_ways(attack: Attack) -> dict[str, Way]:
    """Ways to pods, each with somebody listening there."""
    found: dict[str, Way] = {"another's relay": ("tcp", *attack.relay(attack.mine, "rosa"))}
    for word, project in (("own", attack.mine), ("foreign", attack.other)):
        hub, agent = attack.address(project, "hub"), attack.address(project, "agent")
        found |= {
            f"{word} gate": ("tcp", hub, 8000),
            f"{word} gate's control": ("tcp", hub, 8443),
            f"{word} agent's control": ("tcp", agent, 8443),
            f"{word} gate's service": ("tcp", attack.service("gate", attack.namespace(project)), 80),
        }
    found["foreign hub"] = ("tcp", attack.address(attack.other, "hub"), 8081)
    found["foreign hub's service"] = ("tcp", attack.service("hub", attack.namespace(attack.other)), 8081)
    found["a colleague's kernel"] = ("tcp", attack.address(attack.mine, "session", "rosa"), 8888)
    found["a foreign kernel"] = ("tcp", attack.address(attack.other, "session", "james"), 8888)
    return found


def wide_ways(attack: Attack) -> dict[str, Way]:
    """Ways to the node, to services beside the cluster and to the world; any pod without walls has them."""
    names = attack.cluster.list(SERVICE, "kube-system", "k8s-app=kube-dns").items[0]["spec"]["clusterIP"]
    here, settings = attack.here, attack.ground.settings
    base = settings.portal.port
    return {
        "the desk": ("tcp", here, settings.controller.desk_port),
        "Vault": ("tcp", here, base + 8),
        "PostgreSQL": ("tcp", here, base + 2),
        "the store": ("tcp", here, base + 20),
        "a listener on the node": ("tcp", here, attack.planted),
        "a listener on the node by UDP": ("udp", here, attack.planted),
        "the kubelet": ("tcp", here, 10250),
        "the node by ICMP": ("icmp", here, 0),
        "the API server's service": ("tcp", attack.service("kubernetes", "default"), 443),
        "the name server": ("tcp", names, 53),
        "the name server by UDP": ("udp", names, 53),
        "the world by ICMP": ("icmp", OUTSIDE, 0),
        **{f"the world at {port}": ("tcp", OUTSIDE, port) for port in (80, 443)},
        **{f"metadata at {address}": ("tcp", address, 80) for address in METADATA},
    }


def test_a_kernel_reaches_its_hub_its_entrance_and_its_relay_and_nothing_else(
    attack: Attack, namespace: str, base_image: str
) -> None:
    own, pods, wide, before = own_ways(attack), pod_ways(attack), wide_ways(attack), len(_outside())
    free = [
        {"name": name, "way": "dns" if (by, port) == ("udp", 53) else by, "host": host, "port": port, "wanted": True}
        for name, (by, host, port) in wide.items()
    ]
    attack.cluster.create(trying_pod(namespace, "free", base_image, free))
    every = {**own, **pods, **wide}
    answers = attack.value("james", f"reached({list(every.values())})")
    assert {name for name, open_ in zip(every, answers, strict=True) if open_} == set(own)
    foreign = attack.value("foreign", f"reached({[*own.values()]})")
    assert [name for name, open_ in zip(own, foreign, strict=True) if open_] == ["intake"], "another project's kernel"
    for name, (_, host, port) in pods.items():
        socket.create_connection((host, port), 5).close()  # raises where nobody listens
        assert name
    assert last_words(attack.cluster, "free", namespace) == dict.fromkeys(wide, True), "positive control"
    _check_observers(attack, (attack.cluster.get(POD, "free", namespace) or {})["status"]["podIP"], before)


def _check_observers(attack: Attack, free: str, before: int) -> None:
    """What listened on the node, and where there is one the log of the outside world, saw the free pod alone."""
    kernels = {attack.address(attack.mine, "session", key) for key in ("james", "rosa")}
    kernels.add(attack.address(attack.other, "session", "james"))
    assert free in attack.came
    assert not kernels & attack.came
    if LOG:
        words = set(" ".join(_outside()[before:]).split())
        assert free in words
        assert not kernels & words


def _outside() -> list[str]:
    """Return what the outside world has noted, where a test cluster has one that notes."""
    return Path(LOG).read_text(encoding="utf-8").splitlines() if LOG else []


def test_names_are_not_found_at_all(attack: Attack) -> None:
    names = ["kubernetes.default.svc.cluster.local", "hub", f"canary.{OUTSIDE}.example", "vault"]
    found = attack.value("james", f"[attempt(lambda: socket.getaddrinfo(name, 80)) for name in {names}]")
    assert not [words for words in found if words.startswith("[")]
    assert attack.value("james", "attempt(lambda: bool(socket.getaddrinfo('workspace', 80)))") == "True"


CALLS = {
    "unshare user": "'unshare', 0x10000000",
    "unshare network": "'unshare', 0x40000000",
    "mount": "'mount', b'none', b'/tmp', b'tmpfs', 0, None",
    "make the data writable": "'mount', b'none', b'/data/shared-care-omop', None, 0x1020, None",
    "unmount": "'umount2', b'/data/shared-care-omop', 2",
    "chroot": "'chroot', b'/tmp'",
    "become root": "'setuid', 0",
    "make a device": "'mknod', b'/tmp/disk', 0o60666, 0xfd00",
    "the kernel's log": "'klogctl', 3, None, 0",
    "attach to the first process": "'ptrace', 16, 1, 0, 0",
    "another name": "'sethostname', b'x', 1",
}
SOCKETS = {"raw": (2, 3, 1), "raw v6": (10, 3, 58), "packets": (17, 3, 0), "machine": (40, 1, 0), "crypto": (38, 5, 0)}


def test_the_kernel_below_gives_nothing(attack: Attack) -> None:
    tried = attack.value("james", "[" + ", ".join(f"called({arguments})" for arguments in CALLS.values()) + "]")
    assert {name for name, words in zip(CALLS, tried, strict=True) if words == "done"} == set(), tried
    tried = attack.value("james", f"[opened(*each) for each in {list(SOCKETS.values())}]")
    assert "done" not in tried, dict(zip(SOCKETS, tried, strict=True))
    assert attack.value("james", "[called('getpid'), opened(2, 1, 0)]") == ["done", "done"], "positive control"


def test_nothing_in_the_pod_is_worth_stealing(attack: Attack) -> None:
    names = attack.value("james", "sorted(os.environ)")
    assert not [name for name in names if "KUBERNETES" in name or name.endswith("_SERVICE_HOST")]
    assert [name for name in names if "TOKEN" in name or "SECRET" in name] == ["JUPYTERHUB_API_TOKEN"]
    assert attack.value("james", "secrets_in_sight()") == []
    attack.seats["james"].read("open('/tmp/found', 'w').write('hvs' + '.' + 'A' * 24)")
    assert attack.value("james", "secrets_in_sight()") == ["/tmp/found"], "positive control"
    files = ("environ", "mem", "fd", "root", "maps")
    assert set(attack.value("james", f"[first_process(name) for name in {files}]")) <= {"EACCES", "EPERM"}
    assert attack.value("james", "first_process('cmdline')") != "EACCES", "positive control"


def test_only_the_researchers_own_places_can_be_written_and_each_has_a_bound(attack: Attack) -> None:
    assert attack.value("james", "writable()") == [
        "/dev/mqueue",
        "/dev/shm",
        "/home/researcher",
        "/run/tre",
        "/shared",
        "/tmp",
    ], "among them no file of the node, such as the one for a container's last words"
    sizes = "[os.statvfs(p).f_blocks * os.statvfs(p).f_frsize >> 20 for p in ('/tmp', '/dev/shm', '/run/tre')]"
    assert attack.value("james", sizes) == [512, 512, 16]
    full = "attempt(lambda: open('/run/tre/big', 'wb').write(bytes(20 << 20)))"
    assert attack.value("james", full) == "ENOSPC"
    attack.seats["james"].read("os.unlink('/run/tre/big')")
    attack.seats["james"].read("p = str(next(pathlib.Path('/data/shared-care-omop').iterdir()))")
    for change in ("os.unlink(p)", "os.utime(p)", "open(p, 'ab')", "os.rename(p, p + '2')", "os.chmod(p, 0o777)"):
        assert attack.value("james", f"attempt(lambda: {change})") in {"EROFS", "EACCES"}, change
    assert attack.value("james", "attempt(lambda: len(open(p, 'rb').read(4)))") == "4", "positive control"


def test_a_link_in_the_shared_folder_leads_into_the_readers_own_pod(attack: Attack) -> None:
    rosa = attack.ground.person("rosa")
    links = {"up": "../..", "root": "/", "homes": "../homes", "hers": f"../homes/{rosa}", "node": "/var/lib/kubelet"}
    attack.seats["rosa"].read("open('/home/researcher/hers', 'w').write('hers')")
    attack.seats["james"].read(f"[os.symlink(to, '/shared/' + name) for name, to in {links}.items()]; print()")
    seen = attack.value("james", f"[attempt(lambda: os.listdir('/shared/' + name)) for name in {list(links)}]")
    assert seen[2:] == ["ENOENT"] * 3
    assert not [words for words in seen[:2] if rosa in words]
    assert attack.value("rosa", "os.path.realpath('/shared/up')") == "/"
    assert attack.value("rosa", "sorted(os.listdir('/shared'))") == sorted(links), "positive control"
    moved = "attempt(lambda: os.rename('/shared', '/shared2')), attempt(lambda: os.chmod('/home/researcher', 0o777))"
    assert set(attack.value("james", f"[{moved}]")) <= {"EROFS", "EBUSY", "EPERM"}


def test_the_hub_believes_no_header_and_the_token_does_no_more_than_its_own(attack: Attack) -> None:
    rosa, james = attack.ground.person("rosa"), attack.ground.person("james")
    forged = {"X-Tre-Person": rosa, "X-Tre-Gate": "guess", "X-Forwarded-User": rosa}
    closed = [
        *(("GET", f"/hub/{path}") for path in (f"api/users/{rosa}", "api/users", "api/proxy", "api/info", "metrics")),
        *(("POST", f"/hub/api/users/{james}/{what}") for what in ("tokens", "server", "servers/two")),
        *(("POST", f"/hub/api/{what}") for what in (f"users/{rosa}/activity", f"users/{rosa}/server", "shutdown")),
        ("GET", "/hub/login"),
    ]
    for headers in ({}, forged):
        tried = attack.value("james", f"[ask(*each, {headers}) for each in {closed}]")
        assert set(tried) <= {403, 404, 405}, dict(zip(closed, tried, strict=True))
    assert attack.value("james", "ask('GET', '/hub/api/user')") == 200, "positive control"


DOWNLOADS = (
    "/files/plan.ipynb", "/files/plan.ipynb?download=1", "/nbconvert/html/plan.ipynb?download=true", "/view/plan.ipynb",
    "/%66iles/plan.ipynb", "//files/plan.ipynb", "/lab/../files/plan.ipynb", "/api/contents/../../files/plan.ipynb",
    "/terminals/websocket/1", "/proxy/8081/", "/tree", "/api/metrics",
)  # fmt: skip


def test_the_gate_has_no_way_to_take_files_away(attack: Attack) -> None:
    seat = attack.seats["james"]
    seat.read(
        "empty = {'cells': [], 'metadata': {}, 'nbformat': 4, 'nbformat_minor': 5}\n"
        "open('/home/researcher/plan.ipynb', 'w').write(json.dumps(empty))"
    )

    async def status(path: str) -> int:
        address = URL(seat.browser._server + path, encoded=True)
        async with seat.browser._client.get(address, allow_redirects=False) as answer:
            return int(answer.status)

    assert {path: seat.await_on_loop(status(path)) for path in DOWNLOADS} == dict.fromkeys(DOWNLOADS, 403)
    assert seat.await_on_loop(status("/api/contents/plan.ipynb?content=1")) == 200, (
        "positive control: it can be worked on"
    )


def test_a_flooded_and_a_slow_entrance_serve_the_others(attack: Attack) -> None:
    link = attack.intake(attack.mine, "james")
    attack.seats["james"].read(
        f"link = {link!r}; flood = [socket.create_connection((link['host'], link['port']), 5) for _ in range(100)]\n"
        "slow = []\n"
        "for _ in range(4):\n"
        "    s = socket.socket(socket.AF_UNIX); s.connect('/run/tre/intake/intake.sock')\n"
        "    s.send(b'H\\0'); slow.append(s)"
    )
    assert attack.value("rosa", "airlock()") == 0
    attack.seats["james"].read("[s.close() for s in flood + slow]; print()")
    assert eventually(lambda: attack.value("james", "airlock()") == 0)


def test_stolen_certificates_speak_for_their_own_project_and_part_only(attack: Attack) -> None:
    theirs = attack.session(attack.other, "james")
    ticket = URL(attack.ground.enter_address(attack.other)).query["ticket"]
    stranger = {"person": attack.ground.person("olivia"), "environment": {}, "arguments": []}
    activity = {"session": theirs, "last_activity": "2026-01-01T00:00:00+00:00", "busy": True}
    asked = {
        "start": ("POST", "/sessions", stranger),
        "look": ("GET", f"/sessions/{theirs}"),
        "end": ("DELETE", f"/sessions/{theirs}"),
        "activity": ("POST", "/activity", activity),
        "redeem": ("POST", "/tickets/redeem", {"ticket": ticket}),
    }
    for part in ("hub", "gate", "agent"):
        answers = {name: attack.stolen(part, *each) for name, each in asked.items()}
        assert set(answers.values()) <= {403, 404}, (part, answers)
        for project in (attack.mine, attack.other):
            for other, path in (("gate", "/health"), ("agent", "/health")):
                pod = attack.address(project, "hub" if other == "gate" else "agent")
                whom = Peer(part=other, project_id=project)
                assert attack.stolen(part, "GET", path, to=f"{pod}:8443", peer=whom) == 403, (part, other)
    assert attack.session(attack.other, "james") == theirs
    assert [attack.stolen(part, "GET", "/admission") for part in ("hub", "gate", "agent")] == [200, 200, 403]
