"""What an image is made of: reads ``images/NAME/image.toml``, and names an image by everything it is made from."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Image", "digest", "names", "read", "sources"]

ROOT = Path(__file__).resolve().parents[1]
_MADE = {"__pycache__", ".mypy_cache", ".ruff_cache"}


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image as declared. Sources are paths of the checkout, everything else is a path inside the image."""

    name: str
    user: str
    command: list[str]
    debian: list[str] = field(default_factory=list)
    """Debian packages beyond the base's own."""
    code: list[str] = field(default_factory=list)
    """Parts of the checkout that are laid below /opt/tre/app, as they are."""
    python: dict[str, list[str]] = field(default_factory=dict)
    """Directory of each Python environment, and the lists of requirements/ it is made from."""
    built: list[str] = field(default_factory=list)
    """Packages that exist as source only and are built while the image is made; everything else must be a wheel."""
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    programs: dict[str, list[str]] = field(default_factory=dict)
    """Small launchers: path inside, and the command each one becomes."""
    directories: dict[str, str] = field(default_factory=dict)
    extends: str = ""
    """The image this one adds to: what is said here is added to, or takes the place of, what is said there."""
    optional: bool = False
    """Made only when it is asked for by name."""

    def lists(self, environment: str = "") -> list[Path]:
        """Return the requirement lists of one environment, or of all."""
        wanted = [environment] if environment else list(self.python)
        return [ROOT / "requirements" / f"{name}.txt" for place in wanted for name in self.python[place]]


def names() -> list[str]:
    """List the images that are made from a specification."""
    return sorted(path.parent.name for path in (ROOT / "images").glob("*/image.toml"))


def read(name: str) -> Image:
    """Read one image's specification; ends the program in words where there is none or a key is unknown."""
    path = ROOT / "images" / name / "image.toml"
    if not path.is_file():
        raise SystemExit(f"There is no image {name}; there are: {', '.join(names())}.")
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    unknown = set(written) - {each.name for each in fields(Image)} | ({"name"} & set(written))
    if unknown:
        raise SystemExit(f"{path.relative_to(ROOT)}: unknown: {', '.join(sorted(unknown))}")
    if below := written.get("extends"):
        return _added(read(below), name, written)
    return Image(name=name, **written)


def _added(below: Image, name: str, written: dict[str, Any]) -> Image:
    merged = {key: _sum(getattr(below, key), value) for key, value in written.items()}
    return replace(below, **merged, name=name)


def _sum(below: Any, above: Any) -> Any:
    if isinstance(below, dict):
        return {**below, **above}
    return [*below, *above] if isinstance(below, list) else above


def sources(image: Image) -> list[Path]:
    """List every file of the checkout that the image holds, sorted; what Python or the checks leave is no source."""
    found: list[Path] = []
    for part in [*image.code, *image.files.values()]:
        path = ROOT / part
        if not path.exists():
            raise SystemExit(f"images/{image.name}/image.toml names {part}, and the checkout has no such file.")
        inside = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
        found += [each for each in inside if not _MADE & set(each.parts)]
    return sorted(set(found))


def digest(image: Image, *further: Path) -> str:
    """Name the image by everything it is made of: the same inputs, the same name, and nothing to build again."""
    made_of = hashlib.sha256(json.dumps(image.__dict__, sort_keys=True).encode())
    for path in [*sources(image), *image.lists(), *further]:
        made_of.update(f"{path.relative_to(ROOT)}\0".encode())
        made_of.update(hashlib.sha256(path.read_bytes()).digest())
    return made_of.hexdigest()[:16]
