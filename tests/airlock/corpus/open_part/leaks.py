"""Rows of every mounted table, changed and mixed in every share, and tables that must repeat their values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tests.airlock.corpus.held_back.case import Case
from tests.airlock.corpus.held_back.tables import adam, lifelines_set, omop

from .files import FORMATS, to_csv

__all__ = ["leaks"]

ROWS = frozenset({"row-level"})
TOO = frozenset({"identifier", "small-count", "class-disclosure", "extreme", "hidden-content", "dof", "differencing"})
UNTOLD = frozenset({"small-count", "class-disclosure"})
"""Invented rows say nowhere what their small numbers are: asking is right, calling them people's rows is not."""
TABLES = {
    "adam/adsl": ["AGE", "SEX", "HEIGHTBL", "WEIGHTBL", "BMIBL", "EDUCLVL"],
    "lifelines/gbsg2": ["age", "tsize", "pnodes", "progrec", "estrec", "time"],
    "lifelines/ACTG175": ["age", "wtkg", "cd40", "cd420", "cd80", "days"],
    "lifelines/lung": ["age", "time", "ph.karno", "meal.cal", "wt.loss"],
    "lifelines/kidney_transplant": ["time", "age", "death", "white_male"],
    "omop/person": ["year_of_birth", "month_of_birth", "day_of_birth", "ethnicity_source_value", "gender_source_value"],
    "omop/visit_occurrence": ["person_id", "visit_start_date", "visit_end_date", "visit_concept_id"],
    "adam/advs": ["PARAMCD", "VISITNUM", "AGE", "AVAL", "BASE"],
}


def frame(name: str) -> pd.DataFrame:
    """Return the columns of a table that a leak carries, rows without gaps."""
    kind, table = name.split("/")
    whole = {"omop": omop, "adam": adam, "lifelines": lifelines_set}[kind](table)
    return whole[TABLES[name]].dropna().reset_index(drop=True)


def lines(part: pd.DataFrame, renamed: bool = True) -> list[list[object]]:
    """Return a frame as rows of plain values, headings first."""
    head = [f"v{i}" for i in range(1, part.shape[1] + 1)] if renamed else list(part.columns)
    return [head, *([plain(value) for value in row] for row in part.itertuples(index=False))]


def plain(value: object) -> object:
    """Return a value without numpy and pandas; days as ISO 8601."""
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    return value.item() if isinstance(value, np.generic) else value


