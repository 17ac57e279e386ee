"""Names the conditions and the sites of the body that a text is about.

Conditions are the diseases, disorders and injuries of the table of meanings, and some more that need no other words.
Sites are told by the words for them and by what people call a thing of them (“renal”). Both are our own selection; the
headings are those of Medical Subject Headings (MeSH, National Library of Medicine), branches C, F03 and A.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from .meanings import Terms
from .synonyms import GROUPS
from .words import stems

__all__ = ["conditions", "is_subject", "sites"]

_MORE_CONDITIONS = (
    "aneurysm", "anxiety", "arrhythmia", "arthritis", "bronchiectasis", "cardiac arrest", "cardiomyopathy", "cataract",
    "cerebral palsy", "chronic pain", "cirrhosis", "delirium", "dementia", "eating disorder", "endometriosis",
    "fibromyalgia", "glaucoma", "glioma", "gout", "haemorrhage", "hepatitis", "Huntington disease", "hypotension",
    "kidney stones", "lymphoma", "malaria", "malnutrition", "melanoma", "meningitis", "mesothelioma", "myeloma",
    "neuropathy", "pancreatitis", "peritonitis", "polycystic ovary syndrome", "pre-eclampsia", "pressure ulcer",
    "psoriasis", "pulmonary embolism", "pulmonary fibrosis", "pulmonary hypertension", "sarcoidosis", "sarcoma",
    "scoliosis", "sleep apnoea", "spinal cord injury", "thyroid disease", "ulcerative colitis", "vasculitis",
)  # fmt: skip

_SITES: Mapping[str, tuple[str, ...]] = {
    "bladder": ("bladder",),
    "bones": ("bone", "bones", "skeletal"),
    "bowel": ("bowel", "colon", "colorectal", "intestine", "rectum"),
    "brain": ("brain", "cerebral"),
    "breast": ("breast", "mammary"),
    "cervix": ("cervix", "cervical screening"),
    "ear": ("ear", "hearing", "cochlear"),
    "eye": ("eye", "retina", "retinal", "ophthalmic", "ophthalmology"),
    "gullet": ("oesophagus", "oesophageal", "esophagus", "esophageal"),
    "heart": ("heart", "cardiac", "coronary", "myocardial"),
    "hip": ("hip",),
    "kidney": ("kidney", "renal"),
    "knee": ("knee",),
    "liver": ("liver", "hepatic"),
    "lung": ("lung", "pulmonary"),
    "mouth": ("mouth", "oral", "dental"),
    "ovary": ("ovary", "ovarian"),
    "pancreas": ("pancreas", "pancreatic"),
    "prostate": ("prostate", "prostatic"),
    "skin": ("skin", "dermatology"),
    "spine": ("spine", "spinal"),
    "stomach": ("stomach", "gastric"),
    "thyroid": ("thyroid",),
    "womb": ("womb", "uterus", "uterine", "endometrial"),
}

Table = Mapping[str, Sequence[tuple[Terms, str]]]
"""For each first stem the phrases that begin so, each with what it names."""


def conditions(text: str) -> frozenset[str]:
    """Return the conditions a text names; of “type 2 diabetes” and the “diabetes” in it only the former."""
    found = _named(text, _conditions())
    return frozenset(each for each in found if not any(_is_part(stems(each), stems(other)) for other in found))


def sites(text: str) -> frozenset[str]:
    """Return the sites of the body a text names."""
    return frozenset(_named(text, _sites()))


def is_subject(text: str) -> bool:
    """Say whether a text is the name of a condition or of a site, and nothing more."""
    terms = stems(text)
    first = terms[0] if terms else ""
    return any(phrase == terms for phrase, _ in (*_conditions().get(first, ()), *_sites().get(first, ())))


@cache
def _conditions() -> Table:
    same = [(phrase, group.same[0]) for group in GROUPS if group.condition for phrase in group.same]
    return _table([*same, *((each, each) for each in _MORE_CONDITIONS)])


@cache
def _sites() -> Table:
    return _table((word, site) for site, words in _SITES.items() for word in words)


def _table(named: Iterable[tuple[str, str]]) -> Table:
    table: dict[str, list[tuple[Terms, str]]] = {}
    for phrase, name in named:
        terms = stems(phrase)
        table.setdefault(terms[0], []).append((terms, name))
    return table


def _named(text: str, table: Table) -> set[str]:
    terms = stems(text)
    return {
        name
        for place, first in enumerate(terms)
        for phrase, name in table.get(first, ())
        if terms[place : place + len(phrase)] == phrase
    }


def _is_part(shorter: Terms, longer: Terms) -> bool:
    """Say whether all words of one name stand in another, longer one."""
    return len(shorter) < len(longer) and set(shorter) <= set(longer)
