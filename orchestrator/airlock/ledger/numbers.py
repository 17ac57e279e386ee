"""The numbers of a pack that the ledger needs, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.airlock.packs import Pack

__all__ = ["Numbers", "numbers_of"]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Thresholds the attack works with."""

    threshold: int = 10
    """The smallest count of people that may be known."""
    zeros_masked: bool = False
    """Whether a mask such as “<10” may also stand for nobody."""
    zeros_disclosive: bool = True
    """Whether it may be known that a masked group is empty."""
    rounding: int = 0
    """The base that counts are rounded to, 0 where they are not."""
    seconds: float = 20.0
    """How long one attack may take; what is left then is named as not computed."""

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Numbers:
        """Build them from what ``as_json`` gave; an unknown name raises ``TypeError``."""
        return cls(**plain)


def numbers_of(pack: Pack, *, seconds: float = 20.0) -> Numbers:
    """Take the ledger’s numbers from a pack."""
    nearest = [
        int(scheme.rpartition("-")[2]) for group in pack.rounding for scheme in group if scheme.startswith("nearest-")
    ]
    return Numbers(
        threshold=pack.minimum_count,
        zeros_masked=pack.zeros == "refused",
        zeros_disclosive=pack.zeros != "stay",
        rounding=nearest[0] if len(nearest) == 1 else 0,
        seconds=seconds,
    )
