"""File names and words from a workspace are data: what may be kept, and what is refused with a sentence."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from orchestrator.core.errors import Invalid

__all__ = ["check_different", "check_name", "check_words", "collision_key"]

_FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SEPARATORS = frozenset('/\\:*?"<>|')
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in range(1, 10))}
)
_BYTES = 240


def check_name(name: str, *, characters: int) -> str:
    """Return ``name`` if it may be kept; raise ``Invalid`` with the reason otherwise.

    A name is one path segment. It may not hide anything (control, invisible or right-to-left characters), nor turn
    into something else on another system (separators, devices, compatibility forms).
    """
    shown = name.encode("unicode_escape", "replace").decode("ascii")[:80]
    if not name or len(name) > characters or len(name.encode("utf-8", "surrogatepass")) > _BYTES:
        raise Invalid(f"The file name “{shown}” must have 1 to {characters} characters; rename the file.", field="name")
    if any(unicodedata.category(character) in _FORBIDDEN for character in name):
        raise Invalid(
            f"The file name “{shown}” has a control, invisible or undefined character; rename the file.", field="name"
        )
    folded = unicodedata.normalize("NFKC", name)
    if _SEPARATORS & (set(name) | set(folded)):
        raise Invalid(f'The file name “{shown}” has one of / \\ : * ? " < > | in it; rename the file.', field="name")
    if unicodedata.normalize("NFC", name) != name:
        raise Invalid(f"The file name “{shown}” is not in Unicode’s composed form (NFC); rename it.", field="name")
    if name[0] in ".-~ " or name[-1] in ". " or folded[0] in ".-~ " or folded[-1] in ". ":
        raise Invalid(
            f"The file name “{shown}” begins with a dot, dash, tilde or space, or ends with a dot or space; rename it.",
            field="name",
        )
    if any(character.isspace() and character != " " for character in name):
        raise Invalid(f"The file name “{shown}” has an unusual space in it; rename the file.", field="name")
    if folded.split(".")[0].casefold().strip() in _RESERVED:
        raise Invalid(f"The file name “{shown}” means a device on some systems; rename the file.", field="name")
    return name


def collision_key(name: str) -> str:
    """Return what two names share when some system would take them for one file."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def check_different(names: Iterable[str]) -> None:
    """Raise ``Invalid`` when two names differ only by case or by how characters are composed."""
    seen: dict[str, str] = {}
    for name in names:
        key = collision_key(name)
        if key in seen:
            raise Invalid(f"“{seen[key]}” and “{name}” would be one file on some systems; rename one.", field="name")
        seen[key] = name


def check_words(text: str, *, characters: int, field: str) -> str:
    """Return a title or context without outer space; raise ``Invalid`` when empty, long or hiding something."""
    text = unicodedata.normalize("NFC", text.strip()) if _decodable(text) else ""
    if not text or len(text) > characters:
        raise Invalid(f"The {field} must have 1 to {characters} characters.", field=field)
    if any(unicodedata.category(character) in _FORBIDDEN and character not in "\n\t" for character in text):
        raise Invalid(f"The {field} has control or invisible characters; write it as plain text.", field=field)
    return text


def _decodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
