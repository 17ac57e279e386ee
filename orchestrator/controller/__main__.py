"""`python -m orchestrator.controller --state DIR`."""

import sys

from orchestrator.assembly.entry import serve

from . import run

sys.exit(serve("controller", run))
