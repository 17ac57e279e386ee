"""Bundles of ACRO, read by our own parser: what they say are claims of the researcher’s kernel, never verdicts."""

from __future__ import annotations

from .bundle import Bundle, Claim, read_bundle
from .claims import check_bundle, claims
from .supporting import supporting

__all__ = ["Bundle", "Claim", "check_bundle", "claims", "read_bundle", "supporting"]
