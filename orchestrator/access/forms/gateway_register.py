"""Which questions of the national gateway's bank fill which field of the public register.

The bank does not say so itself: the mapping is ours, by the wording of its questions in the published file. A question
that is worded otherwise in a later file is simply not mapped; whoever keeps the bank maps it by hand.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["mapping"]

_MAPPED: Mapping[tuple[str, str], tuple[str, Mapping[str, str]]] = {
    ("Primary applicant", "ORCID"): ("applicant_id", {}),
    ("Primary applicant", "Are you an accredited researcher under the Digital Economy Act 2017?"): (
        "accredited_researcher",
        {},
    ),
    (
        "Primary applicant",
        "Will you require the ability to sub-licence the data and/or share the data with third parties?",
    ): ("sub_licence", {}),
    ("Project details", "What are the project aims, objectives and rationale?"): ("technical_summary", {}),
    (
        "Project details",
        "How will you demonstrate that use of the data requested will deliver public benefit? Please select all that "
        "apply.",
    ): ("public_benefit", {}),
    ("Project details", "Please provide details to justify your selection above."): ("public_benefit", {}),
    ("Funder information", "Please provide the name of the funding organisation"): ("funders", {}),
    ("Sponsor information", "Organisation name"): ("funders", {}),
    ("Data fields", "Will you require periodic refreshes of the data?"): (
        "frequency",
        {"Yes": "Recurring", "No": "One-off"},
    ),
    ("Data fields", "Are you requesting data that contains individual identifiers?"): (
        "sensitivity",
        {"Yes": "Personally Identifiable"},
    ),
    ("Data fields", "Are you requesting anonymous data?"): ("sensitivity", {"Yes": "Anonymous"}),
    ("Data fields", "Are you requesting de-identified data?"): ("sensitivity", {"Yes": "De-Personalised"}),
    (
        "Other datasets - Intention to link data",
        "Specify all datasets, organisations which will perform the linkage and how the linkage will take place.",
    ): ("linkage", {}),
    ("Lawful basis", "Article 6 lawful basis"): ("article_6", {}),
    ("Lawful basis", "Article 9 conditions"): ("article_9", {}),
    ("Confidentiality avenue", "Please provide the legal basis to process confidential information"): (
        "confidentiality",
        {"Section 251 support": "Section 251 NHS Act 2006"},
    ),
}
"""By heading and question: the field, and the register's words for options that it words otherwise."""


def mapping(group: str, title: str) -> tuple[str, Mapping[str, str]]:
    """Return the register's field that a question of the bank fills (empty for none), and words for its options."""
    return _MAPPED.get((" ".join(group.split()), " ".join(title.split())), ("", {}))
