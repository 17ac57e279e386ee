"""First checks, one file each, one interface: ``check(file, pack)`` yields findings. Only the standard library.

They run in a process without network and secrets, and read every byte. What they cannot read to the end is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from orchestrator.airlock.acro.supporting import check as check_acro_files
from orchestrator.airlock.model import Finding
from orchestrator.airlock.packs import Pack
from orchestrator.airlock.reading.specimen import Specimen

from . import (
    contacts,
    content,
    contradictions,
    counts,
    dominance,
    encoding,
    extremes,
    formulas,
    groups,
    hidden,
    histograms,
    identifiers,
    lookalikes,
    models,
    packed_values,
    people,
    proportions,
    rounding,
    shape,
    shares,
    suppression,
    survival,
)

__all__ = ["CHECKS", "Check", "run"]

Check = Callable[[Specimen, Pack], Iterable[Finding]]

CHECKS: Sequence[tuple[str, Check]] = (
    ("content", content.check),
    ("encoding", encoding.check),
    ("shape", shape.check),
    ("contradictions", contradictions.check),
    ("counts", counts.check),
    ("groups", groups.check),
    ("suppression", suppression.check),
    ("shares", shares.check),
    ("proportions", proportions.check),
    ("rounding", rounding.check),
    ("extremes", extremes.check),
    ("dominance", dominance.check),
    ("models", models.check),
    ("survival", survival.check),
    ("histograms", histograms.check),
    ("acro", check_acro_files),
    ("identifiers", identifiers.check),
    ("contacts", contacts.check),
    ("people", people.check),
    ("packed values", packed_values.check),
    ("formulas", formulas.check),
    ("hidden", hidden.check),
    ("lookalikes", lookalikes.check),
)


def run(file: Specimen, pack: Pack) -> list[Finding]:
    """Run every check; one that fails is a finding, and the others still run."""
    findings: list[Finding] = []
    for name, check in CHECKS:
        try:
            findings.extend(check(file, pack))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - any failure of a check means that the file was not checked
            words = f"The check “{name}” could not finish ({type(error).__name__})."
            findings.append(Finding.incomplete(words))
    return findings
