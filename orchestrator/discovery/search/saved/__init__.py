"""Searches that people keep, and what became new in them."""
