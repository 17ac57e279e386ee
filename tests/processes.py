"""Looks at processes that may end, and be buried by whoever started them, while one looks."""

from __future__ import annotations

import psutil

__all__ = ["ended"]


def ended(process: psutil.Process | int) -> bool:
    """Say whether a process runs no more; one that only waits to be buried has ended."""
    try:
        found = psutil.Process(process) if isinstance(process, int) else process
        return not found.is_running() or found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
