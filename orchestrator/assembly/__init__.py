"""The one place where rooms meet adapters: each process opens exactly the part of the house it needs.

Parts are loaded when they are first asked for: a command that reads the record does not load what starts processes.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .controller.controls import Controls, open_controls
    from .house import House, open_house
    from .installation.everything import run_everything
    from .installation.programs import Installation
    from .worker import run_airlock_worker

__all__ = ["Controls", "House", "Installation", "open_controls", "open_house", "run_airlock_worker", "run_everything"]

_PARTS = {
    "Controls": "controller.controls",
    "open_controls": "controller.controls",
    "run_everything": "installation.everything",
    "House": "house",
    "open_house": "house",
    "Installation": "installation.programs",
    "run_airlock_worker": "worker",
}


def __getattr__(name: str) -> object:
    if name not in _PARTS:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module(f"{__name__}.{_PARTS[name]}"), name)
