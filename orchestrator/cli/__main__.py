"""`python -m orchestrator.cli` does what `tre` does."""

from __future__ import annotations

from orchestrator.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
