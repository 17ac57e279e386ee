"""Access that ends while a kernel works, in a real installation: within ten seconds nothing is left but the home."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import pytest

from orchestrator.access.model import Project
from orchestrator.adapters.vault.connection import VaultConnection
from orchestrator.adapters.vault.token import unwrap
from orchestrator.assembly.vaults import vault_address
from orchestrator.core.errors import OrchestratorError, Refused
from orchestrator.credentials.model import Lease
from orchestrator.demonstration.browser import _Loopback
from tests.journeys.ground import Ground, Seat, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_SECONDS = 60.0
"""Within which everything must be gone: a second or two on a quiet machine, more where others work beside it."""
_OMOP, _BREAST, _TRIAL = "shared-care-omop", "breast-cancer-trial", "pilot-trial-sdtm"

HOLD = f"""
import mmap, os, psycopg, threading, time
open("/home/researcher/work.txt", "w").write("kept")
file = open("/data/{_BREAST}/gbsg2.csv", "rb")
mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
database = psycopg.connect(host="/run/tre/databases/{_TRIAL}", user="researcher", dbname="{_TRIAL}")
cursor = database.cursor(name="held")
cursor.execute("SELECT a.usubjid FROM trial.dm a, trial.dm b, trial.dm c")
role = database.execute("SELECT session_user").fetchone()[0]
rows = cursor.fetchmany(10)
print(role)
"""  # noqa: S608 - a cell of the test's own
ENDLESS = """
import signal, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
while True:
    file.seek(0)
    print(len(file.read()), len(cursor.fetchmany(10)), mapped[0])
    time.sleep(0.05)
"""


@pytest.fixture(scope="module")
def project(ground: Ground) -> Project:
    """A project of James and Rosa with three datasets."""
    ground.await_sealed()
    ground.add_researcher("rosa", "Rosa Lind")
    for key in ("james", "rosa"):
        ground.accept_terms(key)
    return ground.project("Three datasets", [_OMOP, _BREAST, _TRIAL], members=("rosa",))


@pytest.fixture(scope="module")
def other(ground: Ground, project: Project) -> Project:
    """Another project of James' with one dataset."""
    assert project
    return ground.project("One dataset", [_OMOP])


@dataclass
class Work:
    """One person's kernel that reads everything it may, all the while."""

    seat: Seat
    session: str
    role: str

    def gone(self) -> dict[str, bool]:
        """Say what of it is gone."""
        ground, project = self.seat.ground, self.seat.project_id
        return {
            "socket": self.seat.closed.is_set(),
            "processes": not ground.session_processes(project, self.session),
            "back-ends": ground.back_ends(self.role) == 0,
            "role": self.role not in ground.roles(),
            "record": self.session not in ground.sessions(project).values(),
        }


@contextlib.contextmanager
def working(ground: Ground, project: Project, key: str) -> Iterator[Work]:
    """Let a person's kernel hold a file, a mapping and a cursor open, and print without end."""
    ground.wake(project.project_id, key)
    with Seat(ground, project.project_id, key) as seat:
        role = seat.read(HOLD)
        seat.stream(ENDLESS)
        session = ground.sessions(project.project_id)[ground.person(key)]
        work = Work(seat=seat, session=session, role=role)
        assert set(work.gone().values()) == {False}
        assert ground.back_ends(role) > 0
        yield work


def all_gone_in_time(started: float, look: Callable[[], dict[str, bool]]) -> None:
    """Look again and again until all is gone; fail when it lasts too long, naming what is left."""
    while not all((seen := look()).values()):
        left = [name for name, gone in seen.items() if not gone]
        assert time.monotonic() - started < _SECONDS, f"left after {_SECONDS:.0f} seconds: {left}"
        time.sleep(0.1)


def home_of(ground: Ground, project: Project, key: str) -> str:
    """Return what the person's kept file says, as it lies on the disk."""
    place = ground.settings.state / "projects" / project.project_id / "homes" / ground.person(key)
    return (place / "work.txt").read_text()


def version_of(project: Project, ground: Ground, dataset: str) -> str:
    """Return the granted version of a dataset."""
    return next(grant.version_id for grant in project.grants if grant.dataset_id == ground.cast.datasets[dataset])


def takes_rosa_out(ground: Ground, project: Project, act: Callable[[], object], undo: Callable[[], object]) -> None:
    """Do what ends Rosa's access while both work: hers goes within the time, James' stays, hers comes back."""
    with working(ground, project, "rosa") as hers, working(ground, project, "james") as his:
        act()
        all_gone_in_time(time.monotonic(), hers.gone)
        assert home_of(ground, project, "rosa") == "kept"
        with pytest.raises((OrchestratorError, AssertionError)):
            ground.enter_address(project.project_id, "rosa")
        before = his.seat.received
        eventually(lambda: his.seat.received > before + 3, what="James' work stopped as well")
        assert set(his.gone().values()) == {False}
    undo()
    ground.wake(project.project_id, "rosa")
    with Seat(ground, project.project_id, "rosa") as back:
        assert back.read("print(open('/home/researcher/work.txt').read())") == "kept"


