"""Makes one sketch as a process of its own: what to read comes as JSON on descriptor 0, the sketch goes to another.

It holds the sketch's key and nothing else of the installation, and may use only so much memory and time.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

__all__ = ["main"]

_MEMORY = 6 << 30


def main() -> int:
    """Sketch the files that were asked for; say as JSON which of them could not be."""
    asked = json.loads(sys.stdin.buffer.read())
    for what, limit in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (limit, limit) if hard == resource.RLIM_INFINITY else (min(limit, hard), hard))
    from .building import build_sketch  # noqa: PLC0415 - large libraries, loaded within the limits

    source = Path(asked["source"])
    files = [
        (path.relative_to(source).as_posix(), path)
        for path in sorted(source.rglob("*"))
        if path.is_file() and not path.is_symlink()
    ]
    with os.fdopen(int(asked["into"]), "w+b") as into:
        skipped = build_sketch(files, into, key=bytes.fromhex(asked["key"]), dataset=asked["dataset"])
    sys.stdout.write(json.dumps({"files": len(files), "skipped": skipped}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
