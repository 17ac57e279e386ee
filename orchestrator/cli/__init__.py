"""The command `tre`: noun, then verb. Data on standard output, words on standard error, no traceback."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run one command and end with its exit code."""
    import sys  # noqa: PLC0415 - nothing is loaded before it is needed

    from .commands import run  # noqa: PLC0415

    sys.exit(run(sys.argv[1:]))
