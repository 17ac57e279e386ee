"""Runs the disclosure checks on small files and tells which rules they name."""

from __future__ import annotations

from pathlib import Path

from orchestrator.airlock.checks import run
from orchestrator.airlock.checks.catalogue import DISCLOSURE
from orchestrator.airlock.model import Finding, Severity
from orchestrator.airlock.packs import load_packs
from orchestrator.airlock.reading.specimen import Specimen

PACKS = load_packs(Path(__file__).parents[3] / "policies" / "airlock")


def findings(content: str, name: str = "t.csv", pack: str = "sdap") -> list[Finding]:
    """Return what all checks find of disclosure in one file."""
    return [each for each in run(Specimen.of(content.encode(), name), PACKS[pack]) if each.rule in DISCLOSURE]


def flagged(content: str, name: str = "t.csv", pack: str = "sdap") -> set[str]:
    """Return the rules that ask for a person, or block."""
    return {each.rule for each in findings(content, name, pack) if each.severity is not Severity.NOTE}


def said(content: str, rule: str, name: str = "t.csv", pack: str = "sdap") -> Finding:
    """Return the one finding of a rule; there must be exactly one."""
    (found,) = [each for each in findings(content, name, pack) if each.rule == rule]
    return found
