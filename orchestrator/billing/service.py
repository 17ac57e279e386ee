"""Fees in one place for pages, commands and other rooms: prices, quotes, orders, invoices, budgets."""

from __future__ import annotations

from .invoices import Invoices

__all__ = ["BillingService"]


class BillingService(Invoices):
    """The one way to read or change what is charged and paid."""

    def chase(self) -> int:
        """Act on passed days: let quotes lapse; return how many were acted on."""
        return self.lapse()
