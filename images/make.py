"""The command behind ``scripts/images``."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import content
import specification
from specification import ROOT

__all__ = ["main"]

_UV = str(Path(sys.executable).with_name("uv"))
_LIST = Path(os.environ.get("TRE_IMAGES") or ROOT / ".cache" / "images.json")
_PREFIX = "tre.local/"


def main() -> int:
    """Do what the arguments say."""
    wanted = _parser().parse_args()
    done: int = wanted.run(wanted)
    return done


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/images", description="Makes the container images.")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build with a container engine; prints names by identity")
    build.add_argument("--engine", choices=["docker", "podman"], default="docker")
    build.add_argument("--base", required=True, help="a Debian 12 with Python 3.11, by digest, from where you trust")
    build.add_argument("name", nargs="*")
    build.set_defaults(run=_build)
    made = commands.add_parser("content", help="the same content as layers and one image.toml, without an engine")
    made.add_argument("name")
    made.add_argument("directory", type=Path)
    made.set_defaults(run=_content)
    brought = commands.add_parser("import", help="bring all images into a cluster with the program TRE_IMAGE_IMPORTER")
    brought.add_argument("name", nargs="*")
    brought.set_defaults(run=_import)
    listed = commands.add_parser("sbom", help="what is inside, as CycloneDX JSON")
    listed.add_argument("name")
    listed.add_argument("--debian", type=Path, help="what `dpkg-query --show` printed inside the image")
    listed.set_defaults(run=_sbom)
    return parser


def _chosen(wanted: list[str]) -> list[specification.Image]:
    every = [specification.read(name) for name in wanted or specification.names()]
    return [image for image in every if wanted or not image.optional]


def _build(wanted: argparse.Namespace) -> int:
    for image in _chosen(wanted.name):
        name = f"{_PREFIX}{image.name}:{content.tag(image)}"
        below = specification.read(image.extends) if image.extends else None
        base = f"{_PREFIX}{below.name}:{content.tag(below)}" if below else wanted.base
        command = [wanted.engine, "build", "--build-arg", f"BASE={base}", "--tag", name]
        command += ["--file", str(ROOT / "images" / image.name / "Dockerfile"), str(ROOT)]
        subprocess.run(command, check=True, stdout=sys.stderr, timeout=7200)
        identity = subprocess.run(
            [wanted.engine, "image", "inspect", "--format", "{{.Id}}", name],
            check=True, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        sys.stdout.write(f"{name} {identity.stdout.strip()}\n")
    return 0


def _content(wanted: argparse.Namespace) -> int:
    sys.stdout.write(f"{content.make(specification.read(wanted.name), wanted.directory, uv=_UV)}\n")
    return 0


def _sbom(wanted: argparse.Namespace) -> int:
    import bill  # noqa: PLC0415 - the one command that needs its library

    sys.stdout.write(bill.bill(specification.read(wanted.name), debian=wanted.debian))
    return 0


def _import(wanted: argparse.Namespace) -> int:
    importer = shlex.split(os.environ.get("TRE_IMAGE_IMPORTER", ""))
    if not importer:
        sys.stderr.write(
            "TRE_IMAGE_IMPORTER names no program. It is called as PROGRAM NAME:TAG IMAGE.TOML, brings the image into "
            "the cluster and prints its name by digest; docs/how-to/install-on-kubernetes.md has one for kind.\n"
        )
        return 2
    known = json.loads(_LIST.read_text(encoding="utf-8")) if _LIST.is_file() else {}
    for image in _chosen(wanted.name):
        name = f"{_PREFIX}{image.name}:{content.tag(image)}"
        directory = ROOT / ".cache" / "images" / image.name
        file = content.make(image, directory, uv=_UV)
        done = subprocess.run([*importer, name, str(file)], check=True, stdout=subprocess.PIPE, text=True, timeout=1800)
        known[image.name] = done.stdout.split()[-1]
        _LIST.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
        sys.stdout.write(f"{image.name} {known[image.name]}\n")
        content.prune(image)
    return 0


if __name__ == "__main__":
    sys.exit(main())