def test_ending_a_persons_training_ends_the_session_and_nobody_elses(ground: Ground, project: Project) -> None:
    profile = ground.house.identity.profile(ground.actor("olivia"), ground.person("rosa"))
    (training,) = profile.trainings
    takes_rosa_out(
        ground,
        project,
        lambda: ground.house.identity.end_training(ground.actor("olivia"), training.training_id),
        lambda: ground.train("rosa"),
    )


def test_ending_a_membership_ends_the_session_and_nobody_elses(ground: Ground, project: Project) -> None:
    path = f"/projects/{project.project_id}/members"
    body = {"person_id": ground.person("rosa"), "role": "researcher"}
    takes_rosa_out(
        ground,
        project,
        lambda: ground.client("olivia")._api("DELETE", f"{path}/{ground.person('rosa')}"),
        lambda: ground.client("olivia").post(path, body),
    )


def test_suspending_a_person_ends_the_session_and_nobody_elses(ground: Ground, project: Project) -> None:
    identity = ground.house.identity

    def resume() -> None:
        identity.propose_resume(ground.actor("olivia"), ground.person("rosa"))
        identity.confirm_resume(ground.actor("oscar"), ground.person("rosa"))
        ground.clients.pop("rosa").close()  # being suspended also ended her sign-on

    takes_rosa_out(
        ground,
        project,
        lambda: identity.suspend(ground.actor("olivia"), ground.person("rosa"), "A question about a login."),
        resume,
    )


def test_suspending_the_project_takes_everything_but_the_homes(ground: Ground, project: Project) -> None:
    with working(ground, project, "james") as his, working(ground, project, "rosa") as hers:
        assert ground.leased(project.project_id) == {grant.version_id for grant in project.grants}
        path = f"/projects/{project.project_id}"
        ground.client("olivia").post(f"{path}/suspend", {"reason": "A question came up."})
        all_gone_in_time(
            time.monotonic(),
            lambda: {
                **{f"James' {name}": gone for name, gone in his.gone().items()},
                **{f"Rosa's {name}": gone for name, gone in hers.gone().items()},
                "leases": not ground.leased(project.project_id),
                "data": not ground.unsealed(project.project_id),
                "agent": ground.installation.processes.find("agent", group=project.project_id) is None,
            },
        )
    assert home_of(ground, project, "james") == home_of(ground, project, "rosa") == "kept"
    with pytest.raises(Refused):
        ground.client("james").post(f"{path}/workspace/open")
    ground.client("olivia").post(f"{path}/resume")
    ground.wake(project.project_id)
    with Seat(ground, project.project_id) as back:
        assert back.read("print(open('/home/researcher/work.txt').read())") == "kept"
        assert ground.leased(project.project_id) == {grant.version_id for grant in project.grants}


# ---- what belongs to one project is of no use in another ------------------------------------------------------------


async def _status(address: str, *, headers: dict[str, str] | None = None, cookies: dict[str, str] | None = None) -> int:
    connector = aiohttp.TCPConnector(resolver=_Loopback())
    async with (
        aiohttp.ClientSession(connector=connector, cookies=cookies, timeout=aiohttp.ClientTimeout(total=90)) as client,
        client.get(address, headers=headers, allow_redirects=False) as answer,
    ):
        await answer.read()
        return answer.status


def test_a_servers_own_token_opens_nothing_from_outside(ground: Ground, project: Project) -> None:
    ground.wake(project.project_id)
    with Seat(ground, project.project_id) as seat:
        token = seat.read("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])")
        inside = seat.read(
            "import http.client, os, socket\n"
            "c = http.client.HTTPConnection('server'); c.sock = socket.socket(socket.AF_UNIX)\n"
            "c.sock.connect('/run/tre/server/ws.sock')\n"
            "prefix, token = os.environ['JUPYTERHUB_SERVICE_PREFIX'], os.environ['JUPYTERHUB_API_TOKEN']\n"
            "c.request('GET', prefix + 'api/contents', headers={'Authorization': 'token ' + token})\n"
            "print(c.getresponse().status)"
        )
        assert inside == "200", "the token must be one that works"
        address = f"{seat.browser._server}/api/contents"
        assert seat.await_on_loop(seat.browser.status("/api/contents")) == 200
        for bearer in (f"token {token}", f"Bearer {token}"):
            assert asyncio.run(_status(address, headers={"Authorization": bearer})) in (401, 403)
        assert asyncio.run(_status(f"{address}?token={token}")) in (400, 401, 403)


