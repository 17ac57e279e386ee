"""Federation in one place: speaking to other hubs, hearing them, and what they say of people."""

from __future__ import annotations

from .accrediting import Accrediting

__all__ = ["FederationService"]


class FederationService(Accrediting):
    """The one way to speak to other hubs and to hear them."""
