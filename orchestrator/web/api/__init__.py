"""The JSON API for scripts: a bearer secret of a terminal's sign-on, never a cookie."""

from .application import make_api

__all__ = ["make_api"]
