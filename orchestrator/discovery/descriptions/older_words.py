"""Closed lists of words in the HDR UK dataset schemas 2.x, each word with the one that took its place in 4.0.0.

A word without a counterpart (``None``) meant something that 4.0.0 cannot say, or says in several finer ways.
"""

from __future__ import annotations

from .words import FREQUENCIES, LEAD_TIMES, PURPOSES, USE_LIMITATIONS, USE_REQUIREMENTS

__all__ = [
    "ACCESS_SERVICES",
    "ALLIANCES",
    "ANTHROPOMETRY",
    "BODILY",
    "COLLECTION_TYPES",
    "DATA_CATEGORIES",
    "FOLLOW_UPS",
    "FREQUENCIES_2",
    "GENDERS",
    "LEAD_TIMES_2",
    "LIMITATIONS_2",
    "LIVING",
    "MENTAL",
    "POPULATIONS",
    "PURPOSES_2",
    "REQUIREMENTS_2",
    "SAMPLES",
    "SAMPLE_MATERIALS",
    "SAMPLE_TYPES",
    "SETTINGS",
    "SOCIETY",
    "SOURCES",
    "TIME_LAGS_2",
    "Counterparts",
]

Counterparts = dict[str, str | None]


def _shouted(words: tuple[str, ...], changed: Counterparts, without: tuple[str, ...] = ()) -> Counterparts:
    """Return a list of today's words as 2.x wrote them, in capitals without hyphens, with what else was different."""
    replaced = {word for word in changed.values() if word is not None}
    kept = {word.upper().replace("-SPECIFIC", " SPECIFIC"): word for word in words if word not in {*replaced, *without}}
    return {**kept, **changed}


ACCESS_SERVICES: Counterparts = {
    word: word for word in ("TRE/SDE", "Direct access", "Open access", "Varies based on project")
}

ALLIANCES: Counterparts = {"HUB": "Hub", "ALLIANCE": "Alliance", "OTHER": "Other", "NCS": "NCS"}

POPULATIONS: Counterparts = {"PERSONS": "Persons", "EVENTS": "Events", "FINDINGS": "Findings"}

FOLLOW_UPS: Counterparts = {
    "0 - 6 MONTHS": "0 - 6 Months",
    "6 - 12 MONTHS": "6 - 12 Months",
    "1 - 10 YEARS": "1 - 10 Years",
    "> 10 YEARS": "> 10 Years",
    "UNKNOWN": "Unknown",
    "CONTINUOUS": "Continuous",
    "OTHER": "Other",
}

FREQUENCIES_2 = _shouted(FREQUENCIES, {"SEMIWEEKLY": "Twice a week"})
"""How often data are published; 2.x says how often they accrue."""

LEAD_TIMES_2 = _shouted(LEAD_TIMES, {"LESS 1 WEEK": "Less than 1 week", "MORE 6 MONTHS": "More than 6 months"})

TIME_LAGS_2: Counterparts = {**LEAD_TIMES_2, "NO TIMELAG": None}

PURPOSES_2 = _shouted(PURPOSES, {}, without=("Research cohort",))

SOURCES: Counterparts = {
    "EPR": "EPR",
    "ELECTRONIC SURVEY": "Electronic survey",
    "LIMS": "LIMS",
    "OTHER INFORMATION SYSTEM": None,
    "PAPER BASED": "Paper-based",
    "FREETEXT NLP": "Free text NLP",
    "MACHINE GENERATED": "Machine generated",
    "OTHER": "Other",
}

SETTINGS: Counterparts = {
    "CLINIC": "Clinic",
    "PRIMARY CARE": None,
    "ACCIDENT AND EMERGENCY": "Secondary care - Accident and Emergency",
    "OUTPATIENTS": "Secondary care - Outpatients",
    "IN-PATIENTS": "Secondary care - In-patients",
    "SERVICES": "Services",
    "COMMUNITY": "Community",
    "HOME": "Home",
    "PRIVATE": "Private",
    "PHARMACY": None,
    "SOCIAL CARE": None,
    "LOCAL AUTHORITY": "Local authority",
    "NATIONAL GOVERNMENT": "National government",
    "OTHER": "Other",
}