def shuffled(part: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the columns of a table shuffled one by one: the same margins, nobody's row."""
    maker = np.random.default_rng(seed)
    return pd.DataFrame({name: maker.permutation(part[name].to_numpy()) for name in part.columns})


def alike(part: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Return invented rows with nearly the same margins and rank correlations: a Gaussian copula."""
    maker = np.random.default_rng(seed)
    ranks = part.apply(lambda column: pd.factorize(column, sort=True)[0]).corr(method="spearman").fillna(0).to_numpy()
    normal = maker.multivariate_normal(np.zeros(len(ranks)), ranks + 1e-6 * np.eye(len(ranks)), count)
    places = (np.argsort(np.argsort(normal, axis=0), axis=0) + 0.5) / count
    return pd.DataFrame(
        {
            name: part[name].sort_values().to_numpy()[(places[:, i] * len(part)).astype(int)]
            for i, name in enumerate(part.columns)
        }
    )


def leaked() -> Iterator[Case]:
    """Shapes L1 to L6 of the reference, for every table."""
    for seed, name in enumerate(TABLES):
        part = frame(name)
        take = part.sample(min(200, len(part)), random_state=seed)
        numeric = take.select_dtypes("number").columns
        changed = np.random.default_rng(seed).random(take.shape) < 0.1
        variants = {
            "exact": (take, False),
            "renamed-shuffled": (take.sample(frac=1, axis=1, random_state=seed), True),
            "three-columns": (take[TABLES[name][-3:]], True),
            "twenty-rows": (take.head(20), True),
            "ten-rows": (take.head(10), False),
            "one-rounded": (take.assign(**{numeric[-1]: take[numeric[-1]].round(-1)}), True),
            "all-rounded": (take.assign(**{c: take[c].round(0) for c in numeric}), True),
            "extra-columns": (take.assign(note="ok", weight=1.5), True),
            "some-cells-changed": (
                take.astype(str).mask(changed, "1"),
                True,
            ),
        }
        for number, (variant, (leak, renamed)) in enumerate(variants.items()):
            kinds = ["csv", "json", "csv", "xlsx", "csv", "html", "notebook", "parquet", "csv"]
            file, write = FORMATS["csv" if variant == "some-cells-changed" else kinds[(number + seed) % len(kinds)]]
            yield Case(
                name=f"leak-{name}-{variant}",
                files={file: write(lines(leak, renamed))},
                expected=ROWS,
                acceptable=TOO,
                against=(name,),
                source=name,
            )
        for real, invented in ((25, 975), (10, 300), (40, 160)):
            fake = shuffled(part, seed).head(min(invented, len(part)))
            mixed = pd.concat([fake, part.sample(real, random_state=seed)]).sample(frac=1, random_state=1)
            yield Case(
                name=f"leak-{name}-{real}-among-{invented}",
                files={"t.csv": to_csv(lines(mixed))},
                expected=ROWS,
                acceptable=TOO,
                against=(name,),
                source=name,
            )


def columns() -> Iterator[Case]:
    """One column alone: in the order of the data, and what may leave of it."""
    for name, column in (
        ("adam/adsl", "WEIGHTBL"),
        ("lifelines/gbsg2", "estrec"),
        ("lifelines/ACTG175", "cd40"),
        ("lifelines/ACTG175", "wtkg"),
    ):
        values = frame(name)[column].head(300)
        yield Case(
            name=f"column-{name}-{column}-in-order",
            files={"t.csv": to_csv([["x"], *([v] for v in values)])},
            expected=ROWS,
            acceptable=TOO,
            against=(name,),
            source=name,
        )
        points = values.quantile(np.linspace(0.1, 0.9, 9)).round(1)
        yield Case(
            name=f"column-{name}-{column}-deciles",
            against=(name,),
            source=name,
            files={"t.csv": to_csv([["decile", "x"], *([i + 1, float(v)] for i, v in enumerate(points))])},
        )


def repeated() -> Iterator[Case]:
    """Shapes S1 to S8: aggregates and invented rows."""
    for seed, name in enumerate(TABLES):
        part = frame(name)
        first, *rest = TABLES[name]
        numeric = [c for c in rest if pd.api.types.is_numeric_dtype(part[c]) and part[c].std() > 0]
        sizes = part.groupby(first).size()
        sizes = sizes[sizes >= 10]
        counts = [[first, "n"], *([getattr(k, "item", lambda k=k: k)(), int(n)] for k, n in sizes.items())]
        if len(counts) > 2:
            yield Case(name=f"safe-{name}-counts", files={"t.csv": to_csv(counts)}, against=(name,), source=name)
        pairs = part.groupby(TABLES[name][:2]).size()
        pairs = pairs[pairs >= 10].reset_index(name="n")
        if len(pairs) > 2:
            yield Case(
                name=f"safe-{name}-pairs", files={"t.csv": to_csv(lines(pairs, False))}, against=(name,), source=name
            )
        if numeric:
            means = part.groupby(first)[numeric].mean().round(1).join(part.groupby(first).size().rename("n"))
            means = means[means["n"] >= 10].reset_index()
            if len(means) > 1:
                yield Case(
                    name=f"safe-{name}-means",
                    files={"t.csv": to_csv(lines(means, False))},
                    against=(name,),
                    source=name,
                )
            matrix = part[numeric].corr().round(2).rename_axis("variable").reset_index()
            if len(numeric) > 1:
                yield Case(
                    name=f"safe-{name}-correlations",
                    files={"t.csv": to_csv(lines(matrix, False))},
                    against=(name,),
                    source=name,
                )
            spread = part[numeric].agg(["mean", "std", "median"]).round(2).T.reset_index()
            yield Case(
                name=f"safe-{name}-summary", files={"t.csv": to_csv(lines(spread, False))}, against=(name,), source=name
            )
        if name not in {"omop/visit_occurrence", "omop/person"}:
            invented = alike(part, 400, seed)
            yield Case(
                name=f"invented-{name}-correlated",
                files={"t.csv": to_csv(lines(invented))},
                acceptable=UNTOLD,
                against=(name,),
                source=name,
            )
            yield Case(
                name=f"invented-{name}-shuffled",
                files={"t.csv": to_csv(lines(shuffled(part, seed).head(400)))},
                acceptable=UNTOLD,
                against=(name,),
                source=name,
            )


def leaks() -> Iterator[Case]:
    """Every case of this module."""
    yield from leaked()
    yield from columns()
    yield from repeated()
