"""Closed lists of words in the HDR UK dataset schemas 3.0.0 and 4.0.0."""

from __future__ import annotations

__all__ = [
    "ACCESS_SERVICES",
    "AGE_BANDS",
    "ALLIANCES",
    "ASSAYS",
    "CODING_SYSTEMS",
    "DATASET_TYPES",
    "DATA_MODELS",
    "DISEASE_CODING_SYSTEMS",
    "ETHNICITIES",
    "FINER_KINDS_3",
    "FOLLOW_UPS",
    "FREQUENCIES",
    "KINDS_3",
    "LANGUAGES",
    "LEAD_TIMES",
    "MATERIALS",
    "PIPELINES",
    "PLATFORMS",
    "POPULATIONS",
    "PURPOSES",
    "SETTINGS",
    "SOURCES",
    "TIME_LAGS",
    "USE_LIMITATIONS",
    "USE_REQUIREMENTS",
    "YES_NO",
]


def _words(text: str) -> tuple[str, ...]:
    return tuple(" ".join(word.split()) for word in text.split("|"))


ACCESS_SERVICES = _words("TRE/SDE | Direct access | Open access | Varies based on project")

AGE_BANDS = _words(
    """
    0-6 days | 7-27 days | 1-11 months | 1-4 years | 5-9 years | 10-14 years | 15-19 years | 20-24 years |
    25-29 years | 30-34 years | 35-39 years | 40-44 years | 45-49 years | 50-54 years | 55-59 years | 60-64
    years | 65-69 years | 70-74 years | 75-79 years | 80-84 years | 85-89 years | 90-94 years | 95-99 years |
    100+ years
    """
)

ASSAYS = _words(
    """
    NMR spectroscopy | Mass-spectrometry | Whole genome sequencing | Exome sequencing | Genotyping by array |
    Transcriptome profiling by high-throughput sequencing | Transcriptome profiling by array | Amplicon
    sequencing | Methylation binding domain sequencing | Methylation profiling by high-throughput sequencing |
    Genomic variant calling | Chromatin accessibility profiling by high-throughput sequencing | Histone
    modification profiling by high-throughput sequencing | Chromatin immunoprecipitation sequencing | Whole
    genome shotgun sequencing | Whole transcriptome sequencing | Targeted mutation analysis
    """
)

CODING_SYSTEMS = _words(
    """
    LOCAL | OPCS4 | READ | SNOMED CT | SNOMED RT | DM PLUS D | DM+D | NHS NATIONAL CODES | NHS SCOTLAND
    NATIONAL CODES | NHS WALES NATIONAL CODES | ODS | LOINC | ICD10 | ICD10CM | ICD10PCS | ICD9CM | ICD9 |
    ICDO3 | AMT | APC | ATC | CIEL | HPO | CPT4 | DPD | DRG | HEMONC | JMDC | KCD7 | MULTUM | NAACCR | NDC |
    NDFRT | OXMIS | RXNORM | RXNORM EXTENSION | SPL | OTHER
    """
)

USE_LIMITATIONS = _words(
    """
    General research use | Commercial research use | Genetic studies only | No general methods research | No
    restriction | Geographical restrictions | Institution-specific restrictions | Not for profit use |
    Project-specific restrictions | Research-specific restrictions | User-specific restrictions | Research use
    only | No linkage
    """
)

USE_REQUIREMENTS = _words(
    """
    Collaboration required | Project-specific restrictions | Ethics approval required | Institution-specific
    restrictions | Geographical restrictions | Publication moratorium | Publication required | Return to
    database or resource | Time limit on use | Disclosure control | Not for profit use | User-specific
    restriction
    """
)

LEAD_TIMES = _words(
    """
    Less than 1 week | 1-2 weeks | 2-4 weeks | 1-2 months | 2-6 months | More than 6 months | Variable | Not
    applicable | Other
    """
)

DISEASE_CODING_SYSTEMS = _words("ICD10 | SNOMED CT | MeSH")

ETHNICITIES = _words(
    """
    White - British | White - Irish | White - Any other White background | Mixed - White and Black Caribbean |
    Mixed - White and Black African | Mixed - White and Asian | Mixed - Any other mixed background | Asian or
    Asian British - Indian | Asian or Asian British - Pakistani | Asian or Asian British - Bangladeshi | Asian
    or Asian British - Any other Asian background | Black or Black British - Caribbean | Black or Black
    British - African | Black or Black British - Any other Black background | Other Ethnic Groups - Chinese |
    Other Ethnic Groups - Any other ethnic group | Not stated | Not known
    """
)

FOLLOW_UPS = _words(
    """
    0 - 6 Months | 6 - 12 Months | 1 - 10 Years | > 10 Years | Unknown | Continuous | Other
    """
)

