"""A real installation with the demonstration's parts, and what journeys do to it: wake, enter, kill, look."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import aiohttp
import psutil
import pytest
import yaml

from orchestrator.access.model import Project
from orchestrator.adapters.demonstration_database import DemonstrationDatabase
from orchestrator.adapters.migrations import bring_up_to_date
from orchestrator.assembly import Controls, House, Installation, open_controls, open_house
from orchestrator.assembly.controller.machine import _memory
from orchestrator.core.database import make_engine
from orchestrator.core.errors import OrchestratorError
from orchestrator.demonstration.browser import CellOutput, WorkspaceBrowser, _execute_request
from orchestrator.demonstration.installation import demonstration_database, demonstration_settings
from orchestrator.demonstration.people import Cast, prepare
from orchestrator.demonstration.portal import PortalClient
from orchestrator.policy.model import Actor
from orchestrator.settings import Settings, load_settings
from tests.ports import free_ports

_LOOK = 0.1
_CUSTODIANS = (("nadia", "northern-records"), ("bruno", "breast-registry"), ("tamsin", "trials-office"))


def eventually(condition: Callable[[], Any], seconds: float = 180.0, what: str = "it did not happen") -> Any:
    """Wait until ``condition`` is true and return it; what is unavailable meanwhile is asked again."""
    deadline = time.monotonic() + seconds
    while True:
        problem = ""
        try:
            if found := condition():
                return found
        except (OrchestratorError, OSError) as error:
            problem = str(error)
        assert time.monotonic() < deadline, f"{what} {problem}"
        time.sleep(_LOOK)


Chance = random.Random


def chance(seed: int) -> Chance:
    """Return dice that fall the same way in every run."""
    return random.Random(seed)  # noqa: S311 - moments to kill at, not secrets


@dataclass
class Ground:
    """One running installation; ``watching`` puts right what dies, as ``tre up`` does."""

    settings: Settings
    installation: Installation
    house: House
    cast: Cast
    clients: dict[str, PortalClient] = field(default_factory=dict)
    _controls: Controls | None = None

    @property
    def controls(self) -> Controls:
        """What the controller holds, to look with."""
        if self._controls is None:
            self._controls = open_controls(self.house)
        return self._controls

    def client(self, key: str) -> PortalClient:
        """Return one person's signed-in client of the portal."""
        if key not in self.clients:
            client = PortalClient(self.settings.portal.public_url, self.person(key))
            client.sign_in()
            code, secret = self.house.identity.start_pairing()
            client.confirm_command(code)
            client.use(self.house.identity.collect_pairing(secret) or "")
            self.clients[key] = client
        return self.clients[key]

    def person(self, key: str) -> str:
        """Return a person's identifier."""
        return self.cast.people[key].person_id

    def actor(self, key: str) -> Actor:
        """Return a person as the rules see him now, signed in with a second factor."""
        return self.house.identity.actor(self.person(key), second_factor=True)

    # ---- people and projects --------------------------------------------------------------------------------------

    def add_researcher(self, key: str, name: str) -> None:
        """Register one more researcher who fulfils every condition."""
        identity, operator = self.house.identity, self.actor("olivia")
        email = f"{key}@demonstration.example"
        person = identity.register_person(operator, name, email, "development", email)
        self.cast.people[key] = person
        self.train(key)
        later = self.house.record.clock() + timedelta(days=300)
        identity.record_accreditation(operator, person.person_id, f"TEST-{key}", later)

    def train(self, key: str) -> None:
        """Record training for a person."""
        later = self.house.record.clock() + timedelta(days=300)
        self.house.identity.record_training(self.actor("olivia"), self.person(key), "Safe researcher training", later)

    def accept_terms(self, key: str) -> None:
        """Let a person accept everybody's terms."""
        for custodian_id in self.cast.custodians.values():
            current = self.house.alliance.current_terms(custodian_id)
            assert current is not None
            self.house.alliance.accept_terms(self.actor(key), custodian_id, current.version)

    def project(self, title: str, datasets: list[str], *, members: tuple[str, ...] = ()) -> Project:
        """Bring a project of James' about over the API: applied for, decided on, approved."""
        today = self.house.record.clock().date()
        dataset_ids = [self.cast.datasets[name] for name in datasets]
        owners = {self.house.discovery.dataset(dataset_id).custodian_id for dataset_id in dataset_ids}
        answers = {
            "title": title,
            "lay_summary": "We count how often conditions occur together, for groups of people and never for one. " * 3,
            "purpose": "Descriptive statistics for a feasibility report.",
            "organisation": "Whitfield Analytics Ltd",
            "ethics_reference": "DEMO/2026/001",
            "ethics_until": (today + timedelta(days=350)).isoformat(),
            "start": today.isoformat(),
            "end": (today + timedelta(days=180)).isoformat(),
            "members": [self.person(key) for key in members],
        }
        body = {"answers": answers, "datasets": dataset_ids, "justifications": dict.fromkeys(owners, "To compare.")}
        james = self.client("james")
        application = james.post("/applications", body)["application_id"]
        james.post(f"/applications/{application}/submit")
        until = (today + timedelta(days=300)).isoformat()
        for officer, custodian in _CUSTODIANS:
            custodian_id = self.cast.custodians[custodian]
            if custodian_id in owners:
                seen = self.client(officer).get(f"/applications/{application}")
                decision = {"approve": True, "agreement_until": until, "read": seen["parts_read"][custodian_id]}
                path = f"/applications/{application}/parts/{custodian_id}/decision"
                self.client(officer).post(path, decision)
        read = self.client("olivia").get(f"/applications/{application}")["read"]
        made = self.client("olivia").post(f"/applications/{application}/approve", {"read": read})
        return self.house.access.project_record(made["project_id"])

    def await_sealed(self) -> None:
        """Wait until every dataset can be granted."""
        versions = [self.house.discovery.versions(dataset)[0].version_id for dataset in self.cast.datasets.values()]
        eventually(
            lambda: {"sealed"} == {self.house.discovery.version(version).state.value for version in versions},
            what="the datasets were not sealed",
        )

    # ---- workspaces -----------------------------------------------------------------------------------------------

    def wake(self, project_id: str, key: str = "james") -> None:
        """Open a workspace and wait until it may be entered."""
        eventually(lambda: self.client(key).post(f"/projects/{project_id}/workspace/open"))
        path = f"/projects/{project_id}/workspace"
        eventually(lambda: self.client(key).get(path)["state"] == "awake", what="the workspace did not wake")

    def enter_address(self, project_id: str, key: str = "james") -> str:
        """Return an address with a fresh ticket."""
        return str(self.client(key).post(f"/projects/{project_id}/workspace/ticket")["url"])

    def sessions(self, project_id: str) -> dict[str, str]:
        """Return the recorded live session of each person."""
        return {row.person_id: row.session_id for row in self.controls.register.live(project_id)}

    def memory(self, project_id: str) -> Path:
        """Return where the project's data lie unsealed."""
        return _memory(self.settings) / f"tre-{project_id}"

    def unsealed(self, project_id: str) -> set[str]:
        """Return the versions that lie unsealed in memory now."""
        place = self.memory(project_id)
        return {entry.name for entry in place.iterdir()} if place.is_dir() else set()

    def leased(self, project_id: str) -> set[str]:
        """Return the versions for which Vault holds a lease of the project."""
        return {lease.version_id for lease in self.controls.vault.leases(project_id)}

    def session_processes(self, project_id: str, session_id: str) -> list[psutil.Process]:
        """Return the supervisor of a session and every process below it."""
        record = self.installation.processes.find(f"session-{session_id}", group=project_id)
        if record is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            supervisor = psutil.Process(record.pid)
            return [supervisor, *supervisor.children(recursive=True)]
        return []

    def database(self) -> DemonstrationDatabase:
        """Return the demonstration's PostgreSQL."""
        port = self.settings.databases["demonstration"].port
        return DemonstrationDatabase(directory=self.settings.state / "postgres", port=port)

    def roles(self) -> set[str]:
        """Return the roles that Vault made in the database and that still exist."""
        with self.database().connect() as connection:
            return {str(row[0]) for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'")}

    def back_ends(self, role: str) -> int:
        """Count the database's back-ends of one role."""
        with self.database().connect() as connection:
            row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = %s", (role,)).fetchone()
        return int(str(row[0])) if row else 0

    # ---- killing --------------------------------------------------------------------------------------------------

    def kill(self, name: str, project_id: str = "") -> int:
        """Kill one program with everything in its view, as a crash does; return its number, or 0 if it did not run."""
        record = self.installation.processes.find(name, group=project_id)
        if record is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.pid, signal.SIGKILL)
        return record.pid

    @contextlib.contextmanager
    def halted(self, name: str) -> Iterator[None]:
        """Let one program stand still for a while."""
        record = self.installation.processes.find(name)
        assert record is not None
        os.kill(record.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(record.pid, signal.SIGCONT)

    def await_again(self, name: str, project_id: str = "", *, killed: int) -> None:
        """Wait until a killed program runs anew."""

        def anew() -> bool:
            record = self.installation.processes.find(name, group=project_id)
            return record is not None and record.pid != killed

        try:
            eventually(anew)
        except AssertionError:
            log = self.settings.state / "logs" / project_id / f"{name}.log"
            pytest.fail(f"{name} did not come back; its log ends so: {log.read_text()[-3000:]}")

    def await_portal(self) -> None:
        """Wait until the portal answers a signed-in person."""
        eventually(lambda: self.client("james").get("/me"), what="the portal did not come back")

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Put right what dies, all the while."""
        stop = threading.Event()

        problems: list[BaseException] = []

        def watch() -> None:
            try:
                while not stop.wait(0.3):
                    self.installation.watch()
            except BaseException as problem:
                problems.append(problem)
                traceback.print_exc()
                raise

        thread = threading.Thread(target=watch, name="watch")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            assert not problems, problems

    def check_invariants(self) -> None:
        """Nothing is held, runs or lies open beyond what the record allows; nothing that was told is lost."""
        register, access = self.controls.register, self.house.access
        wanted = {row.project_id for row in register.workspaces_wanted()}

        def in_step() -> bool:
            held = self.controls.vault.projects()
            if not held <= wanted:
                return False
            for project_id in access.project_ids():
                allowed = {grant.version_id for grant in self.controls.launcher.wanted(project_id)}
                leased = self.leased(project_id)
                if not leased <= allowed or not self.unsealed(project_id) <= leased:
                    return False
                if project_id in wanted and allowed and leased != allowed:
                    return False
            return True

        eventually(in_step, what="leases or unsealed data differ from the record")
        sessions = {row.session_id: row for row in register.live()}

        def no_stranger() -> bool:
            running = {
                record.name.removeprefix("session-"): record.group
                for record in self.installation.processes.records()
                if record.name.startswith("session-")
                and self.installation.processes.find(record.name, group=record.group)
            }
            live = {row.session_id: row for row in register.live()}
            return running.keys() <= live.keys() and len(self.roles()) <= len(live)

        eventually(no_stranger, what="a session runs or a database role lives that the record does not know")
        for row in sessions.values():
            assert row.person_id in access.admitted(row.project_id)
            allowed = {grant.version_id for grant in access.granted(row.project_id, row.person_id)}
            assert register.mounts(row.session_id) <= allowed
        seen = self.house.audit.verify()
        assert seen.sound, seen.findings

    def events(self, kind: str, subject: str | None = None) -> list[dict[str, Any]]:
        """Return the log's entries of one kind."""
        found, after = [], -1
        while entries := self.house.audit.entries(after=after, limit=1000, subject=subject):
            documents = [json.loads(entry) for entry in entries]
            found += [document for document in documents if kind in json.dumps(document)]
            after = documents[-1]["position"]
        return found


class Seat:
    """One browser in one workspace with one kernel, used from ordinary code."""

    def __init__(self, ground: Ground, project_id: str, key: str = "james") -> None:
        self.ground, self.project_id, self.key = ground, project_id, key
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="seat", daemon=True)
        self.browser = WorkspaceBrowser(ground.enter_address(project_id, key))
        self.closed = threading.Event()
        self.closed_at = 0.0
        self.received = 0
        self._streaming: Any = None

    def __enter__(self) -> Self:
        self._thread.start()
        self.await_on_loop(self.browser.__aenter__())
        try:
            self.await_on_loop(self.browser.enter())
            self.await_on_loop(self.browser.start_kernel())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._streaming is not None:
            self._streaming.cancel()
        self.await_on_loop(self.browser.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    def await_on_loop(self, awaitable: Any, seconds: float = 150.0) -> Any:
        """Run something on this seat's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop).result(seconds)

    @property
    def kernel(self) -> str:
        """The kernel's identifier."""
        return self.browser._kernel

    def run(self, code: str) -> CellOutput:
        """Run one cell."""
        output: CellOutput = self.await_on_loop(self.browser.run(code))
        return output

    def read(self, code: str) -> str:
        """Run one cell that must succeed; return what it printed."""
        output = self.run(code)
        assert not output.error, output.error
        return output.text.strip()

    def enter_again(self) -> None:
        """Come back with a new ticket to the same kernel, as a page does that was reloaded."""

        async def again() -> None:
            address = await asyncio.to_thread(self.ground.enter_address, self.project_id, self.key)
            await self.browser.__aexit__(None, None, None)
            kernel, self.browser = self.browser._kernel, WorkspaceBrowser(address)
            self.browser._kernel, self.browser._server = kernel, f"{self.browser._origin}/user/nobody"
            await self.browser.__aenter__()
            await self.browser.enter()

        self.await_on_loop(again())

    def read_eventually(self, code: str, seconds: float = 180.0) -> str:
        """Run one cell in the same kernel, signing on anew where the gate has forgotten this browser."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.read(code)
            except (OrchestratorError, aiohttp.ClientError, OSError) as error:
                problem = str(error)
            assert time.monotonic() < deadline, f"the kernel was not reached again: {problem}"
            time.sleep(0.3)
            with contextlib.suppress(OrchestratorError, aiohttp.ClientError, OSError):
                self.enter_again()

    def stream(self, code: str) -> None:
        """Run a cell that never ends; note when its socket closes."""
        started = threading.Event()

        async def follow() -> None:
            address = f"{self.browser._server}/api/kernels/{self.browser._kernel}/channels"
            try:
                async with self.browser._client.ws_connect(address, max_msg_size=2**25) as channel:
                    await channel.send_str(json.dumps(_execute_request(code)))
                    async for message in channel:
                        if message.type is aiohttp.WSMsgType.TEXT and '"stream"' in message.data:
                            self.received += 1
                            started.set()
            except aiohttp.ClientError:
                pass
            finally:
                self.closed_at = time.monotonic()
                self.closed.set()

        self._streaming = asyncio.run_coroutine_threadsafe(follow(), self._loop)
        assert started.wait(120), (
            f"the endless cell printed nothing: {self.closed.is_set() and self._streaming.exception()}"
        )


def _first_user_number() -> int:
    """Return accounts of this process's own: the limit on processes counts all of an account, whoever started them."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return 200_000 + 1_000 * int(worker)


@contextlib.contextmanager
def running_installation(**workspaces: Any) -> Iterator[Ground]:
    """Start a whole installation in a directory of its own; end it and remove everything afterwards.

    ``workspaces`` are settings other than the demonstration's own.
    """
    state = Path(tempfile.mkdtemp(prefix="tj-", dir="/tmp"))
    demonstration_settings(state, free_ports())
    chosen = yaml.safe_load((state / "tre.yaml").read_text())
    chosen["workspaces"] |= {"first_user_number": _first_user_number(), **workspaces}
    (state / "tre.yaml").write_text(yaml.safe_dump(chosen))
    settings = load_settings(state)
    installation = Installation(settings, more=[demonstration_database(settings)])
    try:
        engine = make_engine(settings.record_address)
        bring_up_to_date(engine)
        engine.dispose()
        house = open_house(settings)
        cast = prepare(house)
        installation.start()
        ground = Ground(settings=settings, installation=installation, house=house, cast=cast)
        with ground.watching():
            yield ground
        for client in ground.clients.values():
            client.close()
    finally:
        memory = _memory(settings)
        installation.stop()
        shutil.rmtree(memory, ignore_errors=True)
        shutil.rmtree(state, ignore_errors=True)


__all__ = ["Chance", "Ground", "Seat", "chance", "eventually", "running_installation"]
