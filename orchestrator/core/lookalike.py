"""Names that people take for one another: the same letters of another alphabet, ornamental forms, marks, spaces.

This is a small part of Unicode's technical standard 39, written for names of a few words: the letters of other
alphabets that look like Latin ones in usual typefaces. A name that no Latin one resembles is compared as it is written.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["mixed_word", "skeleton"]

_CYRILLIC = str.maketrans(
    "АВЕЗКМНОРСТУХЅІЈԌԚԜҺӀЬавезкмнорстухѕіјԍԛԝһӏьԁг",
    "ABE3KMHOPCTYXSIJGQWHlbaBe3kMHopcTyxsijgqwhlbdr",
)
_GREEK = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳαγικνορυχςϲωητ", "ABEZHIKMNOPTYXCjayiKvopuxccwnt")
_ARMENIAN = str.maketrans("ՍՏՕՈԼՀաոսօցհքգյտզ", "USOnLhwnuoghpqjmq")
_CHEROKEE = str.maketrans("ᎠᎡᎢᎥᎩᎪᎫᎬᎳᎵᎷᎻᏀᏂᏃᏆᏏᏒᏔᏕᏙᏚᏞᏟᏢᏦᏮᏴ", "DRTiYAJEWPMHGhZIbRWSVSLCPKGB")
_LATIN = str.maketrans("øØłŁđĐħĦıſɑɡƿꞌʼ’", "oOlLdDhHiSagp'''")
_ALIKE = _CYRILLIC | _GREEK | _ARMENIAN | _CHEROKEE | _LATIN
_IN_SMALL_LETTERS = str.maketrans("01i|!", "ollll")
"""“0” and “O”, and “1”, “I” and “l”, are one letter in many typefaces."""
_PAIRS = (("rn", "m"), ("vv", "w"))
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Count as letters or signs, and nobody sees them."""
_ARTICLES = frozenset({"the", ""})
_BETWEEN = re.compile(r"[\W_]+")
_WORD = re.compile(r"[^\W\d_]+")


def skeleton(text: str) -> str:
    """Return what a name comes to for the eye: two names with one skeleton can be taken for one another.

    It is empty for a name in which nothing can be seen.
    """
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if _is_seen(letter))
    small = plain.translate(_ALIKE).casefold().translate(_IN_SMALL_LETTERS)
    kept = "".join(_told_apart(_BETWEEN.split(small)))
    for pair, one in _PAIRS:
        kept = kept.replace(pair, one)
    return kept


def _told_apart(words: list[str]) -> list[str]:
    """Return the words that tell names apart: “The North Hub” and “North Hub” are one name to people."""
    return [word for word in words if word not in _ARTICLES] or words


def mixed_word(text: str) -> str:
    """Return the first word that mixes letters of several alphabets, or nothing; no name of people or places does."""
    return next((word for word in _WORD.findall(unicodedata.normalize("NFKC", text)) if len(_alphabets(word)) > 1), "")


def _is_seen(letter: str) -> bool:
    return letter not in _FILLERS and not unicodedata.category(letter).startswith(("M", "C"))


def _alphabets(word: str) -> set[str]:
    """Return the alphabets of a word's letters, as their names in Unicode begin; kana and Han letters go together."""
    found = {unicodedata.name(letter, "").split(" ")[0] for letter in word if letter.isalpha()}
    return {"HAN" if each in ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO") else each for each in found}
