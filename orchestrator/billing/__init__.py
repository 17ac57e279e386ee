"""Fees: price lists as data, estimates, quotes, orders, statements of use, invoices, credits, budgets."""
