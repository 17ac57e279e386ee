"""Whole requests of several files, as a careful group hands them in: nothing in them should be stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pandas as pd
from lifelines import KaplanMeierFitter

from .case import Case
from .counting import by, kept, sources
from .tables import adam, lifelines_set, omop
from .writing import as_csv, as_html, as_json, as_log, as_markdown, as_notebook, as_xlsx, book, figure, page

__all__ = ["reporting"]


def bundle(name: str, source: str, against: tuple[str, ...] = (), **files: bytes) -> Case:
    """Return a request; ``__`` in the name of a file stands for the dot of its ending."""
    return Case(
        name=f"bundle-{name}",
        files={file.replace("__", "."): content for file, content in files.items()},
        source=source,
        against=against,
    )


def papers() -> Iterator[Case]:
    """Tables, figures and words of one study each."""
    adsl, actg, gbsg = adam("adsl"), lifelines_set("ACTG175"), lifelines_set("gbsg2")
    arms = by(adsl, "ARM")
    words = b"# Methods\n\nWe compared three arms. Counts below 10 were left out. 254 people took part.\n"
    bars = {kind: figure(lambda axes: axes.bar(arms["ARM"], arms["n"]), kind) for kind in ("png", "svg", "pdf")}
    yield bundle("trial", "cdisc", ("adam/adsl",), arms__csv=as_csv(arms), arms__png=bars["png"], methods__md=words)
    yield bundle(
        "trial-vector", "cdisc", ("adam/adsl",), arms__html=as_html(arms), arms__svg=bars["svg"], arms__pdf=bars["pdf"]
    )
    ages = actg.assign(age_group=pd.cut(actg["age"], [0, 29, 39, 49, 99], labels=["<30", "30-39", "40-49", "50+"]))
    table = by(ages, "age_group", "gender")
    means = ages.groupby("age_group", observed=True)[["wtkg", "cd40"]].agg(["mean", "std"]).round(1)
    means.columns = [" ".join(pair) for pair in means.columns]
    yield bundle(
        "actg",
        "actg175",
        ("lifelines/ACTG175",),
        table1__csv=as_csv(table),
        table2__csv=as_csv(means, index=True),
        run__log=as_log("Fitted on 2139 participants.", means),
    )
    yield bundle(
        "actg-workbook",
        "actg175",
        ("lifelines/ACTG175",),
        tables__xlsx=book(
            {"Counts": table.astype({"age_group": str}), "Means": means.reset_index().astype({"age_group": str})}
        ),
        report__html=page("Baseline", table, "Means", means.reset_index()),
    )
    curve = {}
    for level, frame in gbsg.groupby("horTh"):
        times = range(0, 2000, 365)
        curve[level] = KaplanMeierFitter().fit(frame["time"], frame["cens"]).survival_function_at_times(times).round(2)
    lines = figure(lambda axes: [axes.plot(part.index, part, drawstyle="steps-post") for part in curve.values()], "svg")
    yearly = pd.DataFrame({level: part.to_numpy() for level, part in curve.items()}).assign(year=range(6))
    yield bundle(
        "survival",
        "gbsg2",
        ("lifelines/gbsg2",),
        curve__svg=lines,
        curve__csv=as_csv(yearly),
        text__txt=b"686 women, 299 events, median follow-up 1084 days.\n",
    )
    yield bundle("survival-notebook", "gbsg2", ("lifelines/gbsg2",), km__ipynb=as_notebook(yearly, "yearly"))


def counted() -> Iterator[Case]:
    """One careful table of each source, with a note and a machine-readable copy."""
    for name, how in (
        ("conditions", "left-out"),
        ("grades", "left-out"),
        ("ages", "left-out"),
        ("ecog", "masked"),
        ("decades", "left-out"),
        ("events", "left-out"),
    ):
        source, frame, heading = sources()[name]
        table = kept(frame, heading, how).reset_index(drop=True)
        note = f"{len(table)} rows; counts below 10 are {how.replace('-', ' ')}.\n".encode()
        yield bundle(f"counted-{name}", source, table__csv=as_csv(table), table__json=as_json(table), note__txt=note)
    person = omop("person")
    decades = person.assign(decade=person["year_of_birth"] // 10 * 10)
    shares = by(decades, "decade").query("n > 30")
    shares["percent"] = (100 * shares["n"] / len(person)).round(1)
    yield bundle("shares", "omop", ("omop/person",), shares__xlsx=as_xlsx(shares), shares__md=as_markdown(shares))
    settings = {"model": "cox", "seed": 12, "penaliser": 0.1, "folds": 5, "learning_rate": 0.05, "depth": 3}
    scores = {"auc": 0.71, "brier": 0.18, "calibration_slope": 0.97, "n": 2694}
    yield bundle(
        "model-card",
        "omop",
        ("omop/person",),
        settings__json=json.dumps(settings).encode(),
        scores__json=json.dumps(scores).encode(),
        fit__R=b"fit <- coxph(Surv(t, e) ~ age + sex, data = d)\n",
    )


def reporting() -> Iterator[Case]:
    """Every case of this module."""
    yield from papers()
    yield from counted()