def test_a_cookie_or_a_ticket_of_one_project_is_refused_by_another(
    ground: Ground, project: Project, other: Project
) -> None:
    ground.wake(project.project_id)
    ground.wake(other.project_id)
    with Seat(ground, project.project_id) as here, Seat(ground, other.project_id) as there:
        cookies = {cookie.key: cookie.value for cookie in here.browser._client.cookie_jar}
        own, foreign = (f"{seat.browser._server}/api/contents" for seat in (here, there))
        assert asyncio.run(_status(own, cookies=cookies)) == 200
        assert asyncio.run(_status(foreign, cookies=cookies)) in (401, 403)
        token = here.read("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])")
        assert asyncio.run(_status(foreign, headers={"Authorization": f"token {token}"})) in (401, 403)
        ticket = urlsplit(ground.enter_address(project.project_id))
        gate = there.browser._origin
        assert asyncio.run(_status(f"{gate}{ticket.path}?{ticket.query}")) in (400, 401, 403)
        assert asyncio.run(_status(f"{here.browser._origin}{ticket.path}?{ticket.query}")) in (302, 303)
        assert asyncio.run(_status(f"{here.browser._origin}{ticket.path}?{ticket.query}")) in (400, 401, 403)


def test_what_is_not_granted_is_neither_visible_nor_decryptable(
    ground: Ground, project: Project, other: Project
) -> None:
    ground.wake(other.project_id)
    with Seat(ground, other.project_id) as seat:
        assert json.loads(seat.read("import json, os; print(json.dumps(os.listdir('/data')))")) == [_OMOP]
        assert seat.read("print(os.listdir('/run/tre/databases'))") == "[]"
    granted, vault = version_of(other, ground, _OMOP), ground.controls.vault
    (grant,) = other.grants
    until = ground.house.access.granted(other.project_id, ground.person("james"))[0].until
    with ground.halted("controller"):  # it would revoke a lease that nobody wants before this could use it
        lease = vault.lease(other.project_id, grant.grant_id, granted, until)
        _reads_its_own_and_no_other(ground, project, other, lease)
        vault.revoke_lease(lease.accessor)


def _reads_its_own_and_no_other(ground: Ground, project: Project, other: Project, lease: Lease) -> None:
    address, granted = vault_address(ground.settings), lease.version_id
    withheld = version_of(project, ground, _BREAST)
    token = unwrap(address, project_id=other.project_id, wrapped_token=lease.wrapped_token, accessor=lease.accessor)
    assert len(token.data_key(ground.controls.sealed.load(granted).wrapped_key)) == 32
    wrapped = ground.controls.sealed.load(withheld).wrapped_key
    with pytest.raises(OrchestratorError):
        token.data_key(wrapped)  # the other version's key is not wrapped under this one
    raw = VaultConnection(address, token=token._vault._client.token)
    with pytest.raises(Refused):
        raw.post(f"versions/decrypt/{withheld}", {"ciphertext": wrapped})
    with pytest.raises(Refused):
        raw.get(f"database/creds/{version_of(project, ground, _TRIAL)}")


# ---- last, because it is for ever -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", [_TRIAL, _BREAST])
def test_withdrawing_a_grant_takes_one_dataset_and_leaves_the_others(
    ground: Ground, project: Project, dataset: str
) -> None:
    officer = {_TRIAL: "tamsin", _BREAST: "bruno"}[dataset]
    grants = {grant.dataset_id: grant for grant in project.grants}
    grant = grants[ground.cast.datasets[dataset]]
    kept = version_of(project, ground, _OMOP)
    hold = HOLD if dataset == _TRIAL else HOLD.partition("database =")[0] + "print('no role')"
    endless = ENDLESS if dataset == _TRIAL else ENDLESS.replace("len(cursor.fetchmany(10)), ", "")
    ground.wake(project.project_id)
    with Seat(ground, project.project_id) as seat:
        role = seat.read(hold)
        seat.stream(endless)
        session = ground.sessions(project.project_id)[ground.person("james")]
        work = Work(seat=seat, session=session, role=role)
        assert {grant.version_id, kept} <= ground.leased(project.project_id)
        assert not any(gone for name, gone in work.gone().items() if name not in ("back-ends", "role"))
        ground.client(officer).post(f"/grants/{grant.grant_id}/withdraw", {"reason": "The agreement ended."})
        all_gone_in_time(
            time.monotonic(),
            lambda: {
                **work.gone(),
                "lease": grant.version_id not in ground.leased(project.project_id),
                "data": grant.version_id not in ground.unsealed(project.project_id),
            },
        )
        assert kept in ground.leased(project.project_id)
    assert home_of(ground, project, "james") == "kept"
    ground.wake(project.project_id)
    with Seat(ground, project.project_id) as seat:
        seen = seat.read("import os; print(sorted(os.listdir('/data') + os.listdir('/run/tre/databases')))")
        assert dataset not in seen
        assert _OMOP in seen
        assert seat.read("print(open('/home/researcher/work.txt').read())") == "kept"
    ground.check_invariants()
