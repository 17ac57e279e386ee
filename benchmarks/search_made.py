"""Descriptions made by perturbing the real catalogue: as many as wanted, the same for the same seed."""

# ruff: noqa: S311 - chance of a benchmark, not of a secret

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator.discovery.search.model import Searchable
from orchestrator.discovery.search.reading import searchable
from orchestrator.discovery.search.words import STOP

_WORD = re.compile(r"[A-Za-z]{2,}")
_KINDS = ("Health and disease", "Treatments/Interventions", "Measurements/Tests", "Imaging types", "Omics", "Registry",
          "Imaging area of the body", "Socioeconomic", "Lifestyle", "Environment and energy")  # fmt: skip
_ACCESS = ("TRE/SDE", "Direct access", "Open access", "Varies based on project")
_FREQUENCIES = ("Annual", "Monthly", "Quarterly", "Weekly", "Continuous", "Static", "Irregular")
_LEADS = ("Less than 1 week", "1-2 weeks", "2-4 weeks", "1-2 months", "2-6 months", "More than 6 months", "Variable")
_PARTS = ("patient", "person", "admission", "discharge", "birth", "death", "diagnosis", "procedure", "date", "code",
          "type", "value", "unit", "start", "end", "method", "ward", "site", "sex", "ethnicity", "postcode", "score",
          "count", "nhs", "number", "result", "drug", "dose", "route", "episode")  # fmt: skip


class Maker:
    """Makes descriptions out of the real ones: some words replaced by others of the same catalogue, new numbers."""

    def __init__(self, catalogue: Path, seed: int = 6) -> None:
        self._real: list[dict[str, Any]] = json.loads(catalogue.read_text())["dataModels"]
        words = Counter(word for record in self._real for word in _WORD.findall(json.dumps(record["documentation"])))
        self._words, self._weights = list(words), list(words.values())
        self._random = random.Random(seed)

    def made(self, count: int, first: int = 0) -> Iterator[Searchable]:
        """Give ``count`` descriptions as the index takes them, numbered from ``first``."""
        for number in range(first, first + count):
            base = self._random.choice(self._real)
            yield searchable(
                f"e{number}", self._description(base, number), publisher=self._publisher(base), origin="imported"
            )

    def _publisher(self, base: dict[str, Any]) -> str:
        return f"{base['summary']['publisher']['name']} {min(30, int(self._random.paretovariate(1)))}"

    def _description(self, base: dict[str, Any], number: int) -> dict[str, Any]:
        chance = self._random
        summary, documentation = base["summary"], base["documentation"]
        first = chance.randint(1950, 2022)
        made: dict[str, Any] = {
            "summary": {
                "title": self._changed(summary["title"]) + f" {number}",
                "abstract": self._changed(str(summary.get("abstract") or "")),
                "keywords": summary.get("keywords") or [],
                "populationSize": int(10 ** chance.uniform(2, 7.5)),
            },
            "documentation": {
                "description": self._changed(str(documentation.get("description") or "")) + f" c{number}x"
            },
            "coverage": {
                "spatial": chance.choice(("England", "Scotland", "Wales", "Northern Ireland", "United Kingdom"))
            },
            "provenance": {
                "origin": {
                    "datasetType": [{"name": kind} for kind in chance.sample(_KINDS, chance.choice((1, 1, 2, 3)))]
                },
                "temporal": {
                    "publishingFrequency": chance.choice(_FREQUENCIES),
                    "startDate": f"{first}-01-01",
                    "endDate": f"{chance.randint(first, 2026)}-12-31",
                },
            },
            "accessibility": {
                **base["accessibility"],
                "access": {"accessServiceCategory": chance.choice(_ACCESS), "deliveryLeadTime": chance.choice(_LEADS)},
            },
        }
        if chance.random() < 0.3:
            columns = [{"name": "_".join(chance.sample(_PARTS, 3))} for _ in range(chance.randint(5, 40))]
            made["structuralMetadata"] = {"tables": [{"name": "main", "columns": columns}]}
        return made

    def _changed(self, text: str) -> str:
        """Replace three words in ten by words of the catalogue, as common as they are there."""
        pieces = text.split()
        fresh = iter(self._random.choices(self._words, self._weights, k=len(pieces)))
        return " ".join(next(fresh) if self._random.random() < 0.3 else piece for piece in pieces)


def two_terms(made: list[Searchable], count: int, seed: int = 7) -> list[tuple[str, str]]:
    """Give pairs of words that stand together in a description: drawn evenly from its distinct words of 4 letters."""
    chance = random.Random(seed)
    pairs: list[tuple[str, str]] = []
    while len(pairs) < count:
        found = chance.choice(made)
        words = sorted({word.lower() for word in _WORD.findall(f"{found.title} {found.text}")} - STOP)
        words = [word for word in words if len(word) >= 4]
        if len(words) >= 2:
            one, other = chance.sample(words, 2)
            pairs.append((one, other))
    return pairs
