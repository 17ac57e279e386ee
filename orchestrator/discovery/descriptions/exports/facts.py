"""Reads what several formats say of a description: who, where, when, how it is had. Broken values are left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..risk import SMALLEST_COUNT

__all__ = ["Facts", "is_web"]

_WEB = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
_UUID = re.compile(r"[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}")


def is_web(value: Any) -> bool:
    """Tell whether a value is a web address that can stand in a link or as the name of a thing."""
    return isinstance(value, str) and _WEB.fullmatch(value) is not None


class Facts:
    """One description (4.0.0, as valid as it may be) and the address at which it is read."""

    def __init__(self, description: Mapping[str, Any], address: str) -> None:
        self._description = description
        self.address = address if is_web(address) else self._own_address()

    def get(self, path: str) -> Any:
        """Return the value at a dotted path; nothing where there is none."""
        here: Any = self._description
        for step in path.split("."):
            here = here.get(step) if isinstance(here, Mapping) else None
        return here

    def text(self, path: str) -> str | None:
        """Return a text that says something."""
        value = self.get(path)
        return value.strip() if isinstance(value, str) and value.strip() else None

    def texts(self, path: str) -> list[str]:
        """Return the texts of a list, or one text alone."""
        value = self.get(path)
        return [
            each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str) and each.strip()
        ]

    def number(self, path: str) -> int | None:
        """Return a whole number that is not the sentinel for “nobody knows”."""
        value = self.get(path)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    def objects(self, path: str) -> list[Mapping[str, Any]]:
        """Return the objects of a list."""
        value = self.get(path)
        return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []

    @property
    def abstract(self) -> str:
        """What the data are, in some sentences; the title where nothing else is said."""
        return self.text("summary.abstract") or self.text("documentation.description") or self.title

    @property
    def title(self) -> str:
        """The dataset's name."""
        return self.text("summary.title") or "Untitled dataset"

    @property
    def doi(self) -> str | None:
        """The address of the dataset's digital object identifier."""
        name = self.text("summary.doiName")
        address = f"https://doi.org/{name}"
        return address if name and is_web(address) else None

    @property
    def publications(self) -> list[str]:
        """Addresses of what was written about the data."""
        found = [f"https://doi.org/{each}" for each in self.texts("enrichmentAndLinkage.publicationAboutDataset")]
        return [each for each in found if is_web(each)]

    @property
    def is_open(self) -> bool:
        """Whether anybody may fetch the data."""
        return self.text("accessibility.access.accessServiceCategory") == "Open access"

    @property
    def people(self) -> int | None:
        """How many people the data are about, unless they are so few that the count should not be passed on."""
        count = self.number("summary.populationSize")
        return count if count is not None and count >= SMALLEST_COUNT else None

    @property
    def period(self) -> tuple[str | None, str | None]:
        """The first and the last day of the data; no last day while they are still collected."""
        first, last = self.text("provenance.temporal.startDate"), self.text("provenance.temporal.endDate")
        return (first[:10] if first else None, last[:10] if last and last != "CONTINUOUS" else None)

    @property
    def emails(self) -> list[str]:
        """Where to ask."""
        found = [*self.texts("summary.contactPoint"), *self.texts("summary.dataCustodian.contactPoint")]
        return list(dict.fromkeys(each for each in found if re.fullmatch(r"[^\s<>@]+@[^\s<>@]+", each)))

    def _own_address(self) -> str:
        identifier = self.get("identifier")
        if isinstance(identifier, str) and _UUID.fullmatch(identifier):
            return f"urn:uuid:{identifier.lower()}"
        return identifier if is_web(identifier) else "urn:uuid:00000000-0000-0000-0000-000000000000"
