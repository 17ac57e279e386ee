"""Isolation for inspections inside a pod, where the cluster's own confinement refuses new namespaces to bubblewrap.

What bubblewrap does with namespaces is done with Landlock and a filter of system calls, both of which a process may
put upon itself in a container that keeps to the *restricted* standard: nothing of the pod's files but the interpreter
and the checks can be opened, and there are no sockets, no other programs, no signals and no changes to files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy

from orchestrator.core.errors import Unavailable

from .sandbox.seccomp import filter_program

__all__ = ["LIBRARIES", "SINGLE_THREADED", "restrained_command"]

_PACKAGE = Path(__file__).resolve().parents[1]
LIBRARIES = Path(numpy.__file__).resolve().parents[1]
"""Where the libraries lie that readers and checks use: an inspection may read them, and they are no secret."""
SINGLE_THREADED = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""An inspection may start no thread; numerical libraries have to know before they try."""
_PROGRAM = Path(__file__).with_name("restrained.py")
# What namespaces take away from an inspection elsewhere: name → number on x86_64 and on aarch64.
_REFUSED: Mapping[str, tuple[int | None, int | None]] = {
    "execve": (59, 221), "execveat": (322, 281), "fork": (57, None), "vfork": (58, None), "clone": (56, 220),
    "clone3": (435, 435), "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "chmod": (90, None),
    "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None), "fchown": (93, 55),
    "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "setxattrat": (463, 463), "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "truncate": (76, 45), "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195),
    "msgget": (68, 186), "msgctl": (71, 187), "msgsnd": (69, 189), "msgrcv": (70, 188), "semget": (64, 190),
    "semctl": (66, 191), "mq_open": (240, 180), "mq_unlink": (241, 181), "setpriority": (141, 140),
    "sched_setaffinity": (203, 122), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274), "ioprio_set": (251, 30), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "inotify_init": (253, None), "inotify_init1": (294, 26), "process_madvise": (440, 440),
}  # fmt: skip
_OWN_ONLY: Mapping[str, tuple[int, int]] = {"prlimit64": (302, 261)}
"""Calls that may be about the caller (whose number is then zero) and about nobody else."""


def restrained_command(module: str, *, extra_source: Path | None = None) -> list[str]:
    """Return the command line that runs a module which sees the interpreter and the checks, and can do nothing else."""
    calls = filter_program(also=_REFUSED, own_only=_OWN_ONLY, families=())
    if calls is None:
        raise Unavailable(
            "Inspections cannot be isolated on this kind of processor: use x86_64 or aarch64.",
            system="inspection",
            retry=False,
        )
    checks = [_PACKAGE / part for part in ("__init__.py", "core", "airlock")]
    system = [Path(sys.base_prefix), *(Path(name) for name in ("/usr/lib", "/usr/lib64", "/lib", "/lib64"))]
    extra = [extra_source] if extra_source is not None else []
    plan = {
        "paths": [str(path) for path in (*checks, LIBRARIES, *system, *extra) if path.exists()],
        "listed": [str(_PACKAGE.parent)],
        "filter": calls.hex(),
        "path": [str(_PACKAGE.parent), *map(str, extra), str(LIBRARIES)],
        "module": module,
    }
    return [sys.executable, "-I", "-S", "-B", str(_PROGRAM), json.dumps(plan)]
