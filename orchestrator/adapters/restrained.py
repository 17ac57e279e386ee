"""Runs one module that has given up everything first; stands alone on Python's standard library.

``python -I -S restrained.py PLAN ARGUMENT…``, where the plan is JSON: the readable ``paths``, the ``listed``
directories, the system-call ``filter`` in hexadecimal, the module ``path`` entries and the ``module``. What is given
up, in this order: outliving the parent, gaining rights, every file but the readable ones (Landlock, which needs no
namespace and no right), TCP and signals to others where the kernel knows that, and at last the filtered calls.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import runpy
import signal
import struct
import sys
from collections.abc import Sequence

_READ_FILE, _READ_DIRECTORY = 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights over files each version of Landlock knows; later versions know sixteen."""
_NETWORK_SINCE, _SCOPES_SINCE = 4, 6
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_PARENT_ENDS, _FILTER, _NO_NEW_RIGHTS = 1, 22, 38

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Give up everything, then run the module."""
    plan = json.loads(sys.argv[1])
    _prctl(_PARENT_ENDS, signal.SIGKILL)
    _prctl(_NO_NEW_RIGHTS, 1)
    _see_only(plan["paths"], plan["listed"])
    _call_only(bytes.fromhex(plan["filter"]))
    sys.dont_write_bytecode = True
    sys.path[:0] = plan["path"]
    sys.argv = [plan["module"], *sys.argv[2:]]
    runpy.run_module(plan["module"], run_name="__main__", alter_sys=True)


def _see_only(paths: Sequence[str], listed: Sequence[str]) -> None:
    version = _landlock(_CREATE, None, 0, 1)
    attributes = struct.pack("=QQQ", (1 << _FILE_RIGHTS.get(version, 16)) - 1, 0b11, 0b11)
    size = 24 if version >= _SCOPES_SINCE else 16 if version >= _NETWORK_SINCE else 8
    rules = _landlock(_CREATE, attributes, size, 0)
    for path in paths:
        _allow(rules, path, _READ_FILE | (_READ_DIRECTORY if os.path.isdir(path) else 0))  # noqa: PTH112 - stands alone
    for path in listed:
        _allow(rules, path, _READ_DIRECTORY)
    _landlock(_RESTRICT, rules, 0)
    os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    _landlock(_ADD, rules, 1, struct.pack("=Qi", rights, place), 0)
    os.close(place)


def _call_only(program: bytes) -> None:
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    _prctl(_FILTER, 2, ctypes.create_string_buffer(head, len(head)))


def _landlock(number: int, *arguments: object) -> int:
    done = int(_libc.syscall(number, *arguments))
    if done < 0:
        problem = ctypes.get_errno()
        missing = problem in {errno.ENOSYS, errno.EOPNOTSUPP}
        raise OSError(problem, "Landlock is missing: it needs Linux 5.13" if missing else os.strerror(problem))
    return done


def _prctl(what: int, *arguments: object) -> None:
    if _libc.prctl(what, *arguments, *([0] * (4 - len(arguments)))):
        problem = ctypes.get_errno()
        raise OSError(problem, os.strerror(problem))


if __name__ == "__main__":
    main()
