"""Tables of counts as analysts make them, with the mistakes checkers send back most often."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from .case import Case
from .tables import adam, lifelines_set, omop, query
from .writing import (
    as_csv,
    as_html,
    as_json,
    as_log,
    as_markdown,
    as_notebook,
    as_parquet,
    as_text_notebook,
    as_xlsx,
    book,
    figure,
    page,
)

__all__ = ["counting"]

SMALL = frozenset({"small-count"})
CLASS = frozenset({"class-disclosure"})
EXTREME = frozenset({"extreme"})
Writer = Callable[[pd.DataFrame], bytes]
WRITERS: dict[str, tuple[str, Writer]] = {
    "csv": ("table.csv", as_csv),
    "semicolons": ("table.csv", lambda frame: as_csv(frame, sep=";")),
    "tsv": ("table.tsv", lambda frame: as_csv(frame, sep="\t")),
    "xlsx": ("table.xlsx", as_xlsx),
    "html": ("report.html", as_html),
    "json": ("table.json", as_json),
    "columns": ("table.json", lambda frame: as_json(frame, "columns")),
    "parquet": ("table.parquet", as_parquet),
    "markdown": ("results.md", as_markdown),
    "notebook": ("analysis.ipynb", as_notebook),
    "printed": ("analysis.ipynb", as_text_notebook),
    "log": ("analysis.log", as_log),
}


def conditions() -> pd.DataFrame:
    """Return people per condition in OMOP, all of them."""
    return query(
        """select concept_name as condition, count(distinct person_id) as patients
           from condition_occurrence join concept on concept_id = condition_concept_id group by 1 order by 2 desc, 1"""
    )


def _adsl() -> pd.DataFrame:
    return adam("adsl")


def by(frame: pd.DataFrame, *columns: str, heading: str = "n") -> pd.DataFrame:
    """Return how many people every combination has."""
    return frame.groupby(list(columns), observed=True).size().reset_index(name=heading)


def sources() -> dict[str, tuple[str, pd.DataFrame, str]]:
    """Return count tables with their source and the heading of their count, small counts included."""
    actg, gbsg = lifelines_set("ACTG175"), lifelines_set("gbsg2")
    person, lung = omop("person"), lifelines_set("lung").dropna(subset=["ph.ecog"])
    births = person.assign(birth_decade=person["year_of_birth"] // 10 * 10)
    adae = adam("adae").drop_duplicates(["USUBJID", "AESOC"])
    rossi = lifelines_set("rossi")
    return {
        "conditions": ("omop", conditions().query("patients < 2600"), "patients"),
        "ethnicity": ("omop", by(births, "ethnicity_source_value", "gender_source_value"), "n"),
        "decades": (
            "omop",
            by(births, "race_source_value", "birth_decade", heading="number_of_people"),
            "number_of_people",
        ),
        "arms": ("cdisc", by(_adsl(), "ARM", "SEX", "AGEGR1", heading="N"), "N"),
        "reasons": ("cdisc", by(_adsl(), "DCDECOD", heading="subjects"), "subjects"),
        "events": ("cdisc", by(adae, "AESOC", heading="Subjects with event"), "Subjects with event"),
        "grades": ("gbsg2", by(gbsg, "tgrade", "horTh", "menostat", heading="count"), "count"),
        "ecog": ("lung", by(lung, "sex", "ph.ecog", heading="freq"), "freq"),
        "prior": ("rossi", by(rossi, "prio", heading="Frequency"), "Frequency"),
        "ages": ("actg175", by(actg, "age", heading="participants"), "participants"),
    }


def kept(frame: pd.DataFrame, heading: str, how: str) -> pd.DataFrame:
    """Return the table as a careful analyst would hand it in: small counts left out, masked or grouped."""
    small = frame[heading] < 10
    if how == "left-out":
        return frame[~small]
    if how == "masked":
        return frame.assign(**{heading: frame[heading].astype(object).where(~small, "<10")})
    rounded = ((frame[heading] / 5).round() * 5).astype(int).astype(object)
    return frame.assign(**{heading: rounded.where(~small, "[REDACTED]")})


PLAN = [
    ("conditions", "csv", "left-out"),
    ("conditions", "html", "masked"),
    ("conditions", "log", "left-out"),
    ("ethnicity", "xlsx", "left-out"),
    ("ethnicity", "notebook", "masked"),
    ("decades", "semicolons", "rounded"),
    ("decades", "parquet", "left-out"),
    ("arms", "csv", "masked"),
    ("arms", "printed", "left-out"),
    ("reasons", "markdown", "left-out"),
    ("events", "json", "left-out"),
    ("events", "tsv", "masked"),
    ("grades", "columns", "left-out"),
    ("ecog", "markdown", "masked"),
    ("prior", "csv", "rounded"),
    ("ages", "xlsx", "left-out"),
]


def plain() -> Iterator[Case]:
    """The same tables handed in carefully and carelessly."""
    tables = sources()
    for name, writer, how in PLAN:
        source, frame, heading = tables[name]
        file, write = WRITERS[writer]
        done = kept(frame, heading, how).reset_index(drop=True)
        yield Case(name=f"counts-{name}-{writer}-{how}", files={file: write(done)}, source=source)
        careless = frame.reset_index(drop=True)
        yield Case(
            name=f"counts-{name}-{writer}-unredacted", files={file: write(careless)}, expected=SMALL, source=source
        )


def laid_out() -> Iterator[Case]:
    """Small counts where layout hides them: wide tables, counts with shares, sentences, words, other digits."""
    adsl, gbsg = _adsl(), lifelines_set("gbsg2")
    wide = pd.crosstab([adsl["SEX"], adsl["AGEGR1"]], adsl["ARM"]).reset_index()
    yield Case(name="wide-crosstab", files={"t1.csv": as_csv(wide)}, expected=SMALL, source="cdisc")
    merged = adsl.assign(AGEGR1=adsl["AGEGR1"].replace({"<65": "80 or less", "65-80": "80 or less"}))
    safe = pd.crosstab(merged["ARM"], merged["AGEGR1"]).reset_index()
    yield Case(name="wide-crosstab-merged", files={"t1.csv": as_csv(safe)}, source="cdisc")
    arms = adsl["ARM"].value_counts()
    reasons = pd.crosstab(adsl["DCDECOD"], adsl["ARM"])
    shares = reasons.apply(lambda column: [f"{n} ({100 * n / arms[column.name]:.1f}%)" for n in column])
    table = shares.rename(columns=lambda arm: f"{arm} (N={arms[arm]})").reset_index()
    yield Case(
        name="table-one-n-percent",
        files={"table1.csv": as_csv(table)},
        expected=SMALL,
        acceptable=CLASS,
        source="cdisc",
    )
    yield Case(
        name="table-one-html", files={"table1.html": as_html(table)}, expected=SMALL, acceptable=CLASS, source="cdisc"
    )
    sexes = pd.crosstab(adsl["SEX"], adsl["ARM"])
    fair = sexes.apply(lambda column: [f"{n} ({100 * n / arms[column.name]:.1f}%)" for n in column]).reset_index()
    yield Case(name="table-one-clean", files={"table1.csv": as_csv(fair)}, source="cdisc")
    transposed = pd.crosstab(gbsg["tgrade"], [gbsg["horTh"], gbsg["menostat"]])
    transposed.columns = ["_".join(pair) for pair in transposed.columns]
    yield Case(
        name="wide-two-keys", files={"t.xlsx": as_xlsx(transposed.reset_index())}, expected=SMALL, source="gbsg2"
    )
    small = conditions().query("patients < 10")
    said = "; ".join(f"{row.condition.lower()} (n = {row.patients})" for row in small.itertuples())
    yield Case(
        name="sentence-n-equals",
        files={"summary.md": f"# Rare conditions\n\nWe saw {said}.\n".encode()},
        expected=SMALL,
        source="omop",
    )
    words = "Of the patients, five had asthma and three had chronic paralysis due to a lesion of the spinal cord.\n"
    yield Case(name="sentence-words", files={"summary.txt": words.encode()}, expected=SMALL, source="omop")
    many = conditions().query("100 < patients < 2600")
    good = "; ".join(f"{row.condition.lower()} (n = {row.patients})" for row in many.itertuples())
    yield Case(
        name="sentence-clean", files={"summary.md": f"# Common conditions\n\nWe saw {good}.\n".encode()}, source="omop"
    )
    arabic = reasons.sum(axis=1).rename("subjects").reset_index()
    arabic["subjects"] = [str(n).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")) for n in arabic["subjects"]]
    yield Case(name="arabic-digits", files={"reasons.csv": as_csv(arabic)}, expected=SMALL, source="cdisc")
    full = arabic.assign(
        subjects=[n.translate(str.maketrans("٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９")) for n in arabic["subjects"]]
    )
    yield Case(name="full-width-digits", files={"reasons.csv": as_csv(full)}, expected=SMALL, source="cdisc")
    floats = reasons.sum(axis=1).astype(float).rename("subjects").reset_index()
    yield Case(name="counts-as-floats", files={"reasons.csv": as_csv(floats)}, expected=SMALL, source="cdisc")
    titled = b"Table 2. Reasons for leaving\nCDISC pilot\n\n" + as_csv(floats.astype({"subjects": int}))
    yield Case(name="title-rows-above", files={"table2.csv": titled}, expected=SMALL, source="cdisc")
    listing = adsl["DCDECOD"].value_counts()
    yield Case(
        name="value-counts-log",
        files={"run.log": as_log("Reasons for leaving:", listing)},
        expected=SMALL,
        source="cdisc",
    )
    yield Case(
        name="value-counts-clean", files={"run.log": as_log("Arms:", adsl["ARM"].value_counts())}, source="cdisc"
    )
    missing = adsl[["AGE", "BMIBL", "EDUCLVL", "DURDIS"]].isna().sum().rename("n_missing")
    missing.loc["BMIBL"] = int(adsl["BMIBL"].isna().sum()) or 1
    sheet = missing[missing > 0].rename_axis("variable").reset_index()
    yield Case(name="missing-counts", files={"missing.csv": as_csv(sheet)}, expected=SMALL, source="cdisc")
    second = book({"Arms": by(adsl, "ARM"), "Reasons": by(adsl, "DCDECOD")})
    yield Case(name="second-sheet", files={"tables.xlsx": second}, expected=SMALL, source="cdisc")
    both = book({"Arms": by(adsl, "ARM"), "Sexes": by(adsl, "SEX")})
    yield Case(name="two-sheets-clean", files={"tables.xlsx": both}, source="cdisc")
    ages = lifelines_set("ACTG175")["age"]
    bins = pd.cut(ages, range(10, 80, 5)).value_counts().sort_index()
    table = bins.rename_axis("age").reset_index(name="participants").astype({"age": str})
    yield Case(
        name="histogram-bins",
        files={"hist.csv": as_csv(table[table["participants"] > 0])},
        expected=SMALL,
        source="actg175",
    )
    wider = pd.cut(ages, [0, 25, 30, 35, 40, 45, 50, 99]).value_counts().sort_index()
    table = wider.rename_axis("age").reset_index(name="participants").astype({"age": str})
    yield Case(name="histogram-bins-clean", files={"hist.csv": as_csv(table)}, source="actg175")
    rare = by(adsl, "DCDECOD", heading="subjects")
    bars = figure(lambda axes: axes.bar_label(axes.barh(rare["DCDECOD"], rare["subjects"])), "svg")
    yield Case(name="bar-labels-svg", files={"reasons.svg": bars}, expected=SMALL, acceptable=EXTREME, source="cdisc")
    common = by(adsl, "ARM")
    bars = figure(lambda axes: axes.bar_label(axes.barh(common["ARM"], common["n"])), "svg")
    yield Case(name="bar-labels-svg-clean", files={"arms.svg": bars}, source="cdisc")
    bars = figure(lambda axes: axes.bar_label(axes.barh(common["ARM"], common["n"])), "pdf")
    yield Case(name="bar-pdf-clean", files={"arms.pdf": bars}, source="cdisc")
    bars = figure(lambda axes: axes.barh(common["ARM"], common["n"]), "png")
    yield Case(name="bar-png-clean", files={"arms.png": bars}, source="cdisc")


def classes() -> Iterator[Case]:
    """Everyone or no one in a group, and groups that all have the same value."""
    person, adsl = omop("person"), _adsl()
    races = pd.crosstab(person["race_source_value"], person["ethnicity_source_value"])
    yield Case(
        name="zeros-crosstab",
        files={"race_by_ethnicity.csv": as_csv(races.reset_index())},
        expected=CLASS,
        acceptable=SMALL,
        source="omop",
    )
    done = adsl.assign(done=adsl["COMP24FL"] == "Y")
    flags = done.groupby("EOSSTT")["done"].agg(n="size", completed_24_weeks="sum").reset_index()
    flags["percent"] = (100 * flags["completed_24_weeks"] / flags["n"]).round(1)
    yield Case(
        name="everyone-in-group", files={"flags.csv": as_csv(flags)}, expected=CLASS, acceptable=SMALL, source="cdisc"
    )
    dose = adsl.groupby("ARM")["AVGDD"].agg(n="size", mean_dose="mean", sd="std").round(2).reset_index()
    placebo = dose.assign(sd=dose["sd"].where(dose["ARM"] != "Placebo", 0.0))
    yield Case(name="no-spread", files={"dose.csv": as_csv(placebo)}, expected=CLASS, source="cdisc")
    spread = adsl.groupby("ARM")["AGE"].agg(n="size", mean="mean", sd="std").round(2).reset_index()
    yield Case(name="spread-clean", files={"age.csv": as_csv(spread)}, source="cdisc")
    arthritis = query(
        """select race_source_value as ethnic_group, count(*) as people,
                  round(100.0 * count(distinct o.person_id) / count(distinct p.person_id), 1) as percent_osteoarthritis
           from person p left join (select distinct person_id from condition_occurrence o join concept c
             on c.concept_id = o.condition_concept_id where concept_name = 'Osteoarthritis') o using (person_id)
           where race_source_value not in ('native', 'other') group by 1 order by 1"""
    )
    yield Case(name="hundred-percent", files={"arthritis.xlsx": as_xlsx(arthritis)}, expected=CLASS, source="omop")
    stroke = query(
        """select race_source_value as ethnic_group, count(distinct p.person_id) as people,
                  round(100.0 * count(distinct o.person_id) / count(distinct p.person_id), 1) as percent_sinusitis
           from person p left join (select distinct person_id from condition_occurrence o join concept c
             on c.concept_id = o.condition_concept_id where concept_name = 'Sinusitis') o using (person_id)
           where race_source_value not in ('native', 'other') group by 1 order by 1"""
    )
    yield Case(name="shares-clean", files={"sinusitis.xlsx": as_xlsx(stroke)}, source="omop")
    rossi = lifelines_set("rossi")
    same = rossi.groupby("arrest")["week"].agg(n="size", mean="mean", median="median", sd="std").round(2).reset_index()
    yield Case(name="all-censored-at-52", files={"weeks.md": as_markdown(same)}, expected=CLASS, source="rossi")


def extremes() -> Iterator[Case]:
    """One person's value as minimum, maximum or percentile of few."""
    adsl, actg, lung = _adsl(), lifelines_set("ACTG175"), lifelines_set("lung")
    yield Case(
        name="describe-csv",
        files={"describe.csv": as_csv(adsl[["AGE", "BMIBL"]].describe().round(1), index=True)},
        expected=EXTREME,
        source="cdisc",
    )
    yield Case(
        name="describe-log",
        files={"run.log": as_log(actg[["age", "wtkg"]].describe())},
        expected=EXTREME,
        source="actg175",
    )
    yield Case(
        name="describe-notebook",
        files={"eda.ipynb": as_notebook(lung[["age", "meal.cal"]].describe(), "lung.describe()")},
        expected=EXTREME,
        source="lung",
    )
    trimmed = actg[["age", "wtkg", "cd40"]].describe().drop(["min", "max"]).round(1)
    yield Case(name="describe-trimmed", files={"describe.csv": as_csv(trimmed, index=True)}, source="actg175")
    yield Case(name="describe-trimmed-log", files={"run.log": as_log(trimmed)}, source="actg175")
    top = actg.groupby("arms")["wtkg"].agg(["size", "mean", "max"]).round(1).reset_index()
    yield Case(
        name="highest-by-arm",
        files={"weights.csv": as_csv(top.rename(columns={"max": "highest weight (kg)"}))},
        expected=EXTREME,
        source="actg175",
    )
    ranges = adsl.groupby("ARM")["AGE"].agg(lambda ages: f"{ages.min():.0f}–{ages.max():.0f}").rename("Age range")
    yield Case(name="range-column", files={"ages.csv": as_csv(ranges.reset_index())}, expected=EXTREME, source="cdisc")
    typical = adsl.groupby("ARM")["AGE"].agg(
        lambda a: f"{a.median():.0f} ({a.quantile(0.25):.0f}–{a.quantile(0.75):.0f})"
    )
    yield Case(
        name="median-iqr-clean",
        files={"ages.csv": as_csv(typical.rename("Median age (IQR)").reset_index())},
        source="cdisc",
    )
    tails = lung.groupby("sex")["age"].quantile([0.01, 0.05, 0.5, 0.95, 0.99]).unstack().add_prefix("p").reset_index()
    tails = tails.rename(columns=lambda name: name.replace("p0.", "p")).assign(n=lung.groupby("sex").size().to_numpy())
    yield Case(name="outer-percentiles-of-few", files={"tails.csv": as_csv(tails)}, expected=EXTREME, source="lung")
    deciles = actg["cd40"].quantile([i / 10 for i in range(1, 10)]).round(0).rename_axis("quantile").reset_index()
    yield Case(name="deciles-clean", files={"cd4.csv": as_csv(deciles.assign(n=len(actg)))}, source="actg175")
    oldest = (
        f"Patients were aged {actg.age.min()} to {actg.age.max()} years; the oldest patient was {actg.age.max()}.\n"
    )
    yield Case(name="oldest-in-words", files={"methods.txt": oldest.encode()}, expected=EXTREME, source="actg175")
    box = (
        adsl.groupby("SEX")["WEIGHTBL"].describe()[["count", "min", "25%", "50%", "75%", "max"]].round(1).reset_index()
    )
    yield Case(name="five-numbers", files={"box.json": as_json(box)}, expected=EXTREME, source="cdisc")
    vitals = adam("advs").dropna(subset=["AVISIT"]).groupby(["PARAM", "AVISIT"])["AVAL"].agg(["size", "mean", "std"])
    fair = vitals[(vitals["size"] > 99) & (vitals["std"] > 0)].round(2).reset_index()
    yield Case(name="vital-signs-clean", files={"vitals.html": page("Means", fair)}, source="cdisc")


