"""Portal and API: pages that work without JavaScript, and the same use cases as JSON for scripts."""

from .application import make_app, run

__all__ = ["make_app", "run"]
