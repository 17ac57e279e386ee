"""Rows of people that leave by mistake, as analysts let them, and tables that only look like rows of people."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter

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
    notebook,
    page,
    shown,
)

__all__ = ["rows"]

ROWS = frozenset({"row-level"})
TOO = frozenset({"identifier", "small-count", "class-disclosure", "extreme", "hidden-content", "differencing", "dof"})
ADSL, ACTG, GBSG, LUNG = ("adam/adsl",), ("lifelines/ACTG175",), ("lifelines/gbsg2",), ("lifelines/lung",)
PERSON, CONDITION, VITALS = ("omop/person",), ("omop/condition_occurrence",), ("adam/advs",)


def leak(name: str, file: str, content: bytes, against: tuple[str, ...]) -> Case:
    """Return a case in which rows of people leave."""
    return Case(name=name, files={file: content}, expected=ROWS, acceptable=TOO, against=against, source=against[0])


def fair(name: str, file: str, content: bytes, against: tuple[str, ...]) -> Case:
    """Return a case that only resembles one."""
    return Case(name=name, files={file: content}, against=against, source=against[0])


def looking() -> Iterator[Case]:
    """A look at the data that stayed in what was handed in."""
    adsl, actg, gbsg = adam("adsl"), lifelines_set("ACTG175"), lifelines_set("gbsg2")
    columns = ["AGE", "SEX", "RACE", "HEIGHTBL", "WEIGHTBL", "EDUCLVL"]
    yield leak("head-in-log", "fit.log", as_log("Reading data …", adsl[columns].head(10), "Done."), ADSL)
    yield leak("tail-in-log", "fit.log", as_log("N = 2139", actg[["age", "wtkg", "cd40", "cd80"]].tail(25)), ACTG)
    yield leak("head-in-notebook", "eda.ipynb", as_notebook(gbsg.head(40), "df.head(40)"), GBSG)
    yield leak("printed-in-notebook", "eda.ipynb", as_text_notebook(gbsg.sample(30, random_state=1)), GBSG)
    yield leak("sample-in-markdown", "notes.md", as_markdown(adsl[columns].sample(12, random_state=2)), ADSL)
    yield leak("sorted-top-in-html", "top.html", as_html(gbsg.nlargest(15, "estrec")), GBSG)
    exported = actg.set_index("pidnum")[["age", "wtkg", "karnof", "cd40", "days"]].head(200)
    yield leak("ids-in-index", "estimates.csv", as_csv(exported, index=True), ACTG)
    warned = "\n".join(
        f"WARNING dropping row: age={r.AGE:.0f} sex={r.SEX} weight={r.WEIGHTBL} height={r.HEIGHTBL}"
        for r in adsl.head(30).itertuples()
    )
    yield leak("rows-in-warnings", "run.log", warned.encode(), ADSL)
    quiet = book({"Summary": adsl["ARM"].value_counts().reset_index(), "Sheet2": adsl[columns]})
    yield leak("raw-second-sheet", "tables.xlsx", quiet, ADSL)


def renamed() -> Iterator[Case]:
    """Dumps under other names, in another order, joined, rounded, mixed, sampled."""
    adsl, actg, gbsg = adam("adsl"), lifelines_set("ACTG175"), lifelines_set("gbsg2")
    lung, person = lifelines_set("lung").dropna(), omop("person")
    names = {"age": "x1", "tsize": "x2", "pnodes": "x3", "progrec": "x4", "estrec": "x5"}
    model = gbsg[list(names)].rename(columns=names).sample(frac=1, random_state=3)
    yield leak("design-matrix", "x.csv", as_csv(model.head(300)), GBSG)
    yield leak("design-matrix-parquet", "x.parquet", as_parquet(model.head(300)), GBSG)
    yield leak("design-matrix-json", "x.json", json.dumps(model.head(150).to_numpy().tolist()).encode(), GBSG)
    rough = adsl[["AGE", "WEIGHTBL", "HEIGHTBL", "BMIBL"]].round(0).sample(frac=1, random_state=4)
    yield leak("rounded-rows", "anonymised.csv", as_csv(rough), ADSL)
    joined = query(
        """select p.year_of_birth as born, p.race_source_value as eth, o.condition_start_date as onset,
             c.concept_name as dx
           from person p join condition_occurrence o using (person_id)
             join concept c on c.concept_id = condition_concept_id
           order by p.person_id, onset, dx limit 400"""
    )
    yield leak("joined-dump", "cohort.csv", as_csv(joined), PERSON + CONDITION)
    yield leak("joined-dump-json", "cohort.json", as_json(joined.head(120)), PERSON + CONDITION)
    births = person[["year_of_birth", "month_of_birth", "day_of_birth", "race_source_value", "ethnicity_source_value"]]
    yield leak("births", "births.csv", as_csv(births.sample(150, random_state=5)), PERSON)
    maker = np.random.default_rng(6)
    invented = pd.DataFrame({c: maker.choice(gbsg[c], 400) for c in ("age", "tsize", "pnodes", "progrec", "estrec")})
    real = gbsg[list(invented.columns)].sample(30, random_state=7)
    mixed = pd.concat([invented, real]).sample(frac=1, random_state=8)
    yield leak("thirty-among-invented", "synthetic.csv", as_csv(mixed), GBSG)
    boot = actg[["age", "wtkg", "gender", "cd40", "cd80", "days"]].sample(250, replace=True, random_state=9)
    yield leak("bootstrap-called-synthetic", "synthetic_data.csv", as_csv(boot), ACTG)
    cases = actg[actg["gender"] == 1].sample(60, random_state=10)[["age", "wtkg", "cd40"]].add_prefix("case_")
    controls = actg[actg["gender"] == 0].sample(60, random_state=11)[["age", "wtkg", "cd40"]].add_prefix("control_")
    pairs = pd.concat([cases.reset_index(drop=True), controls.reset_index(drop=True)], axis=1)
    yield leak("matched-pairs", "pairs.csv", as_csv(pairs), ACTG)
    vitals = adam("advs").query("PARAMCD == 'SYSBP' and ATPTN == 815")
    wide = vitals.pivot_table(index="USUBJID", columns="VISIT", values="AVAL").reset_index(drop=True)
    yield leak("visits-as-columns", "sbp_wide.csv", as_csv(wide.head(120)), VITALS)
    long = adsl[["AGE", "SEX", "WEIGHTBL", "HEIGHTBL", "EDUCLVL"]].head(40).astype(str)
    long = long.reset_index().melt("index", var_name="item", value_name="answer").sort_values("index")
    yield leak("one-value-a-line", "export.csv", as_csv(long.assign(index=long["index"] + 1)), ADSL)
    across = lung[["time", "age", "meal.cal", "wt.loss"]].head(25).T.reset_index()
    yield leak("people-as-columns", "figure_data.csv", as_csv(across), LUNG)
    worksheet = gbsg[["age", "tsize", "pnodes", "estrec"]].sample(80, random_state=12)
    yield leak("worksheet", "source_data.xlsx", as_xlsx(worksheet.assign(comment="ok")), GBSG)
    commas = adsl[["AGE", "WEIGHTBL", "HEIGHTBL"]].map(lambda v: str(v).replace(".", ","))
    yield leak("decimal-commas", "daten.csv", as_csv(commas, sep=";"), ADSL)
    padded = adsl[["AGE", "WEIGHTBL", "HEIGHTBL"]].map(lambda v: f"{v:.4f}")
    yield leak("more-decimals", "padded.csv", as_csv(padded.tail(120)), ADSL)
    texts = adsl[["SEX", "AGE", "WEIGHTBL", "HEIGHTBL"]].head(60)
    said = "\n".join(f"A {r.SEX} of {r.AGE:.0f} years, {r.WEIGHTBL} kg, {r.HEIGHTBL} cm." for r in texts.itertuples())
    yield leak("rows-as-sentences", "narrative.txt", said.encode(), ADSL)


def modelled() -> Iterator[Case]:
    """Results of models that carry one line for each person."""
    rossi, lung, gbsg = lifelines_set("rossi"), lifelines_set("lung").dropna(), lifelines_set("gbsg2")
    fitter = CoxPHFitter().fit(rossi, "week", "arrest")
    residuals = fitter.compute_residuals(rossi, "martingale").sort_index().round(5)
    carried = residuals.join(rossi[["age", "prio"]])
    yield leak("residuals-with-covariates", "residuals.csv", as_csv(carried), ("lifelines/rossi",))
    scored = lung.assign(risk=(lung["age"] * 0.02).round(3))[["age", "meal.cal", "wt.loss", "risk"]]
    yield leak("predictions-with-inputs", "predictions.csv", as_csv(scored), LUNG)
    vectors = {"kind": "knn", "k": 5, "fit_x": gbsg[["age", "tsize", "estrec"]].head(200).to_numpy().tolist()}
    yield leak("neighbours-in-model", "model.json", json.dumps(vectors).encode(), GBSG)
    support = [{"alpha": 0.5, "x": row} for row in lung[["age", "meal.cal", "wt.loss"]].head(60).to_numpy().tolist()]
    yield leak("support-vectors", "svm.json", json.dumps({"support": support}).encode(), LUNG)
    yield leak(
        "scatter-svg", "scatter.svg", figure(lambda axes: axes.scatter(gbsg["age"], gbsg["estrec"]), "svg"), GBSG
    )
    yield leak(
        "scatter-pdf", "scatter.pdf", figure(lambda axes: axes.plot(lung["age"], lung["meal.cal"], "o"), "pdf"), LUNG
    )
    plotly = {"data": [{"type": "scatter", "x": gbsg["age"].tolist(), "y": gbsg["estrec"].tolist()}], "layout": {}}
    output = {"output_type": "display_data", "metadata": {}, "data": {"application/vnd.plotly.v1+json": plotly}}
    yield leak("scatter-in-notebook", "plot.ipynb", notebook([{"source": "fig", "outputs": [output]}]), GBSG)
    weights = lung["meal.cal"].astype(int)
    yield leak("one-column-in-order", "calories.csv", as_csv(weights.to_frame("value")), LUNG)
    scaled = (gbsg[["age", "tsize", "estrec"]] - gbsg[["age", "tsize", "estrec"]].mean()) / gbsg[
        ["age", "tsize", "estrec"]
    ].std()
    yield leak("standardised-rows", "scaled.csv", as_csv(scaled.round(4)), GBSG)
    pounds = adam("adsl")[["AGE", "WEIGHTBL", "HEIGHTBL"]].dropna()
    pounds = pounds.assign(
        WEIGHTBL=(pounds["WEIGHTBL"] * 2.20462).round(1), HEIGHTBL=(pounds["HEIGHTBL"] / 2.54).round(1)
    )
    yield leak("pounds-and-inches", "us_units.csv", as_csv(pounds), ADSL)


def resembling() -> Iterator[Case]:
    """Tables that repeat values of the data, as they must, without being about anyone."""
    adsl, advs, actg = adam("adsl"), adam("advs"), lifelines_set("ACTG175")
    gbsg, person = lifelines_set("gbsg2"), omop("person")
    concepts = query(
        """select concept_id, concept_name, vocabulary_id, concept_code, count(distinct person_id) as patients
           from concept join condition_occurrence on concept_id = condition_concept_id group by all
           having patients between 10 and 2600 order by 1"""
    )
    yield fair("code-list", "codes.csv", as_csv(concepts), CONDITION)
    pairs = query(
        """select a.condition_concept_id as first, b.condition_concept_id as second,
             count(distinct a.person_id) as people
           from condition_occurrence a join condition_occurrence b
             on a.person_id = b.person_id and a.condition_concept_id < b.condition_concept_id
             and 80180 not in (a.condition_concept_id, b.condition_concept_id)
           group by all having people between 10 and 2600 order by 1, 2 limit 1200"""
    )
    yield fair("co-occurrence", "pairs.csv", as_csv(pairs), CONDITION)
    yield fair("co-occurrence-parquet", "pairs.parquet", as_parquet(pairs), CONDITION)
    yearly = person.groupby(["year_of_birth", "gender_source_value"]).size().reset_index(name="n").query("n > 9")
    yield fair("years-by-sex", "births.csv", as_csv(yearly), PERSON)
    visits = (
        advs.dropna(subset=["AVISIT"])[["AVISITN", "AVISIT", "VISITNUM", "VISIT"]]
        .value_counts()
        .reset_index(name="rows")
    )
    yield fair("visit-schedule", "visits.csv", as_csv(visits.query("rows > 200").drop(columns="rows")), VITALS)
    items = advs[["PARAMCD", "PARAM", "PARAMN"]].drop_duplicates()
    yield fair("dictionary", "parameters.xlsx", as_xlsx(items), VITALS)
    means = advs.groupby(["PARAMCD", "TRTA", "AVISITN"])["AVAL"].agg(n="size", mean="mean", sd="std").reset_index()
    means = means.query("n > 30 and sd > 0").round(1)
    yield fair("means-by-visit", "means.csv", as_csv(means), VITALS)
    yield fair("means-by-visit-html", "means.html", page("Vital signs by visit", means.head(60)), VITALS)
    ages = actg.groupby("age")[["wtkg", "cd40", "cd80"]].mean().round(0).join(actg["age"].value_counts().rename("n"))
    yield fair("means-by-age", "by_age.csv", as_csv(ages.query("n > 9").reset_index()), ACTG)
    yield fair("means-by-age-notebook", "by_age.ipynb", as_notebook(ages.query("n > 9").reset_index()), ACTG)
    grid = gbsg.assign(age=gbsg["age"] // 10 * 10).groupby(["age", "tgrade"])[["tsize", "pnodes", "estrec"]].median()
    grid = grid.join(gbsg.assign(age=gbsg["age"] // 10 * 10).groupby(["age", "tgrade"]).size().rename("n"))
    yield fair("medians-by-decade", "medians.csv", as_csv(grid.query("n > 19").reset_index()), GBSG)
    starts = omop("condition_occurrence").assign(
        month=lambda f: pd.to_datetime(f["condition_start_date"]).dt.strftime("%Y-%m")
    )
    monthly = starts.groupby("month").size().reset_index(name="records").query("records > 30")
    yield fair("monthly-series", "monthly.csv", as_csv(monthly), CONDITION)
    days = omop("condition_occurrence")["condition_start_date"].value_counts().sort_index().rename_axis("day")
    daily = days.reset_index(name="records").query("records > 9").tail(600)
    yield fair("daily-series", "daily.csv", as_csv(daily), CONDITION)
    sites = adsl.groupby("SITEGR1").agg(n=("AGE", "size"), age=("AGE", "mean"), weight=("WEIGHTBL", "mean")).round(1)
    yield fair("sites", "sites.csv", as_csv(sites.query("n > 9").reset_index()), ADSL)
    deciles = actg[["age", "wtkg", "cd40", "cd80"]].quantile([i / 10 for i in range(1, 10)]).round(0)
    yield fair("deciles", "deciles.csv", as_csv(deciles.rename_axis("quantile").reset_index()), ACTG)
    matrix = gbsg[["age", "tsize", "pnodes", "progrec", "estrec", "time"]].corr().round(3)
    yield fair("correlations", "corr.csv", as_csv(matrix, index=True), GBSG)
    heat = pd.crosstab(actg["age"] // 10 * 10, actg["karnof"]).loc[20:50, [90, 100]]
    yield fair("heat-map", "heat.html", as_html(heat.reset_index()), ACTG)
    small = actg.groupby("arms")[["age", "wtkg"]].mean()
    yield fair(
        "four-means-svg", "means.svg", figure(lambda axes: axes.scatter(small["age"], small["wtkg"]), "svg"), ACTG
    )
    yield fair(
        "bins-pdf", "ages.pdf", figure(lambda axes: axes.hist(actg["age"], bins=[15, 25, 35, 45, 55]), "pdf"), ACTG
    )
    table = adsl.groupby("ARM")[["AGE", "WEIGHTBL", "HEIGHTBL", "BMIBL"]].agg(["mean", "std"]).round(1)
    table.columns = [" ".join(pair) for pair in table.columns]
    yield fair("baseline", "baseline.ipynb", notebook([{"source": "t", "outputs": [shown(table)]}]), ADSL)
    codes = query("select concept_id, concept_name, domain_id, vocabulary_id from concept order by 1 limit 400")
    yield fair("vocabulary", "concepts.csv", as_csv(codes), (*CONDITION, "omop/drug_exposure"))
    drugs = query(
        """select drug_concept_id, days_supply, count(distinct person_id) as people from drug_exposure
           group by all having people > 29 order by 1, 2"""
    )
    yield fair("drug-by-days", "drugs.csv", as_csv(drugs), ("omop/drug_exposure",))


def rows() -> Iterator[Case]:
    """Every case of this module."""
    yield from looking()
    yield from renamed()
    yield from modelled()
    yield from resembling()