LIMITATIONS_2 = _shouted(USE_LIMITATIONS, {"USER SPECIFIC RESTRICTION": "User-specific restrictions"})

REQUIREMENTS_2 = _shouted(USE_REQUIREMENTS, {})

SAMPLES: Counterparts = {
    "NOT AVAILABLE": "None/not available",
    "BONE MARROW": "Bone marrow",
    "CANCER CELL LINES": "Cancer cell lines",
    "CORE BIOPSY": "Core biopsy",
    "CDNA OR MRNA": "CDNA/MRNA",
    "DNA": "DNA",
    "FAECES": "Faeces",
    "IMMORTALIZED CELL LINES": "Immortalized cell lines",
    "MICRORNA": "MicroRNA",
    "PERIPHERAL BLOOD CELLS": "Peripheral blood cells",
    "PLASMA": "Plasma",
    "PM TISSUE": "PM Tissue",
    "PRIMARY CELLS": "Primary cells",
    "RNA": "RNA",
    "SALIVA": "Saliva",
    "SERUM": "Serum",
    "SWABS": "Swabs",
    "TISSUE": "Tissue",
    "URINE": "Urine",
    "WHOLE BLOOD": "Whole blood",
    "AVAILABILITY TO BE CONFIRMED": "Availability to be confirmed",
    "OTHER": "Other",
}
"""Physical samples (2.0, 2.1)."""

SAMPLE_TYPES: Counterparts = {"Blood": None, "Other": "Other", "Urine": "Urine", "Saliva": "Saliva"}
"""Biological samples (2.2); “Blood” may be whole blood, cells, plasma or serum."""

SAMPLE_MATERIALS: Counterparts = {
    "Blood": None,
    "DNA": "DNA",
    "Faeces": "Faeces",
    "Immortalized Cell Lines": "Immortalized cell lines",
    "Isolated Pathogen": "Isolated pathogen",
    "Other": "Other",
    "Plasma": "Plasma",
    "RNA": "RNA",
    "Saliva": "Saliva",
    "Serum": "Serum",
    "Tissue (Frozen)": "Tissue",
    "Tissue (FFPE)": "Tissue",
    "Urine": "Urine",
}
"""Materials of a collection of samples (2.2)."""

GENDERS = ("Male", "Female", "Other")

ANTHROPOMETRY = ("Blood Pressure", "Hip Circumference", "Height", "Waist Circumference", "Weight")

MENTAL: Counterparts = {"Cognitive Function": "Cognitive function", "Mental Health": "Mental health"}

BODILY: Counterparts = {
    word: word for word in ("Respiratory", "Vision", "Hearing", "Musculoskeletal", "Cardiovascular", "Reproductive")
}

LIVING: Counterparts = {
    "Smoking": "Smoking",
    "Dietary Habits": "Dietary habits",
    "Physical Activity": "Physical activity",
    "Alcohol": "Alcohol",
}

SOCIETY: Counterparts = {
    "Finances": "Finances",
    "Family Circumstances": "Family circumstance",
    "Housing": "Housing",
    "Education": "Education",
    "Marital Status": "Marital status",
    "Occupation": "Occupation",
    "Ethnic Group": "Ethnicity",
    "Social Support": "Social support",
}

DATA_CATEGORIES = (
    "Biological samples",
    "Survey data",
    "Imaging data",
    "Medical records",
    "National registries",
    "Genealogical records",
    "Physiological/Biochemical measurements",
    "Other",
)

COLLECTION_TYPES = (
    "Case-control",
    "Cohort",
    "Cross-sectional",
    "Longitudinal",
    "Twin-study",
    "Quality control",
    "Population-based",
    "Disease specific",
    "Birth cohort",
    "Other",
)
