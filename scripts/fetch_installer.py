"""Puts the pinned installer (uv) into an environment whose Python came without pip: ENVIRONMENT LIST.

Debian's Python has neither pip nor the means to make one before python3-venv is installed; this needs Python alone.
What is fetched is used only if its SHA-256 stands in the list.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import re
import sys
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

_SECONDS = 60


def main(environment: Path, requirements: Path) -> None:
    """Fetch the wheel for this machine, check it, and put its program into the environment."""
    pinned = requirements.read_text(encoding="utf-8")
    version = re.search(r"^uv==(\S+)", pinned, re.MULTILINE)
    if version is None:
        raise SystemExit(f"{requirements} names no version of uv.")
    chosen = (os.environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"))
    index = next(filter(None, chosen), "")
    page = f"{index.rstrip('/')}/uv/"
    library = "musllinux" if platform.libc_ver()[0] != "glibc" else "manylinux"
    for link in re.findall(r'href="([^"#]+)', _read(page).decode()):
        name = urllib.parse.unquote(link.rpartition("/")[2])
        if name.startswith(f"uv-{version[1]}-py3-none-{library}") and name.endswith(f"_{platform.machine()}.whl"):
            wheel = _read(urllib.parse.urljoin(page, link))
            if f"sha256:{hashlib.sha256(wheel).hexdigest()}" not in pinned:
                raise SystemExit(f"{name} is not the file that {requirements} pins: it was not used.")
            _place(wheel, environment / "bin" / "uv")
            return
    raise SystemExit(f"There is no uv {version[1]} for this machine at the package index.")


def _read(address: str) -> bytes:
    if not address.startswith(("https://", "http://")):
        raise SystemExit("The package index must be an http or https address.")
    request = urllib.request.Request(address, headers={"Accept": "text/html, */*;q=0.1"})  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            content: bytes = answer.read()
    except OSError as error:
        raise SystemExit(f"The package index does not answer: {error}") from error
    return content


def _place(wheel: bytes, program: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        (inside,) = (name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        program.write_bytes(archive.read(inside))
    program.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
