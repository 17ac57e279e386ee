"""From what a quote expected to what was used: the same request with metered counts in place of guesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .request import COUNTS, NOT_METERED, Request, Usage

__all__ = ["metered_request"]


def metered_request(request: Request, usage: Sequence[Usage]) -> Request:
    """Return the request with nothing counted but what was used."""
    kept = {name: answer for name, answer in request.answers.items() if name not in COUNTS or name in NOT_METERED}
    return replace(request, answers=kept, usage=tuple(usage), metered=True)
