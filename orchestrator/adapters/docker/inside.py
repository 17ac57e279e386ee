"""The first process of a session's container, run as ``python -I -S -c THIS FILTER COMMAND…``.

It puts the sandbox's call filter on itself, so that everything after it has it too, starts the server, passes signals
on, buries the dead, and ends with the server's exit code. Needs Python's standard library alone; the controller sends
its text along, so that no image has to hold it.
"""

import base64
import ctypes
import os
import signal
import sys

NO_NEW_PRIVILEGES, FILTER, NOT_DUMPABLE = 38, 22, 4
PASSED_ON = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}


class Program(ctypes.Structure):
    """A filter as the kernel takes it."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def restrain(steps: bytes) -> None:
    """Refuse dangerous calls from here on; end where the kernel does not take the filter."""
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(NOT_DUMPABLE, 0, 0, 0, 0)
    program = Program(len(steps) // 8, steps)
    if steps and (library.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) or library.prctl(FILTER, 2, ctypes.byref(program))):
        print("session: the call filter is not accepted here", file=sys.stderr)  # noqa: T201
        sys.exit(78)


def begin(command: list[str]) -> int:
    """Start the server as if it were alone."""
    child = os.fork()
    if child:
        return child
    try:
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python itself; a program expects them as usual
            signal.signal(ignored, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*PASSED_ON, signal.SIGCHLD})
        os.execvp(command[0], command)  # noqa: S606 - the command is the controller's
    except OSError as error:
        print(f"session: {command[0]} cannot be started: {error.strerror}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(127)


def follow(server: int) -> int:
    """Stay until the server has ended."""
    while True:
        number = signal.sigwait({*PASSED_ON, signal.SIGCHLD})
        if number != signal.SIGCHLD:
            os.kill(server, number)
            continue
        while True:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == server:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
            if child == 0:
                break


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {*PASSED_ON, signal.SIGCHLD})
    restrain(base64.b64decode(sys.argv[1]))
    sys.exit(follow(begin(sys.argv[2:])))
