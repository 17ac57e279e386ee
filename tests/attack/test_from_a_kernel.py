"""What a researcher may try from inside a real kernel, in a real installation: each route has its positive control."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.ground import Ground, Seat, eventually, running_installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_OMOP = "shared-care-omop"
TOOLS = """
import http.client, json, os, pathlib, socket, stat, subprocess

def ask(path, method, where, headers=None, body=None):
    try:
        connection = http.client.HTTPConnection("x", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(60)
        connection.sock.connect(path)
        connection.request(method, where, body, headers or {})
        answer = connection.getresponse()
        return [answer.status, answer.read(3000).decode("utf-8", "replace")]
    except OSError as error:
        return [0, type(error).__name__]

def attempt(call):
    try:
        return str(call())
    except OSError as error:
        return type(error).__name__

token, prefix = os.environ["JUPYTERHUB_API_TOKEN"], os.environ["JUPYTERHUB_SERVICE_PREFIX"]
own = {"Authorization": "token " + token}
hub, server, intake = "/run/tre/hub/hub.sock", "/run/tre/server/ws.sock", "/run/tre/intake/intake.sock"
"""


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """A running installation."""
    with running_installation() as ground:
        ground.await_sealed()
        ground.add_researcher("rosa", "Rosa Lind")
        for key in ("james", "rosa"):
            ground.accept_terms(key)
        yield ground


@pytest.fixture(scope="module")
def seat(ground: Ground) -> Iterator[Seat]:
    """James' kernel; Rosa works in the same project, and James in another one as well."""
    project = ground.project("Mine", [_OMOP], members=("rosa",)).project_id
    other = ground.project("Another", [_OMOP]).project_id
    for each in (project, other):
        ground.wake(each)
    with Seat(ground, project, "rosa"), Seat(ground, other), Seat(ground, project) as seat:
        seat.read(TOOLS)
        yield seat


def value(seat: Seat, expression: str) -> Any:
    """Evaluate an expression in the kernel."""
    return json.loads(seat.read(f"print(json.dumps({expression}))"))


def test_no_socket_of_the_platform_but_three_is_there(ground: Ground, seat: Seat) -> None:
    found = value(
        seat,
        "sorted(str(p) for d in ('/run', '/tmp', '/data', '/home', '/shared', '/opt', '/dev/shm') "
        "for p in pathlib.Path(d).rglob('*') if attempt(p.lstat) and stat.S_ISSOCK(p.lstat().st_mode))",
    )
    platform = [path for path in found if path.startswith("/run/tre")]
    assert platform == ["/run/tre/hub/hub.sock", "/run/tre/intake/intake.sock", "/run/tre/server/ws.sock"]
    run = ground.settings.state / "run" / seat.project_id
    outside = [str(run / name) for name in ("desk.sock", "g/gate.sock", "r/routes.sock", "a/agent.sock", "h/hub.sock")]
    assert all((run / path).exists() for path in outside)
    assert value(seat, f"[ask(path, 'GET', '/health')[0] for path in {outside}]") == [0] * 5
    assert value(seat, "ask(server, 'GET', prefix + 'api/contents', own)[0]") == 200


def test_the_hub_believes_no_header_and_gives_no_more_than_ones_own_server(ground: Ground, seat: Seat) -> None:
    rosa = ground.person("rosa")
    assert value(seat, "ask(hub, 'GET', '/hub/api/user', own)[0]") == 200
    forged = f"{{'X-Tre-Person': {rosa!r}, 'X-Tre-Gate': 'guess'}}"
    for where in ("/hub/api/users", f"/hub/api/users/{rosa}", "/hub/api/proxy", "/hub/api/shutdown", "/hub/api/tokens"):
        assert value(seat, f"ask(hub, 'GET', {where!r}, {{**own, **{forged}}})[0]") in (403, 404, 405), where
    for where in (f"/hub/api/users/{rosa}/server", f"/hub/api/users/{rosa}/tokens", "/hub/api/users"):
        assert value(seat, f"ask(hub, 'POST', {where!r}, {{**own, **{forged}}}, '{{}}')[0]") in (403, 404, 405), where
    status, text = value(seat, f"ask(hub, 'GET', '/hub/home', {forged})")
    assert status in (302, 303, 401, 403)
    assert "Rosa" not in text


def test_nothing_of_other_people_is_in_sight(ground: Ground, seat: Seat) -> None:
    processes = value(seat, "sorted(int(name) for name in os.listdir('/proc') if name.isdigit())")
    assert 1 < len(processes) < 12
    owners = value(seat, "sorted({os.stat('/proc/' + n).st_uid for n in os.listdir('/proc') if n.isdigit()})")
    assert len(owners) == 1
    places = [ground.settings.state, *(ground.settings.state / "projects").iterdir(), ground.memory(seat.project_id)]
    assert all(place.exists() for place in places)
    seen = value(seat, f"[path for path in {[str(place) for place in places]} if os.path.lexists(path)]")
    assert seen == []
    assert value(seat, "attempt(lambda: os.listdir('/home'))") == "['researcher']"


def test_entrance_and_hub_cannot_be_replaced_or_removed(seat: Seat) -> None:
    for path in ("hub", "intake"):
        assert value(seat, f"attempt(lambda: os.unlink({path}))") in ("OSError", "PermissionError")
        assert value(seat, f"attempt(lambda: os.symlink('/tmp', {path} + '2'))") in ("OSError", "PermissionError")
    assert value(seat, "attempt(lambda: os.symlink('/tmp', os.path.dirname(server) + '/link'))") == "None"


def test_an_entrance_that_is_flooded_serves_the_other_sessions(ground: Ground, seat: Seat) -> None:
    seat.read(
        "flood = []\n"
        "for _ in range(200):\n"
        "    s = socket.socket(socket.AF_UNIX); s.settimeout(1)\n"
        "    try:\n        s.connect(intake); s.send(b'H'); flood.append(s)\n"
        "    except OSError:\n        s.close()\n"
        "print(len(flood))"
    )
    with Seat(ground, seat.project_id, "rosa") as hers:
        answer = hers.read(
            "import subprocess; d = subprocess.run(['tre-airlock', 'status', '--output', 'json'], "
            "capture_output=True, text=True, timeout=60); print(d.returncode, d.stderr)"
        )
        assert answer.startswith("0")
    seat.read("[s.close() for s in flood]; print('closed')")


def test_who_submits_is_whose_session_it_is_whatever_the_request_says(ground: Ground, seat: Seat) -> None:
    rosa = ground.person("rosa")
    sent = seat.read(
        "import hashlib, struct\n"
        "content = b'group,people\\nwomen,686\\n'\n"
        "def frame(letter, payload): return letter + struct.pack('>I', len(payload)) + payload\n"
        f"claims = {{'person': {rosa!r}, 'author': {rosa!r}, 'author_id': {rosa!r}, 'session': 'x', 'project': 'x'}}\n"
        "header = {'protocol': 1, 'action': 'submit', 'title': 'As somebody else',"
        " 'files': [{'name': 'a.csv', 'context': 'Large groups.'}]}\n"
        "end = {'size': len(content), 'sha256': hashlib.sha256(content).hexdigest()}\n"
        "def submit(said):\n"
        "    s = socket.socket(socket.AF_UNIX); s.settimeout(90); s.connect(intake)\n"
        "    try: s.sendall(frame(b'H', json.dumps(said).encode()) + frame(b'D', content)"
        " + frame(b'E', json.dumps(end).encode()) + frame(b'F', b''))\n"
        "    except OSError: pass\n"
        "    answer = b''\n"
        "    try:\n"
        "        while piece := s.recv(65536): answer += piece\n"
        "    except OSError: pass\n"
        "    return json.loads(answer[5:] or '{}')\n"
        "print(json.dumps([submit({**header, **claims}), submit(header)]))"
    )
    forged, honest = json.loads(sent)
    assert "submission" in honest
    hers = {item["submission_id"] for item in ground.client("rosa").get("/submissions")["items"]}
    mine = {item["submission_id"] for item in ground.client("james").get("/submissions")["items"]}
    assert honest["submission"] in mine
    assert not hers
    assert forged.get("submission") is None or forged["submission"] in mine


def test_a_server_socket_that_became_a_link_is_not_followed(ground: Ground, seat: Seat) -> None:
    with Seat(ground, seat.project_id, "rosa") as hers:
        assert hers.await_on_loop(hers.browser.status("/api/contents")) == 200
        hers.read(
            "import os, threading, time\n"
            "path, aside = '/run/tre/server/ws.sock', '/run/tre/server/was.sock'\n"
            "def swap():\n"
            "    os.rename(path, aside); os.symlink('/run/tre/hub/hub.sock', path)\n"
            "    while not os.path.exists('/home/researcher/back'): time.sleep(0.05)\n"
            "    os.unlink(path); os.rename(aside, path)\n"
            "threading.Thread(target=swap).start(); print('linked')"
        )
        session = ground.sessions(seat.project_id)[ground.person("rosa")]
        link = ground.settings.state / "run" / seat.project_id / "s" / session / "ws.sock"
        eventually(link.is_symlink)
        assert hers.await_on_loop(hers.browser.status("/api/contents")) in (424, 502, 503)
        homes = ground.settings.state / "projects" / seat.project_id / "homes"
        (homes / ground.person("rosa") / "back").touch()
        eventually(lambda: not link.is_symlink())
        assert hers.await_on_loop(hers.browser.status("/api/contents")) == 200


def test_a_process_that_left_its_kernel_ends_with_its_session(ground: Ground, seat: Seat) -> None:
    with Seat(ground, seat.project_id, "rosa") as hers:
        hers.read(
            "import subprocess, sys\n"
            "code = 'import os, signal, time\\n"
            "[signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)]\\n"
            "if os.fork() == 0:\\n os.setsid()\\n time.sleep(3600)\\n'\n"
            "subprocess.run([sys.executable, '-c', code]); print('left')"
        )
        session = ground.sessions(seat.project_id)[ground.person("rosa")]
        processes = ground.session_processes(seat.project_id, session)
        assert len(processes) > 4
        ground.client("olivia")._api("DELETE", f"/projects/{seat.project_id}/members/{ground.person('rosa')}")
        eventually(
            lambda: not any(process.is_running() for process in processes), what="a process outlived its session"
        )
