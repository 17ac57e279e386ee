"""Survival analyses, regressions and sums of money: fitted to the real tables, reported well and badly."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test

from .case import Case
from .tables import adam, lifelines_set, synthea, synthea_here
from .writing import as_csv, as_json, as_log, as_markdown, as_notebook, as_xlsx, figure, page

__all__ = ["modelling"]

SMALL, DOF = frozenset({"small-count"}), frozenset({"dof"})
ROWS, MONEY = frozenset({"row-level"}), frozenset({"dominance"})


def least_squares(frame: pd.DataFrame, outcome: str, dummies: str = "") -> tuple[pd.DataFrame, dict[str, float]]:
    """Fit by ordinary least squares; ``dummies`` names a column that becomes one parameter for each of its values."""
    wide = pd.get_dummies(frame, columns=[dummies], drop_first=True) if dummies else frame
    x = wide.drop(columns=outcome).astype(float)
    x.insert(0, "Intercept", 1.0)
    y = wide[outcome].astype(float).to_numpy()
    coefficients, *_ = np.linalg.lstsq(x.to_numpy(), y, rcond=None)
    residual = y - x.to_numpy() @ coefficients
    degrees = len(y) - np.linalg.matrix_rank(x.to_numpy())
    variance = residual @ residual / degrees if degrees else 0.0
    errors = np.sqrt(np.maximum(0, np.diag(variance * np.linalg.pinv(x.T.to_numpy() @ x.to_numpy()))))
    table = pd.DataFrame({"term": x.columns, "coef": coefficients.round(4), "std err": errors.round(4)})
    r2 = 1 - residual @ residual / ((y - y.mean()) @ (y - y.mean()))
    return table, {"No. Observations": len(y), "Df Residuals": int(degrees), "R-squared": round(float(r2), 3)}


def summary(table: pd.DataFrame, fit: dict[str, float]) -> str:
    """Return a fit as a statistics program prints it."""
    head = "\n".join(f"{name + ':':<24}{value:>12}" for name, value in fit.items())
    return f"OLS Regression Results\n{'=' * 40}\n{head}\n{'=' * 40}\n{table.to_string(index=False)}\n"


def survival() -> Iterator[Case]:
    """Kaplan–Meier tables at every event and at fixed times."""
    for name, time, event in (
        ("lung", "time", "status"),
        ("gbsg2", "time", "cens"),
        ("larynx", "time", "death"),
        ("kidney_transplant", "time", "death"),
    ):
        frame = lifelines_set(name)
        fitter = KaplanMeierFitter().fit(frame[time], frame[event])
        events = fitter.event_table.astype(int).reset_index()
        yield Case(
            name=f"event-table-{name}",
            files={"km.csv": as_csv(events)},
            expected=SMALL,
            acceptable=ROWS | {"class-disclosure", "differencing"},
            source=name,
        )
        if name == "larynx":
            continue
        times = np.linspace(0, float(frame[time].quantile(0.7)), 6).round()[1:]
        risk = [int((frame[time] >= t).sum()) for t in times]
        table = pd.DataFrame(
            {
                "time": times,
                "at risk": [n // 10 * 10 for n in risk],
                "survival": fitter.survival_function_at_times(times).round(2).to_numpy(),
            }
        )
        yield Case(name=f"survival-at-times-{name}", files={"km.csv": as_csv(table)}, source=name)
        yield Case(name=f"survival-at-times-{name}-report", files={"km.html": page("Survival", table)}, source=name)
    lung = lifelines_set("lung")
    late = pd.DataFrame({"days": range(0, 1001, 200)})
    late["number at risk"] = [int((lung["time"] >= day).sum()) for day in late["days"]]
    yield Case(name="risk-table-runs-out", files={"risk.xlsx": as_xlsx(late)}, expected=SMALL, source="lung")
    fitter = KaplanMeierFitter().fit(lung["time"], lung["status"])
    steps = fitter.survival_function_.reset_index()
    steps.columns = ["days", "survival"]
    yield Case(
        name="survival-every-step",
        files={"curve.csv": as_csv(steps)},
        expected=SMALL | ROWS,
        acceptable=frozenset({"class-disclosure", "extreme"}),
        against=("lifelines/lung",),
        source="lung",
    )
    median = (
        f"Median survival {fitter.median_survival_time_:.0f} days; n = {len(lung)}, events = {lung.status.sum():.0f}.\n"
    )
    yield Case(name="median-survival-clean", files={"km.txt": median.encode()}, source="lung")
    smooth = figure(
        lambda axes: axes.plot(range(0, 700, 100), fitter.survival_function_at_times(range(0, 700, 100)).round(2)),
        "svg",
    )
    yield Case(name="smooth-curve-svg-clean", files={"km.svg": smooth}, source="lung")
    ticks = figure(lambda axes: axes.plot(lung["time"], lung["age"], "+"), "svg")
    yield Case(
        name="times-by-age-svg",
        files={"km.svg": ticks},
        expected=ROWS | {"hidden-content"},
        acceptable=frozenset({"extreme"}),
        against=("lifelines/lung",),
        source="lung",
    )


def regressions() -> Iterator[Case]:
    """Cox and least-squares fits with plenty of people, few people, and one person to a parameter."""
    for name, time, event, drop in (
        ("rossi", "week", "arrest", []),
        ("gbsg2", "time", "cens", ["menostat", "tgrade"]),
        ("ACTG175", "days", "cens", None),
    ):
        frame = lifelines_set(name)
        frame = frame[["days", "cens", "age", "wtkg", "gender", "treat"]] if drop is None else frame.drop(columns=drop)
        frame = frame.replace({"horTh": {"yes": "1", "no": "0"}}).astype(float)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitter = CoxPHFitter().fit(frame, time, event)
        table = fitter.summary.round(3).reset_index()
        files = {
            "cox.csv": as_csv(table),
            "README.md": f"n = {len(frame)}, events = {frame[event].sum():.0f}\n".encode(),
        }
        yield Case(name=f"cox-{name}", files=files, source=name)
        yield Case(
            name=f"cox-{name}-notebook",
            files={"cox.ipynb": as_notebook(fitter.summary.round(2), "cph.summary")},
            source=name,
        )
    lung = lifelines_set("lung").dropna()
    columns = ["meal.cal", "age", "sex", "ph.karno", "wt.loss"]
    for people, right in ((len(lung), True), (60, True), (12, False), (9, False)):
        table, fit = least_squares(lung[columns].head(people), "meal.cal")
        yield Case(
            name=f"regression-{people}",
            files={"ols.txt": summary(table, fit).encode()},
            expected=frozenset() if right else DOF,
            acceptable=frozenset() if right else SMALL,
            source="lung",
        )
        whole = json.dumps({"fit": fit, "terms": json.loads(as_json(table))}, indent=1).encode()
        yield Case(
            name=f"regression-{people}-json",
            files={"ols.json": whole},
            expected=frozenset() if right else DOF,
            acceptable=frozenset() if right else SMALL,
            source="lung",
        )
    saturated, fit = least_squares(lung[columns].head(5), "meal.cal")
    yield Case(
        name="regression-saturated",
        files={"ols.txt": summary(saturated, fit).encode()},
        expected=DOF,
        acceptable=SMALL,
        source="lung",
    )
    adsl = adam("adsl")[["USUBJID", "WEIGHTBL", "AGE"]].head(120).dropna()
    fixed, fit = least_squares(adsl, "WEIGHTBL", "USUBJID")
    yield Case(
        name="one-dummy-a-person",
        files={"fixed.csv": as_csv(fixed)},
        expected=DOF | ROWS | {"identifier"},
        source="cdisc",
    )
    sites, fit = least_squares(adam("adsl")[["SITEGR1", "WEIGHTBL", "AGE"]].dropna(), "WEIGHTBL", "SITEGR1")
    yield Case(name="dummies-of-sites-clean", files={"sites.txt": summary(sites, fit).encode()}, source="cdisc")
    yield Case(name="dummies-of-sites-markdown", files={"sites.md": as_markdown(sites)}, source="cdisc")
    matrix = lifelines_set("ACTG175")[["age", "wtkg", "cd40", "cd80", "days"]].corr().round(2)
    yield Case(name="correlations-clean", files={"corr.csv": as_csv(matrix, index=True)}, source="actg175")
    rossi = lifelines_set("rossi")
    test = logrank_test(
        rossi[rossi.fin == 1].week,
        rossi[rossi.fin == 0].week,
        rossi[rossi.fin == 1].arrest,
        rossi[rossi.fin == 0].arrest,
    )
    words = pd.DataFrame(
        {"test": ["log-rank"], "statistic": [round(test.test_statistic, 3)], "p": [round(test.p_value, 4)]}
    )
    yield Case(name="logrank-clean", files={"logrank.log": as_log(words)}, source="rossi")
    effects = pd.DataFrame(
        {
            "term": ["age", "sex", "dose"],
            "estimate": [1.0, 3.0, 7.0],
            "se": [2.0, 1.0, 4.0],
            "t": [0.5, 3.0, 1.75],
            "p": [0.6, 0.003, 0.08],
        }
    )
    yield Case(name="whole-number-coefficients-clean", files={"model.csv": as_csv(effects)}, source="invented")


def money() -> Iterator[Case]:
    """Sums that one contributor makes up."""
    if not synthea_here():
        return
    patients = synthea("patients")
    groups = patients.groupby("COUNTY")["HEALTHCARE_EXPENSES"]
    table = groups.agg(patients="size", total="sum", largest="max", second=lambda v: v.nlargest(2).iloc[-1]).round(2)
    table = table[table["patients"] >= 10].reset_index()
    skewed = table.copy()
    skewed.loc[0, ["largest", "second"]] = [
        round(0.93 * skewed.loc[0, "total"], 2),
        round(0.02 * skewed.loc[0, "total"], 2),
    ]
    yield Case(
        name="one-contributor", files={"costs.csv": as_csv(skewed)}, expected=MONEY | {"extreme"}, source="synthea"
    )
    shares = skewed.assign(top2_share_percent=(100 * (skewed.largest + skewed.second) / skewed.total).round(1))
    yield Case(
        name="top-two-share",
        files={"costs.xlsx": as_xlsx(shares.drop(columns=["largest", "second"]))},
        expected=MONEY,
        source="synthea",
    )
    even = table.drop(columns=["largest", "second"]).assign(mean=(table.total / table.patients).round(0))
    yield Case(name="sums-clean", files={"costs.csv": as_csv(even)}, source="synthea")


def modelling() -> Iterator[Case]:
    """Every case of this module."""
    yield from survival()
    yield from regressions()
    yield from money()
