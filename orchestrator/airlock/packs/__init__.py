"""Rule books of output checking: numbers with their sources, and the strictest of several."""

from __future__ import annotations

from .files import load_pack, load_packs
from .model import Limits, Pack, Resources, pack_from_json
from .strictness import effective, strictest

__all__ = ["Limits", "Pack", "Resources", "effective", "load_pack", "load_packs", "pack_from_json", "strictest"]