def rounding() -> Iterator[Case]:
    """Counts under rule books that ask for rounding."""
    table = conditions().query("patients > 60 and patients < 2600").reset_index(drop=True)
    decades = sources()["decades"][1].query("number_of_people > 30").reset_index(drop=True)
    rule = frozenset({"rounding"})

    def fives(frame: pd.DataFrame, column: str) -> pd.DataFrame:
        return frame.assign(**{column: (frame[column] / 5).round().astype(int) * 5})

    for pack in ("opensafely", "nhs-england-sde", "nhs-hes"):
        yield Case(
            name=f"unrounded-{pack}", files={"conditions.csv": as_csv(table)}, expected=rule, pack=pack, source="omop"
        )
        yield Case(
            name=f"rounded-{pack}", files={"conditions.csv": as_csv(fives(table, "patients"))}, pack=pack, source="omop"
        )
        yield Case(
            name=f"unrounded-decades-{pack}",
            files={"decades.csv": as_csv(decades)},
            expected=rule,
            pack=pack,
            source="omop",
        )
        yield Case(
            name=f"rounded-decades-{pack}",
            files={"decades.csv": as_csv(fives(decades, "number_of_people"))},
            pack=pack,
            source="omop",
        )
    partly = fives(table, "patients")
    partly.loc[3, "patients"] = int(table.loc[3, "patients"]) // 5 * 5 + 3
    yield Case(
        name="one-row-unrounded",
        files={"conditions.csv": as_csv(partly)},
        expected=rule,
        pack="opensafely",
        source="omop",
    )
    six = table.assign(patients=table["patients"] // 6 * 6 + 3)
    yield Case(
        name="midpoint-six",
        files={"conditions.csv": as_csv(six.rename(columns={"patients": "patients_midpoint6"}))},
        pack="opensafely",
        source="omop",
    )


def counting() -> Iterator[Case]:
    """Every case of this module."""
    yield from plain()
    yield from laid_out()
    yield from classes()
    yield from extremes()
    yield from rounding()
