"""What names people, attached to real rows or left in words, and numbers that only look like it.

The tables have no British numbers: numbers with right check digits are invented from a fixed seed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from .case import Case
from .counting import conditions
from .tables import adam, lifelines_set, omop, query, synthea, synthea_here
from .writing import as_csv, as_json, as_log, as_markdown, as_notebook, as_parquet, as_xlsx, book, notebook, page

__all__ = ["naming"]

NAMED = frozenset({"identifier"})
TOO = frozenset({"row-level", "small-count", "extreme", "hidden-content", "class-disclosure"})
AREAS = ["SW1A", "M1", "B33", "CR2", "DN55", "EC1A", "L1", "LS6", "G12", "CF10", "BT7", "EH8", "NE1", "OX1", "BS8"]


def check_digit(nine: str) -> int:
    """Return the modulus-11 check digit of nine digits; 10 where there is none (NHS Data Dictionary)."""
    return (11 - sum(int(d) * (10 - i) for i, d in enumerate(nine)) % 11) % 11


def numbers(count: int, low: int, high: int, seed: int) -> list[str]:
    """Return ten-digit numbers with a right check digit whose first nine lie between two numbers."""
    maker, made = np.random.default_rng(seed), []
    while len(made) < count:
        nine = f"{maker.integers(low, high):09d}"
        if check_digit(nine) < 10:
            made.append(f"{nine}{check_digit(nine)}")
    return made


def chi(count: int, seed: int) -> list[str]:
    """Return Scottish numbers: a date of birth, three digits, a check digit."""
    maker, made = np.random.default_rng(seed), []
    while len(made) < count:
        born = f"{maker.integers(1, 29):02d}{maker.integers(1, 13):02d}{maker.integers(30, 99):02d}"
        nine = f"{born}{maker.integers(0, 999):03d}"
        if check_digit(nine) < 10:
            made.append(f"{nine}{check_digit(nine)}")
    return made


def postcodes(count: int, seed: int) -> list[str]:
    """Return whole postcodes."""
    maker = np.random.default_rng(seed)
    letters = list("ABDEFGHJLNPQRSTUWXYZ")
    return [
        f"{maker.choice(AREAS)} {maker.integers(1, 9)}{maker.choice(letters)}{maker.choice(letters)}"
        for _ in range(count)
    ]


def named(name: str, file: str, content: bytes, source: str) -> Case:
    """Return a case that names people."""
    return Case(name=name, files={file: content}, expected=NAMED, acceptable=TOO, source=source)


def fair(name: str, file: str, content: bytes, source: str) -> Case:
    """Return a case that names no one."""
    return Case(name=name, files={file: content}, source=source)


def numbered() -> Iterator[Case]:
    """Health service numbers in columns, indexes, words and outputs."""
    person, adsl = omop("person"), adam("adsl")
    england = numbers(300, 400_000_000, 799_999_999, 21)
    linked = person.head(300)[["year_of_birth", "gender_source_value"]].assign(patient=england)
    yield named("nhs-column", "linkage.csv", as_csv(linked), "omop")
    spaced = linked.assign(patient=[f"{n[:3]} {n[3:6]} {n[6:]}" for n in england]).head(40)
    yield named("nhs-spaced", "linkage.xlsx", as_xlsx(spaced), "omop")
    dashed = linked.head(50).assign(patient=[f"{n[:3]}-{n[3:6]}-{n[6:]}" for n in england[:50]])
    yield named("nhs-dashes-json", "linkage.json", as_json(dashed), "omop")
    index = adsl.head(60)[["AGE", "SEX"]].set_index(pd.Index(england[:60], name="key"))
    yield named("nhs-index-notebook", "eda.ipynb", as_notebook(index), "cdisc")
    whole = linked.assign(patient=[int(n) for n in england])
    yield named("nhs-integers-parquet", "linkage.parquet", as_parquet(whole), "omop")
    yield named(
        "nhs-hidden-in-codes",
        "errors.log",
        "\n".join(f"2024-01-{i + 1:02d} ERROR no match for {n}" for i, n in enumerate(england[:12])).encode(),
        "invented",
    )
    words = f"Three records could not be linked ({england[5]}, {england[6]} and {england[7]}).\n"
    yield named("nhs-in-words", "methods.md", words.encode(), "invented")
    late = pd.concat([pd.DataFrame({"code": range(1200), "n": 50}), pd.DataFrame({"code": england[:20], "n": 50})])
    yield named("nhs-after-1200-rows", "codes.csv", as_csv(late), "invented")
    yield named("chi-column", "scotland.csv", as_csv(linked.head(80).assign(patient=chi(80, 22))), "omop")
    yield named(
        "hc-column", "ni.csv", as_csv(linked.head(80).assign(patient=numbers(80, 320_000_001, 399_999_999, 23))), "omop"
    )
    maker = np.random.default_rng(24)
    batch = pd.DataFrame(
        {"batch": [str(maker.integers(10**9, 10**10)) for _ in range(400)], "vials": maker.integers(20, 90, 400)}
    )
    yield fair("random-ten-digits", "batches.csv", as_csv(batch), "invented")
    clicks = pd.DataFrame(
        {"epoch": [1_700_000_000 + 3600 * i for i in range(300)], "records": maker.integers(20, 90, 300)}
    )
    yield fair("epoch-seconds", "load.csv", as_csv(clicks), "invented")


def placed() -> Iterator[Case]:
    """Postcodes, dates of birth, names, addresses."""
    person, gbsg = omop("person"), lifelines_set("gbsg2")
    codes = postcodes(120, 25)
    yield named("postcodes", "places.csv", as_csv(gbsg.head(120)[["age"]].assign(area=codes)), "gbsg2")
    yield named(
        "postcodes-closed-up",
        "places.csv",
        as_csv(gbsg.head(60)[["age"]].assign(loc=[c.replace(" ", "").lower() for c in codes[:60]])),
        "gbsg2",
    )
    yield named(
        "postcodes-in-words",
        "notes.txt",
        f"Most came from {codes[0]}, {codes[1]} and {codes[2]}.\n".encode(),
        "invented",
    )
    maker = np.random.default_rng(26)
    districts = pd.DataFrame({"district": AREAS, "patients": maker.integers(30, 400, len(AREAS))})
    yield fair("districts", "districts.csv", as_csv(districts), "invented")
    births = pd.to_datetime(person["birth_datetime"])
    frame = person[["gender_source_value"]].assign(dob=births.dt.strftime("%d/%m/%Y")).head(200)
    yield named("dates-of-birth", "cohort.csv", as_csv(frame), "omop")
    iso = frame.assign(dob=births.dt.strftime("%Y-%m-%d")).rename(columns={"dob": "birth_date"}).head(50)
    yield named("birth-dates-markdown", "cohort.md", as_markdown(iso), "omop")
    stated = births.dt.strftime("%d %B %Y").head(6)
    said = "\n".join(f"Case {i}: born {day}, admitted with stroke." for i, day in enumerate(stated, 1))
    yield named("births-in-words", "cases.txt", said.encode(), "omop")
    if synthea_here():
        yield from people()


def people() -> Iterator[Case]:
    """Names and addresses of simulated patients, without the digits their generator adds."""
    patients = synthea("patients")
    plain = patients.assign(
        FIRST=patients["FIRST"].str.replace(r"\d+", "", regex=True),
        LAST=patients["LAST"].str.replace(r"\d+", "", regex=True),
    )
    yield named("names-column", "list.csv", as_csv(plain[["FIRST", "LAST", "GENDER", "INCOME"]].head(60)), "synthea")
    full = plain.assign(patient_name=plain["FIRST"] + " " + plain["LAST"])
    yield named(
        "full-names-workbook", "list.xlsx", book({"A": full[["patient_name", "CITY", "RACE"]].head(40)}), "synthea"
    )
    letters = "\n".join(f"Mrs {r.FIRST} {r.LAST} was reviewed in clinic." for r in plain.head(5).itertuples())
    yield named("names-in-letters", "letters.txt", letters.encode(), "synthea")
    addresses = plain[["ADDRESS", "CITY", "ZIP", "INCOME"]].head(80)
    yield named("addresses", "homes.csv", as_csv(addresses), "synthea")
    yield named("social-security", "ids.csv", as_csv(plain[["SSN", "INCOME"]].head(80)), "synthea")
    mails = plain.assign(contact=plain["FIRST"].str.lower() + "." + plain["LAST"].str.lower() + "@mail.example")
    yield named("mail-addresses", "contacts.csv", as_csv(mails[["contact", "INCOME"]].head(50)), "synthea")
    yield named("patient-ids-log", "run.log", as_log(plain[["Id", "BIRTHDATE", "CITY"]].head(15)), "synthea")


def alike() -> Iterator[Case]:
    """Codes, drugs and diseases that resemble names and numbers of people."""
    drugs = query(
        """select drug_source_value as code, concept_name as drug, count(distinct person_id) as patients
           from drug_exposure join concept on concept_id = drug_concept_id group by all
           having patients > 50 order by all"""
    )
    yield fair("drug-codes", "drugs.csv", as_csv(drugs), "omop")
    named_after = pd.DataFrame(
        {
            "disease": [
                "Parkinson disease",
                "Paget disease of bone",
                "Crohn disease",
                "Graves disease",
                "Huntington disease",
                "Down syndrome",
                "Marfan syndrome",
                "Hodgkin lymphoma",
            ],
            "patients": [120, 45, 230, 88, 31, 64, 29, 52],
        }
    )
    yield fair("eponyms", "diseases.csv", as_csv(named_after), "invented")
    trials = pd.DataFrame({"trial": [f"NCT{n:08d}" for n in range(4_250_310, 4_250_350)], "patients": range(100, 140)})
    yield fair("trial-numbers", "trials.csv", as_csv(trials), "invented")
    icd = pd.DataFrame(
        {
            "icd10": ["E11.9", "I10", "J45.9", "M17.0", "K21.9", "F32.1", "N39.0", "I48.0"],
            "patients": [812, 1290, 410, 377, 622, 508, 255, 133],
        }
    )
    yield fair("icd-codes", "icd.md", as_markdown(icd), "invented")
    yield fair("condition-page", "report.html", page("Conditions", conditions().query("100 < patients < 2600")), "omop")
    script = b'"""Fit."""\nimport pandas as pd\n\nTHRESHOLD = 10\nprint(len(pd.read_parquet("cohort.parquet")))\n'
    yield fair("script", "fit.py", script, "invented")
    sql = b"select sex, count(*) as n from cohort group by sex having count(*) >= 10;\n"
    yield fair("query", "counts.sql", sql, "invented")
    text = "We used data from 2001 to 2019. Hazard ratio 1.23 (95% CI 1.10 to 1.38, p = 0.003); 2139 participants.\n"
    yield fair("abstract", "abstract.txt", text.encode(), "invented")
    cell = {"cell_type": "markdown", "source": "# Methods\nCox regression, Breslow baseline, Schoenfeld test."}
    yield fair("methods-notebook", "methods.ipynb", notebook([cell, {"source": "fit()"}]), "invented")


def naming() -> Iterator[Case]:
    """Every case of this module."""
    yield from numbered()
    yield from placed()
    yield from alike()
