"""Writes what is inside an image as a CycloneDX bill, from its locked lists and a list of Debian packages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import content
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from specification import ROOT, Image

__all__ = ["bill", "locked"]

_TARGET = {
    "python_version": content.BASE.version,
    "python_full_version": f"{content.BASE.version}.2",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
}


def bill(image: Image, *, debian: Path | None) -> str:
    """Return the bill as JSON. ``debian`` is what ``dpkg-query --show`` printed inside it: name, tab, version."""
    bom = Bom()
    bom.metadata.tools.components.add(Component(type=ComponentType.APPLICATION, name="scripts/images"))
    bom.metadata.component = Component(
        type=ComponentType.CONTAINER, name=f"tre.local/{image.name}", version=content.tag(image), bom_ref=image.name
    )
    for component in [*_python(image), *_debian(image, debian)]:
        bom.components.add(component)
    bom.register_dependency(bom.metadata.component, bom.components)
    text: str = JsonV1Dot6(bom).output_as_string(indent=2)
    return text + "\n"


def locked(name: str) -> dict[str, str]:
    """Return package and version of every line of ``requirements/NAME.txt`` that applies inside the images."""
    found = {}
    for line in (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line[:1].isalnum():
            wanted = Requirement(line.removesuffix("\\").strip())
            if wanted.marker is None or wanted.marker.evaluate({**_TARGET, "extra": ""}):
                found[wanted.name] = str(wanted.specifier).removeprefix("==")
    return found


def _python(image: Image) -> Iterable[Component]:
    places: dict[tuple[str, str], list[str]] = {}
    for environment, names in image.python.items():
        for name in names:
            for package in locked(name).items():
                places.setdefault(package, []).append(environment)
    for (name, version), environments in places.items():
        purl = PackageURL("pypi", None, name, version)
        found_in = [Property(name="tre:environment", value=environment) for environment in environments]
        yield Component(name=name, version=version, purl=purl, bom_ref=str(purl), properties=found_in)


def _debian(image: Image, listed: Path | None) -> Iterable[Component]:
    """Every package of the image where a list was given; else the declared ones, whose versions the base decides."""
    lines = listed.read_text(encoding="utf-8").splitlines() if listed else image.debian
    for line in lines:
        name, _, version = line.partition("\t")
        purl = PackageURL("deb", "debian", name, version or None)
        yield Component(name=name, version=version or None, purl=purl, bom_ref=str(purl))
