"""The one place where rooms meet adapters: each process opens exactly the part of the house it needs."""

from .controls import Controls, open_controls
from .house import House, open_house
from .programs import Installation
from .worker import run_airlock_worker

__all__ = ["Controls", "House", "Installation", "open_controls", "open_house", "run_airlock_worker", "run_everything"]

from .everything import run_everything
