"""The controller: turns what is approved into what runs, and what is withdrawn into what is gone."""

from .loop import run

__all__ = ["run"]
