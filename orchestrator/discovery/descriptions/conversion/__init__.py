"""Brings descriptions of older schemas up to 4.0.0 without losing a value."""

from .conversion import Converted, Translation, convert

__all__ = ["Converted", "Translation", "convert"]