LANGUAGES = _words(
    """
    aa | ab | ae | af | ak | am | an | ar | as | av | ay | az | ba | be | bg | bh | bi | bm | bn | bo | br |
    bs | ca | ce | ch | co | cr | cs | cu | cv | cy | da | de | dv | dz | ee | el | en | eo | es | et | eu |
    fa | ff | fi | fj | fo | fr | fy | ga | gd | gl | gn | gu | gv | ha | he | hi | ho | hr | ht | hu | hy |
    hz | ia | id | ie | ig | ii | ik | io | is | it | iu | ja | jv | ka | kg | ki | kj | kk | kl | km | kn |
    ko | kr | ks | ku | kv | kw | ky | la | lb | lg | li | ln | lo | lt | lu | lv | mg | mh | mi | mk | ml |
    mn | mr | ms | mt | my | na | nb | nd | ne | ng | nl | nn | no | nr | nv | ny | oc | oj | om | or | os |
    pa | pi | pl | ps | pt | qu | rm | rn | ro | ru | rw | sa | sc | sd | se | sg | si | sk | sl | sm | sn |
    so | sq | sr | ss | st | su | sv | sw | ta | te | tg | th | ti | tk | tl | tn | to | tr | ts | tt | tw |
    ty | ug | uk | ur | uz | ve | vi | vo | wa | wo | xh | yi | yo | za | zh | zu
    """
)

MATERIALS = _words(
    """
    None/not available | Bone marrow | Cancer cell lines | CDNA/MRNA | Core biopsy | DNA | Entire body organ |
    Faeces | Immortalized cell lines | Isolated pathogen | MicroRNA | Peripheral blood cells | Plasma | PM
    Tissue | Primary cells | RNA | Saliva | Serum | Swabs | Tissue | Urine | Whole blood | Availability to be
    confirmed | Other
    """
)

ALLIANCES = _words("Hub | Alliance | Other | NCS")

FREQUENCIES = _words(
    """
    Static | Irregular | Continuous | Biennial | Annual | Biannual | Quarterly | Bimonthly | Monthly |
    Biweekly | Weekly | Twice a week | Daily | Other
    """
)

PIPELINES = _words("Available | Not available")

PLATFORMS = _words(
    """
    Other | NMR Nightingale | Metabolon | Biocrates | Illumina | Oxford Nanopore | 454 | Hi-C | HiFi
    """
)

PURPOSES = _words(
    """
    Research cohort | Study | Disease registry | Trial | Care | Audit | Administrative | Financial | Statutory
    | Other
    """
)

SETTINGS = _words(
    """
    Cohort, study, trial | Clinic | Primary care - Referrals | Primary care - Clinic | Primary care - Out of
    hours | Secondary care - Accident and Emergency | Secondary care - Outpatients | Secondary care -
    In-patients | Secondary care - Ambulance | Secondary care - ICU | Prescribing - Community pharmacy |
    Prescribing - Hospital | Patient report outcome | Wearables | Local authority | National government |
    Community | Services | Home | Private | Social care - Health care at home | Social care - Other social
    data | Census | Other
    """
)

SOURCES = _words(
    """
    EPR | Electronic survey | LIMS | Paper-based | Free text NLP | Machine generated | Other
    """
)

DATA_MODELS = _words(
    """
    HL7 FHIR | HL7 V2 | HL7 CDA | HL7 CCOW | LOINC | DICOM | I2B2 | IHE | OMOP | OPENEHR | SENTINEL | PCORNET
    | CDISC | NHS DATA DICTIONARY | NHS SCOTLAND DATA DICTIONARY | NHS WALES DATA DICTIONARY | LOCAL | OTHER
    """
)

POPULATIONS = _words("Persons | Events | Findings | Number of scans per modality")

YES_NO = _words("Yes | No | Not stated")

TIME_LAGS = _words(
    """
    Less than 1 week | 1-2 weeks | 2-4 weeks | 1-2 months | 2-6 months | More than 6 months | Variable | Not
    applicable | Other
    """
)

DATASET_TYPES: dict[str, tuple[str, ...]] = {
    "Environment and energy": _words("Not applicable"),
    "Health and disease": _words(
        """
        Mental health | Cardiovascular | Cancer | Rare diseases | Metabolic and endocrine | Neurological |
        Reproductive | Maternity and neonatology | Respiratory | Immunity | Musculoskeletal | Vision | Renal
        and urogenital | Oral and gastrointestinal | Cognitive function | Hearing | Others
        """
    ),
    "Imaging Area Of The Body": _words("Head | Chest | Arm | Abdomen | Leg | Others"),
    "Imaging types": _words("CT | MRI | PET | X-ray | Ultrasound | Pathology | Others"),
    "Information and communication": _words("Not applicable"),
    "Lifestyle": _words("Smoking | Physical activity | Dietary habits | Alcohol | Others"),
    "Measurements/Tests": _words("Laboratory | Other diagnostics"),
    "Omics": _words(
        """
        Proteomics | Transcriptomics | Epigenomics | Metabolomics | Metagenomics | Genomics | Lipidomics |
        Others
        """
    ),
    "Politics": _words("Not applicable"),
    "Registry": _words(
        """
        Disease registry (research) | National disease registries and audits | Births and deaths | Others
        """
    ),
    "Socioeconomic": _words(
        """
        Education | Crime and justice | Ethnicity | Housing | Labour | Ageing | Economics | Marital status |
        Social support | Deprivation | Religion | Occupation | Finances | Family circumstance | Others
        """
    ),
    "Treatments/Interventions": _words("Vaccines | Preventive | Therapeutic | Others"),
}
"""What kind of data a dataset holds, with the finer kinds of each."""

KINDS_3 = tuple(kind.capitalize() if kind.startswith("Imaging") else kind for kind in DATASET_TYPES)
"""Kinds of data as 3.0.0 spells them."""

FINER_KINDS_3 = tuple(dict.fromkeys(word for words in DATASET_TYPES.values() for word in words))
"""Finer kinds of data in 3.0.0, which does not say which kind they belong to."""
