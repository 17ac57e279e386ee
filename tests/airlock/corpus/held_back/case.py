"""One labelled case: the files of a request, what they may be compared with, and what is truly wrong with them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["FAMILIES", "Case", "labels"]

FAMILIES = {
    "small-count": "a count of 1 up to below the threshold, in any digits or words",
    "class-disclosure": "zero, 100 %, or a group whose members all have the same value",
    "rounding": "counts that are not rounded or redacted as the pack says",
    "suppression-undone": "a hidden count that totals, shares or means give back",
    "differencing": "two tables that differ by a few people",
    "extreme": "a minimum, maximum or extreme percentile: one person's value",
    "dominance": "a sum that one or two contributors make up",
    "dof": "a model with hardly more people than parameters, or a parameter for one person",
    "row-level": "values of single people, whatever they are called",
    "identifier": "what names a person or leads to one",
    "hidden-content": "content that a reader of the file does not see",
    "file-type": "a kind of file that does not leave",
    "formula": "a cell that a spreadsheet would run",
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request as a researcher might make it. ``expected`` empty means that nothing is wrong with it."""

    name: str
    files: Mapping[str, bytes]
    expected: frozenset[str] = frozenset()
    """Families of which at least one has to be found."""
    acceptable: frozenset[str] = frozenset()
    """Families that are true of the files too, so that finding them is no false alarm."""
    against: tuple[str, ...] = ()
    """Names of the data sets that were mounted."""
    released: Mapping[str, bytes] = field(default_factory=dict)
    """Files that left earlier."""
    pack: str = "default"
    source: str = ""
    """Where the real data came from."""

    @property
    def clean(self) -> bool:
        """Say whether a checker would let everything pass."""
        return not self.expected

    def label(self) -> dict[str, object]:
        """Return the case without its bytes: what the manifest keeps."""
        return {
            "name": self.name,
            "expected": sorted(self.expected),
            "acceptable": sorted(self.acceptable),
            "against": list(self.against),
            "pack": self.pack,
            "source": self.source,
            "files": {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()},
            "released": {name: hashlib.sha256(content).hexdigest() for name, content in self.released.items()},
        }


def labels(cases: Iterator[Case]) -> list[dict[str, object]]:
    """Return the labels of every case, in order; raises ``ValueError`` where two cases share a name."""
    out: list[dict[str, object]] = []
    seen: set[str] = set()
    for case in cases:
        if case.name in seen or not (case.expected | case.acceptable) <= set(FAMILIES):
            raise ValueError(case.name)
        seen.add(case.name)
        out.append(case.label())
    return out
