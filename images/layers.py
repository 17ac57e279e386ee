"""Lays out the content of an image below a directory; needs nothing but Python, the checkout and ``uv``.

Both ways to an image run this: the Dockerfiles in their first stage, and ``scripts/images content`` without an engine.

    python3 images/layers.py NAME ROOT --uv PROGRAM
"""

from __future__ import annotations

import argparse
import compileall
import platform
import py_compile
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import specification
from specification import ROOT, Image

__all__ = ["Interpreter", "lay_environment", "lay_files"]

_APPLICATION = "opt/tre/app"
_LIBC = "manylinux_2_36"  # Debian 12; a newer base runs the same wheels


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """The base's Python: its version, and the directory of the program inside the image."""

    version: str
    directory: str


def lay_environment(image: Image, environment: str, root: Path, *, interpreter: Interpreter, uv: str) -> None:
    """Install the environment's lists below ``root``, checked by hash; wheels, but for what is ``built``."""
    place = root / environment.lstrip("/")
    packages = place / "lib" / f"python{interpreter.version}" / "site-packages"
    packages.mkdir(parents=True)
    command = [uv, "pip", "install", "--quiet", "--target", str(packages), "--require-hashes", "--only-binary", ":all:"]
    command += ["--python", sys.executable, "--python-version", interpreter.version]
    command += ["--python-platform", f"{platform.machine()}-{_LIBC}"]
    for package in image.built:
        command += ["--no-binary", package]
    for name in image.python[environment]:
        command += ["--requirement", str(ROOT / "requirements" / f"{name}.txt")]
    subprocess.run(command, check=True, timeout=1800)
    for part in ("bin", "share", "etc"):  # a directory as target keeps these among the modules
        if (packages / part).is_dir():
            (packages / part).rename(place / part)
    _point_programs(place / "bin", f"{environment}/bin/python")
    for name in ("python", "python3"):
        (place / "bin" / name).symlink_to(f"{interpreter.directory}/python3")
    home = f"home = {interpreter.directory}\ninclude-system-site-packages = false\n"
    (place / "pyvenv.cfg").write_text(home, encoding="utf-8")
    if image.code:
        (packages / "tre.pth").write_text(f"/{_APPLICATION}\n", encoding="utf-8")
    _compile(packages, root, interpreter)


def lay_files(image: Image, root: Path, *, interpreter: Interpreter) -> None:
    """Lay the checkout's code, single files, launchers and mount points below ``root``."""
    for source in specification.sources(Image(name=image.name, user="", command=[], code=image.code)):
        _copy(source, root / _APPLICATION / source.relative_to(ROOT))
    for inside, origin in image.files.items():
        _copy(ROOT / origin, root / inside.lstrip("/"))
    for inside, command in image.programs.items():
        program = root / inside.lstrip("/")
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    for inside, mode in image.directories.items():
        directory = root / inside.lstrip("/")
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(int(mode, 8))
    _compile(root, root, interpreter)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _point_programs(directory: Path, python: str) -> None:
    """Make the packages' programs start the image's interpreter instead of the one that installed them."""
    directory.mkdir(exist_ok=True)
    for program in directory.iterdir():
        content = program.read_bytes()
        if content.startswith(b"#!") and b"python" in content.partition(b"\n")[0]:
            program.unlink()  # the installer may have linked it to its cache
            program.write_bytes(f"#!{python}\n".encode() + content.partition(b"\n")[2])
            program.chmod(0o755)


def _compile(directory: Path, root: Path, interpreter: Interpreter) -> None:
    """Compile ahead, since the root is read-only at run time; checked by nothing, since layers change all times."""
    if interpreter.version != f"{sys.version_info.major}.{sys.version_info.minor}":
        sys.stderr.write(f"Not compiled ahead: Python {interpreter.version} is not the one that makes the image.\n")
        return
    compileall.compile_dir(
        directory,
        quiet=2,
        workers=0,
        stripdir=root,
        prependdir="/",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def main() -> int:
    """Lay out one whole image below ROOT with the Python that runs this."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("root", type=Path)
    parser.add_argument("--uv", default="uv")
    wanted = parser.parse_args()
    image = specification.read(wanted.name)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    here = Interpreter(version=version, directory=f"{sys.base_prefix}/bin")
    for environment in image.python:
        lay_environment(image, environment, wanted.root, interpreter=here, uv=wanted.uv)
    lay_files(image, wanted.root, interpreter=here)
    return 0


if __name__ == "__main__":
    sys.exit(main())
