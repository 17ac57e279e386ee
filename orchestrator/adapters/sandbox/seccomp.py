"""A small system-call filter for sandboxes: refuses what no analysis needs and exploits like.

The filter is a classic BPF program for ``bwrap --seccomp``. It is a list of refusals on top of namespaces, dropped
capabilities and no-new-privileges, not the wall itself: calls that are not listed stay allowed.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Mapping, Sequence
from types import MappingProxyType

__all__ = ["filter_program"]

# name → number on x86_64 and on aarch64 (None: does not exist there)
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117), "syslog": (103, 116), "acct": (163, 89), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142),
    "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None),
    "init_module": (175, 105), "delete_module": (176, 106), "finit_module": (313, 273), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "quotactl": (179, 60), "quotactl_fd": (443, 443), "add_key": (248, 217),
    "request_key": (249, 218), "keyctl": (250, 219), "unshare": (272, 97), "setns": (308, 268),
    "perf_event_open": (298, 241), "fanotify_init": (300, 262), "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264), "bpf": (321, 280), "userfaultfd": (323, 282), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "kcmp": (312, 272), "lookup_dcookie": (212, 18), "uselib": (134, None),
    "modify_ldt": (154, None), "vhangup": (153, 58), "nfsservctl": (180, 42), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "pidfd_getfd": (438, 438), "clock_settime": (227, 112),
    "settimeofday": (164, 170), "adjtimex": (159, 171), "clock_adjtime": (305, 266),
}  # fmt: skip
_FAMILIES = (1, 2, 10, 16)  # unix, IPv4, IPv6 (only loopback exists), netlink (interface lists)
_MACHINES = {"x86_64": (0xC000003E, 0, 41, 53), "aarch64": (0xC00000B7, 1, 198, 199)}
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000


def _step(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, value)


def filter_program(
    machine: str | None = None,
    *,
    also: Mapping[str, tuple[int | None, int | None]] = MappingProxyType({}),
    own_only: Mapping[str, tuple[int, int]] = MappingProxyType({}),
    families: Sequence[int] = _FAMILIES,
) -> bytes | None:
    """Return the compiled filter for this machine, or ``None`` where its call numbers are not known here.

    ``also`` is refused besides; ``own_only`` calls are refused unless their first argument is zero, the caller itself.
    """
    known = _MACHINES.get(machine or platform.machine())
    if known is None:
        return None
    architecture, column, socket, socketpair = known
    program = [_step(_LOAD, 4), _step(_EQUAL, architecture, 1, 0), _step(_RETURN, _KILL), _step(_LOAD, 0)]
    if column == 0:  # the x32 numbering would walk around every rule below
        program += [_step(_AT_LEAST, 0x40000000, 0, 1), _step(_RETURN, _REFUSE | errno.ENOSYS)]
    for numbers in (*_REFUSED.values(), *also.values()):
        number = numbers[column]
        if number is not None:
            program += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _REFUSE | errno.EPERM)]
    for numbers in own_only.values():
        program += [_step(_EQUAL, numbers[column], 0, 4), _step(_LOAD, 16), _step(_EQUAL, 0, 1, 0)]
        program += [_step(_RETURN, _REFUSE | errno.EPERM), _step(_LOAD, 0)]
    program += [_step(_EQUAL, socket, 1, 0), _step(_EQUAL, socketpair, 0, len(families) + 2), _step(_LOAD, 16)]
    for position, family in enumerate(families):
        program.append(_step(_EQUAL, family, len(families) - position, 0))
    program.append(_step(_RETURN, _REFUSE | errno.EAFNOSUPPORT))
    program.append(_step(_RETURN, _ALLOW))
    return b"".join(program)
