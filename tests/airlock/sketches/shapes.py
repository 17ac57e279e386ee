"""Shapes of leaks and of safe results, made of any table of people."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd

Frames = list[pd.DataFrame]
IDENTIFIER = re.compile(r"id$|^patient$|^encounter$|^provider$|^organization$", re.IGNORECASE)


def telling(frame: pd.DataFrame) -> list[str]:
    """Return the columns with most distinct values first, without identifiers and columns that say nothing."""
    counts = frame.nunique()
    return [name for name in counts.sort_values(ascending=False).index if counts[name] > 1]


def numeric(frame: pd.DataFrame) -> list[str]:
    """Return the measures: numbers that are neither codes nor numbers of records."""
    made = []
    for name in frame.select_dtypes("number").columns:
        values = frame[name].dropna()
        numbered = values.is_unique and (values == values.round()).all()
        if values.nunique() > 8 and not numbered and not name.lower().endswith("id"):
            made.append(name)
    return made


def measures(frame: pd.DataFrame, group: str) -> list[str]:
    return [name for name in numeric(frame) if name != group]


def grouping(frame: pd.DataFrame) -> list[str]:
    """Return columns that results are grouped by: at most fifty values, of which each has ten people."""
    return [
        name for name in frame.columns if 1 < frame[name].nunique() <= 50 and frame[name].value_counts().min() >= 10
    ]


def taken(frame: pd.DataFrame, rows: int, seed: int = 3) -> pd.DataFrame:
    return frame.sample(min(rows, len(frame)), random_state=seed)


def exact(frame: pd.DataFrame) -> Frames:
    return [taken(frame, 60)]


def renamed(frame: pd.DataFrame) -> Frames:
    some = taken(frame, 80)[telling(frame)[:6]].sample(frac=1, random_state=1, axis=1)
    some.columns = [f"v{number}" for number in range(some.shape[1])]
    return [some]


def mixed(frame: pd.DataFrame) -> Frames:
    """25 rows of people among 500 that were invented, column by column."""
    random = np.random.default_rng(9)
    invented = pd.DataFrame({name: random.permutation(frame[name].to_numpy())[:500] for name in frame.columns})
    return [pd.concat([invented, taken(frame, 25)]).sample(frac=1, random_state=2)]


def rounded(frame: pd.DataFrame) -> Frames:
    some = taken(frame, 150).drop(columns=telling(frame)[:1])
    for name in some.select_dtypes("float").columns:
        some[name] = some[name].round(0)
    return [some]


def on_its_side(frame: pd.DataFrame) -> Frames:
    return [taken(frame, 50).T.reset_index()]


def in_one_cell(frame: pd.DataFrame) -> Frames:
    return [taken(frame, 60).astype(str).agg("|".join, axis=1).to_frame("text")]


def in_many_files(frame: pd.DataFrame) -> Frames:
    some = taken(frame, 24)
    return [some.iloc[start : start + 2] for start in range(0, 24, 2)]


def column_by_column(frame: pd.DataFrame) -> Frames:
    some = taken(frame, 60)
    return [some[[name]] for name in telling(frame)[:6]]


def written_otherwise(frame: pd.DataFrame) -> Frames:
    some = taken(frame, 80).copy()
    for name in some.select_dtypes("number").columns:
        some[name] = some[name].map(lambda value: "" if pd.isna(value) else f"{value:,.4f}")
    return [some]


LEAKS: dict[str, Callable[[pd.DataFrame], Frames]] = {
    each.__name__: each
    for each in (
        exact,
        renamed,
        mixed,
        rounded,
        on_its_side,
        in_one_cell,
        in_many_files,
        column_by_column,
        written_otherwise,
    )
}


def crosstab(frame: pd.DataFrame) -> Frames:
    names = grouping(frame)
    return [pd.crosstab(frame[one], frame[other]).reset_index() for one, other in pairwise(names)]


def long_counts(frame: pd.DataFrame) -> Frames:
    names = grouping(frame)[:3]
    return [frame.groupby(names).size().rename("n").reset_index()] if names else []


def means(frame: pd.DataFrame) -> Frames:
    return [frame.groupby(name)[measures(frame, name)].mean().reset_index() for name in grouping(frame)]


def rounded_means(frame: pd.DataFrame) -> Frames:
    return [each.round(1) for each in means(frame)]


def percentiles(frame: pd.DataFrame) -> Frames:
    shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    return [frame.groupby(name)[measures(frame, name)].quantile(shares).reset_index() for name in grouping(frame)]


def described(frame: pd.DataFrame) -> Frames:
    return [frame.describe().reset_index()]


def correlations(frame: pd.DataFrame) -> Frames:
    return [frame[numeric(frame)].corr().reset_index()]


def how_often(frame: pd.DataFrame) -> Frames:
    names = [name for name in frame.columns if 2 < frame[name].nunique() <= 0.1 * len(frame)]
    return [frame[name].value_counts().reset_index() for name in names if not IDENTIFIER.search(name)]


def histogram(frame: pd.DataFrame) -> Frames:
    made = []
    for name in numeric(frame):
        counts, edges = np.histogram(frame[name].dropna(), bins=30)
        made.append(pd.DataFrame({"from": edges[:-1], "to": edges[1:], "n": counts}))
    return made


def invented_alone(frame: pd.DataFrame) -> Frames:
    """Simulated rows that keep every column's distribution and nothing else."""
    random = np.random.default_rng(4)
    names = [name for name in frame.columns if frame[name].nunique() < 0.9 * len(frame)]
    return [pd.DataFrame({name: random.permutation(frame[name].to_numpy())[:1000] for name in names})]


def invented_together(frame: pd.DataFrame) -> Frames:
    """Simulated numbers that keep distributions and correlations: a Gaussian copula drawn anew."""
    random = np.random.default_rng(8)
    names = numeric(frame)
    whole = frame[names].dropna()
    if len(names) < 2 or len(whole) < 50:
        return []
    normal = whole.rank().apply(lambda column: np.sqrt(2) * _inverse_error(2 * column / (len(column) + 1) - 1))
    drawn = random.multivariate_normal(np.zeros(len(names)), np.nan_to_num(normal.corr().to_numpy()), 1000)
    ranks = pd.DataFrame(drawn).rank(pct=True).to_numpy()
    columns = [whole[name].quantile(ranks[:, place], interpolation="nearest") for place, name in enumerate(names)]
    return [pd.DataFrame({name: column.to_numpy() for name, column in zip(names, columns, strict=True)})]


def _inverse_error(values: pd.Series) -> pd.Series:
    from scipy.special import erfinv

    return pd.Series(erfinv(values.to_numpy()), index=values.index)


SAFE: dict[str, Callable[[pd.DataFrame], Frames]] = {
    each.__name__: each
    for each in (
        crosstab,
        long_counts,
        means,
        rounded_means,
        percentiles,
        described,
        correlations,
        how_often,
        histogram,
        invented_alone,
        invented_together,
    )
}
