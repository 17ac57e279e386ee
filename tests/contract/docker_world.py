"""A real Docker engine of the tests' own, and a small workspace image that comes from no registry.

The engine is Debian's ``dockerd`` in a network namespace of its own, without a bridge and without touching the
machine's packet rules; data, sockets and processes lie below one temporary directory and go with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import multiprocessing
import os
import py_compile
import re
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import distributions
from importlib.util import cache_from_source
from pathlib import Path, PurePosixPath

import docker
import psutil
import pytest

from orchestrator.adapters.docker.container import Box
from orchestrator.adapters.docker.engine import Engine
from orchestrator.adapters.docker.sessions import DockerSessions
from orchestrator.adapters.sandbox.places import Places
from orchestrator.core.errors import Unavailable

ROOT = Path(__file__).resolve().parents[2]
WORKSPACE = ROOT / ".venv-workspace"
PROGRAMS = (Path("/usr/sbin/dockerd"), Path("/usr/bin/containerd"))
PACKAGES = ("jupyterhub", "jupyterlab", "ipykernel")
_CACHE = ROOT / ".cache" / "docker-tests"
_LEFT_OUT = {
    "__pycache__",
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "lib2to3",
    "site-packages",
    "dist-packages",
}
_SHELL = ("sh", "ls", "cat", "sleep", "head", "true", "mount", "id")
Entries = dict[str, Path | str | None]
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root"}


def why_not() -> str:
    """Say why no engine can be started here; empty where one can."""
    if os.geteuid() != 0 or not all(program.exists() for program in PROGRAMS):
        return "needs Debian's docker.io, and root to run it"
    return "" if (WORKSPACE / "bin" / "python").exists() else "no workspace environment"


needs_docker = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")


@dataclass
class RunningEngine:
    """One dockerd, which may be killed and started again."""

    directory: Path
    image: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.directory / "docker.sock"

    def client(self) -> docker.APIClient:
        return docker.APIClient(base_url=f"unix://{self.socket}", version="auto", timeout=120)

    def start(self, *, live_restore: bool = True) -> None:
        """Start the engine and wait until it answers."""
        at = self.directory
        command = [
            "unshare",
            "--net",
            "--",
            str(PROGRAMS[0]),
            "--data-root",
            str(at / "d"),
            "--exec-root",
            str(at / "e"),
        ]
        command += [
            "--host",
            f"unix://{self.socket}",
            "--pidfile",
            str(at / "pid"),
            "--bridge=none",
            "--log-level=warn",
        ]
        command += ["--iptables=false", "--ip6tables=false", f"--live-restore={str(live_restore).lower()}"]
        command += ["--exec-opt", "native.cgroupdriver=cgroupfs", "--config-file", str(at / "daemon.json")]
        (at / "daemon.json").write_text("{}")
        with (at / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_ENVIRONMENT, start_new_session=True
            )
        end = time.monotonic() + 180
        while True:
            with contextlib.suppress(Unavailable):
                Engine(self.socket).about()
                return
            assert self.process.poll() is None, (at / "log").read_text()[-3000:]
            assert time.monotonic() < end, (at / "log").read_text()[-3000:]
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill the engine as a crash does: its containers are left alone."""
        assert self.process is not None
        file = self.directory / "e" / "containerd" / "containerd.pid"
        helper = psutil.Process(int(file.read_text())) if file.exists() else None
        self.process.kill()
        self.process.wait(90)
        if helper is not None:  # dies with the engine; a new engine that met it dying would wait for it in vain
            psutil.wait_procs([helper], timeout=90)
        (self.directory / "pid").unlink(missing_ok=True)

    def import_image(self, archive: Path) -> None:
        """Make the image from its one archive; it is known by its id alone."""
        with contextlib.closing(self.client()) as client:
            answer = client.import_image_from_file(str(archive), repository="tre-test/workspace", tag="latest")
            self.image = json.loads(answer.strip().splitlines()[-1])["status"]
        assert self.image.startswith("sha256:"), answer

    def end(self) -> None:
        """End every container, the engine and all it started, by their ids."""
        if self.process is not None and self.process.poll() is None:
            with (
                contextlib.suppress(docker.errors.DockerException, OSError),
                contextlib.closing(self.client()) as client,
            ):
                for each in client.containers(all=True):
                    client.remove_container(each["Id"], force=True, v=True)
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(90)
            self.process.kill()
            self.process.wait(90)
        for process in psutil.process_iter(["cmdline"]):  # containerd and its shims name the directory
            if any(str(self.directory) in word for word in process.info["cmdline"] or ()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
                    process.wait(90)
        mounts = [line.split(" ")[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for place in sorted((each for each in mounts if each.startswith(f"{self.directory}/")), reverse=True):
            subprocess.run(["umount", "--lazy", place], check=True)
        shutil.rmtree(self.directory)


@contextlib.contextmanager
def running_engine() -> Iterator[RunningEngine]:
    """Start an engine that has the small workspace image; remove everything afterwards."""
    # in memory where there is room: unpacking the image and removing it then costs no disk
    roomy = shutil.disk_usage("/dev/shm").free > 4 * 2**30
    engine = RunningEngine(Path(tempfile.mkdtemp(prefix="tre-docker-", dir="/dev/shm" if roomy else "/tmp")))
    try:
        engine.start()
        engine.import_image(archive())
        yield engine
    finally:
        engine.end()


def sessions_in(engine: RunningEngine, *server: str) -> Callable[[Places, str], DockerSessions]:
    """Return what makes a backend's sessions in this engine; ``server`` replaces their command."""
    return lambda places, instance: DockerSessions(
        engine=Engine(engine.socket),
        places=places,
        box=Box(image=engine.image, instance=instance, server=server or None),
    )


# ---- the image --------------------------------------------------------------------------------------------------


def archive() -> Path:
    """Return the image as one archive, made anew when anything in it changed.

    It has the paths of ``images/workspace`` with the same server configuration and the same airlock client; smaller in
    that Python, JupyterLab and their libraries come from this machine and the scientific packages are left out.
    """
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:  # tests run in several processes: one makes it, the others wait for it
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _archive()


def _archive() -> Path:
    entries = dict(sorted(_entries().items()))
    told = [f"{inside} {_version(source)}" for inside, source in entries.items()]
    own = hashlib.sha256("\n".join([Path(__file__).read_text(), *told]).encode()).hexdigest()[:16]
    target = _CACHE / f"workspace-{own}.tar"
    if not target.exists():
        for left in _CACHE.glob("*.tar"):
            left.unlink()
        fresh = _CACHE / "unfinished.tar"
        with tempfile.TemporaryDirectory() as scratch, tarfile.open(fresh, "w", format=tarfile.GNU_FORMAT) as packed:
            for inside, source in {**entries, **_compiled(entries, Path(scratch))}.items():
                _add(packed, inside, source)
        fresh.rename(target)
    return target


def _compiled(entries: Entries, scratch: Path) -> Entries:
    """Return what is compiled already on this machine, and compile the rest: the root is read-only at run time."""
    made: Entries = {}
    tasks = []
    for number, (inside, source) in enumerate(entries.items()):
        if isinstance(source, Path) and inside.endswith(".py"):
            place, ready = PurePosixPath(inside), Path(cache_from_source(str(source)))
            target = ready if ready.is_file() else scratch / str(number)
            made[str(place.parent / "__pycache__" / ready.name)] = target
            if target is not ready:
                tasks.append((str(source), str(target), f"/{inside}"))
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as workers:
        list(workers.map(_compile, tasks, chunksize=200))
    return {inside: source for inside, source in made.items() if isinstance(source, Path) and source.exists()}


def _compile(task: tuple[str, str, str]) -> None:
    source, target, inside = task
    with contextlib.suppress(py_compile.PyCompileError), warnings.catch_warnings(action="ignore"):
        py_compile.compile(
            source, target, inside, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )


def _version(source: Path | str | None) -> str:
    if isinstance(source, Path):
        found = source.stat()
        return f"{found.st_size} {found.st_mtime_ns}"
    return repr(source)


def _add(packed: tarfile.TarFile, inside: str, source: Path | str | None) -> None:
    entry = tarfile.TarInfo(inside)
    entry.mode = 0o755
    if source is None:
        entry.type = tarfile.DIRTYPE
        entry.mode = 0o1777 if inside == "tmp" else 0o755  # the engine gives a memory directory the image's own mode
        packed.addfile(entry)
    elif isinstance(source, str):
        entry.type, entry.linkname = tarfile.SYMTYPE, source
        packed.addfile(entry)
    else:
        entry.size, entry.mtime = source.stat().st_size, int(source.stat().st_mtime)
        entry.mode = 0o755 if os.access(source, os.X_OK) and source.stat().st_mode & 0o100 else 0o644
        with source.open("rb") as content:
            packed.addfile(entry, content)


def _entries() -> Entries:
    """Say what lies where: a file of this machine, the target of a link, or nothing for a directory."""
    told = json.loads(subprocess.run(
        [WORKSPACE / "bin" / "python", "-c", _ASK], check=True, capture_output=True, text=True, timeout=60
    ).stdout)  # fmt: skip
    base, name = Path(told["base"]), f"python{told['version']}"
    found: Entries = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64"}
    for directory in ("data", "home/researcher", "shared", "run/tre", "tmp", "etc", "proc", "sys", "dev", "usr/lib64"):
        found[directory] = None
    found |= _below(Path(told["stdlib"]), f"opt/python/lib/{name}")
    found[f"opt/python/bin/{name}"] = (base / "bin" / name).resolve()
    found |= dict.fromkeys((f"opt/workspace/bin/{each}" for each in ("python", "python3")), f"/opt/python/bin/{name}")
    found |= _packages(Path(told["packages"]), f"opt/workspace/lib/{name}/site-packages")
    found |= _below(WORKSPACE / "share" / "jupyter", "opt/workspace/share/jupyter")
    found |= {f"usr/bin/{each}": Path(shutil.which(each, path="/usr/bin:/bin") or "").resolve() for each in _SHELL}
    found |= _own_files(f"home = /opt/python/bin\ninclude-system-site-packages = false\nversion = {told['version']}\n")
    return found | _libraries([source for source in found.values() if isinstance(source, Path)])


_ASK = """
import json, sys, sysconfig
print(json.dumps({"base": sys.base_prefix, "stdlib": sysconfig.get_path("stdlib"),
    "packages": sysconfig.get_path("purelib"), "version": "%d.%d" % sys.version_info[:2]}))
"""


def _own_files(venv: str) -> Entries:
    written = _CACHE.parent / "docker-tests-files"
    written.mkdir(parents=True, exist_ok=True)
    files = {
        "pyvenv.cfg": venv,
        "tre-airlock": '#!/bin/sh\nexec /opt/workspace/bin/python -I -S /opt/tre/lib/client.py "$@"\n',
    }
    for name, text in files.items():
        path = written / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            path.chmod(0o755)
    return {
        "opt/workspace/pyvenv.cfg": written / "pyvenv.cfg",
        "opt/tre/bin/tre-airlock": written / "tre-airlock",
        "opt/tre/lib/client.py": ROOT / "orchestrator" / "airlock" / "client.py",
        "etc/passwd": ROOT / "images" / "files" / "passwd",
        "etc/group": ROOT / "images" / "files" / "group",
        "etc/jupyter/jupyter_server_config.py": ROOT / "images" / "workspace" / "jupyter_server_config.py",
    }


def _below(directory: Path, inside: str) -> Entries:
    found: Entries = {}
    for place, directories, files in os.walk(directory):
        directories[:] = [each for each in directories if each not in _LEFT_OUT and not each.startswith("config-")]
        at = Path(place)
        found |= {
            f"{inside}/{(at / each).relative_to(directory)}": at / each for each in files if (at / each).is_file()
        }
    return found


def _packages(place: Path, inside: str) -> Entries:
    """List the files of the wanted packages and of everything that they need."""
    known = {_plain(each.metadata["Name"]): each for each in distributions(path=[str(place)])}
    waiting, needed = list(PACKAGES), set()
    while waiting:
        name = _plain(waiting.pop())
        if name in known and name not in needed:
            needed.add(name)
            asked = [each for each in known[name].requires or [] if "extra ==" not in each]
            waiting += [re.split(r"[^A-Za-z0-9._-]", each, maxsplit=1)[0] for each in asked]
    found: Entries = {}
    for name in needed:
        for file in known[name].files or []:
            path = Path(str(known[name].locate_file(file)))
            if ".." not in file.parts and path.is_file() and "tests" not in file.parts and file.suffix != ".pyi":
                found[f"{inside}/{file}"] = path
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _libraries(sources: list[Path]) -> Entries:
    """List the shared libraries that programs and modules need, at the places where the loader looks."""
    programs = [each for each in sources if ".so" in each.name or each.parent.name == "bin"]
    said = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, timeout=120, check=False).stdout
    found: Entries = {}
    for name, path in re.findall(r"^\s+(\S+) => (/\S+)", said, re.MULTILINE):
        if not path.startswith(str(WORKSPACE)):  # a wheel brings these along itself
            found[f"usr/lib/{os.uname().machine}-linux-gnu/{Path(name).name}"] = Path(path).resolve()
    for path in set(re.findall(r"^\s+(/lib\S*/ld-linux\S+) ", said, re.MULTILINE)):
        found[f"usr{path}"] = Path(path).resolve()
    return found
