"""`python -m orchestrator.web --state DIR`."""

import sys

from orchestrator.assembly.entry import serve

from . import run

sys.exit(serve("web", run))
