"""Hidden counts that other figures give back, and tables that differ by a few people."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from .case import Case
from .tables import adam, lifelines_set, omop
from .writing import as_csv, as_html, as_json, as_markdown, as_xlsx, book

__all__ = ["linking"]

UNDONE, DIFFER = frozenset({"suppression-undone"}), frozenset({"differencing"})
SMALL = frozenset({"small-count"})


SOURCE = {"age-arm": "cdisc", "grade": "gbsg2", "ecog": "lung", "decade": "omop"}


def masked(frame: pd.DataFrame, sign: str = "<10") -> pd.DataFrame:
    """Return the table with each small count replaced, totals and everything else as they are."""
    return frame.apply(lambda column: column.astype(object).where(~column.between(1, 9), sign))


def crosses() -> dict[str, pd.DataFrame]:
    """Return crosstabs of real people that have a small cell or several."""
    adsl, gbsg = adam("adsl"), lifelines_set("gbsg2")
    lung, person = lifelines_set("lung"), omop("person")
    hispanic = person[person["race_source_value"].isin(["white", "hispanic", "black"])]
    return {
        "age-arm": pd.crosstab(adsl["AGEGR1"].where(adsl["SEX"] == "M"), adsl["ARM"]),
        "grade": pd.crosstab(gbsg["tgrade"].where(gbsg["horTh"] == "yes"), gbsg["menostat"]),
        "ecog": pd.crosstab(lung["ph.ecog"].astype("Int64"), lung["sex"].map({1: "male", 2: "female"})),
        "decade": pd.crosstab(hispanic["year_of_birth"] // 10 * 10, hispanic["race_source_value"]).loc[1910:1980],
    }


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with row and column totals."""
    out = table.copy()
    out["Total"] = out.sum(axis=1)
    out.loc["Total"] = out.sum()
    return out


def undone() -> Iterator[Case]:
    """Primary suppression with totals beside it, in one file and in several."""
    for name, crossed in crosses().items():
        table = crossed
        if name == "ecog":
            table = table.drop(index=3)
            table.loc[2, "female"] = 7  # a small cell beside large ones
        bare, whole = masked(table), totals(table)
        known = masked(table).join(whole[["Total"]])
        known.loc["Total"] = whole.loc["Total"]
        label = table.index.name or "group"
        done = known.rename_axis(label).reset_index()
        yield Case(name=f"totals-{name}", files={"table.csv": as_csv(done)}, expected=UNDONE, source=SOURCE[name])
        yield Case(
            name=f"no-totals-{name}",
            files={"table.csv": as_csv(bare.rename_axis(label).reset_index())},
            source=SOURCE[name],
        )
        rows = whole[["Total"]].drop(index="Total").rename_axis(label).reset_index()
        columns = whole.loc[["Total"]].drop(columns="Total").reset_index(drop=True)
        parts = {
            "a.csv": as_csv(bare.rename_axis(label).reset_index()),
            "b.csv": as_csv(rows),
            "c.csv": as_csv(columns),
        }
        if name in {"age-arm", "decade"}:
            yield Case(name=f"totals-apart-{name}", files=parts, expected=UNDONE, source=SOURCE[name])
            earlier = {"margins.csv": parts["b.csv"], "columns.csv": parts["c.csv"]}
            yield Case(
                name=f"totals-released-{name}",
                files={"a.csv": parts["a.csv"]},
                released=earlier,
                expected=UNDONE,
                source=SOURCE[name],
            )
        if name == "grade":
            yield Case(name="totals-grade-html", files={"t.html": as_html(done)}, expected=UNDONE, source=SOURCE[name])
            sheets = {"Table": bare.rename_axis(label).reset_index(), "Totals": rows}
            yield Case(name="totals-other-sheet", files={"t.xlsx": book(sheets)}, expected=UNDONE, source=SOURCE[name])
            yield Case(
                name="totals-grade-markdown", files={"t.md": as_markdown(done)}, expected=UNDONE, source=SOURCE[name]
            )


def derived() -> Iterator[Case]:
    """Counts that shares, sums and means give back."""
    adsl = adam("adsl")
    reasons = adsl["DCDECOD"].value_counts().rename_axis("reason").reset_index(name="n")
    reasons["percent"] = (100 * reasons["n"] / 254).round(1)
    hidden = reasons.assign(n=reasons["n"].astype(object).where(reasons["n"] > 9, "*"))
    total = pd.concat([hidden, pd.DataFrame({"reason": ["All"], "n": [254], "percent": [100.0]})])
    yield Case(
        name="share-gives-count",
        files={"reasons.csv": as_csv(total)},
        expected=UNDONE,
        acceptable=frozenset({"small-count", "class-disclosure"}),
        source="cdisc",
    )
    both = hidden.assign(percent=hidden["percent"].astype(object).where(reasons["n"] > 9, "*"))
    yield Case(name="share-hidden-too", files={"reasons.csv": as_csv(both)}, source="cdisc")
    groups = adsl[adsl["SEX"] == "M"].groupby(["ARM", "AGEGR1"])["WEIGHTBL"].agg(["size", "sum", "mean"]).reset_index()
    groups["n"] = groups["size"].astype(object).where(groups["size"] > 9, "<10")
    table = groups[["ARM", "AGEGR1", "n", "sum", "mean"]].rename(columns={"sum": "total weight", "mean": "mean weight"})
    yield Case(
        name="sum-over-mean",
        files={"weight.csv": as_csv(table.round(3))},
        expected=UNDONE,
        acceptable=SMALL,
        source="cdisc",
    )
    fair = groups[groups["size"] > 9][["ARM", "AGEGR1", "n", "mean"]].round(1)
    yield Case(name="means-clean", files={"weight.csv": as_csv(fair)}, source="cdisc")
    running = lifelines_set("rossi")["prio"].value_counts().sort_index()
    frame = pd.DataFrame(
        {
            "convictions": running.index,
            "n": running.astype(object).where(running > 9, "<10").to_numpy(),
            "cumulative n": running.cumsum().to_numpy(),
        }
    )
    yield Case(name="running-total", files={"prior.xlsx": as_xlsx(frame)}, expected=UNDONE, source="rossi")
    wide = pd.DataFrame(
        {"arm": ["A", "B", "C"], "men": ["<10", "<10", 60], "women": [41, 38, 55], "all": [45, 44, 115]}
    )
    yield Case(name="all-beside-parts", files={"sex.csv": as_csv(wide)}, expected=UNDONE, source="invented")
    rounded = wide.assign(women=[40, 40, 55], all=["<50", "<50", 115])
    yield Case(name="all-masked-too", files={"sex.csv": as_csv(rounded)}, source="invented")


def differing() -> Iterator[Case]:
    """The same table over cohorts that differ by a few people, at once or one after the other."""
    person, actg, gbsg = omop("person"), lifelines_set("ACTG175"), lifelines_set("gbsg2")

    def count(frame: pd.DataFrame, *columns: str) -> bytes:
        return as_csv(frame.groupby(list(columns)).size().reset_index(name="n").query("n > 9"))

    whole = {"all.csv": count(person, "gender_source_value")}
    for dropped in (1, 3, 7):
        less = person.sort_values("person_id").iloc[dropped:]
        files = {"after_exclusions.csv": count(less, "gender_source_value")}
        yield Case(name=f"less-{dropped}-released", files=files, released=whole, expected=DIFFER, source="omop")
        yield Case(name=f"less-{dropped}-together", files=files | whole, expected=DIFFER, source="omop")
    yield Case(name="same-again", files={"copy.csv": whole["all.csv"]}, released=whole, source="omop")
    arms = {"adults.csv": count(actg[actg["age"] >= 18], "arms", "gender")}
    older = {"over18.csv": count(actg[actg["age"] > 18], "arms", "gender")}
    yield Case(name="eighteen-or-nineteen", files=older, released=arms, expected=DIFFER, source="actg175")
    young, old = count(actg[actg["age"] < 35], "arms"), count(actg[actg["age"] >= 35], "arms")
    yield Case(name="disjoint-cohorts", files={"young.csv": young}, released={"old.csv": old}, source="actg175")
    sexes = {"men.csv": count(actg[actg["gender"] == 1], "arms"), "women.csv": count(actg[actg["gender"] == 0], "arms")}
    yield Case(name="two-sexes", files=sexes, source="actg175")
    grades = {"grades.csv": count(gbsg, "tgrade")}
    treated = {"treated.csv": count(gbsg[gbsg["horTh"] == "yes"], "tgrade")}
    yield Case(name="subgroup-far-smaller", files=treated, released=grades, source="gbsg2")
    total = f"The cohort had {len(actg)} participants.\n".encode()
    later = as_json(actg.iloc[2:].groupby("arms").size().reset_index(name="n"))
    yield Case(
        name="two-withdrew",
        files={"arms.json": later},
        expected=DIFFER,
        source="actg175",
        released={"arms.json": as_json(actg.groupby("arms").size().reset_index(name="n")), "note.md": total},
    )
    means = {"mean_age.csv": as_csv(pd.DataFrame({"n": [len(actg)], "mean age": [round(actg["age"].mean(), 4)]}))}
    fewer = actg.iloc[1:]
    again = {"mean_age.csv": as_csv(pd.DataFrame({"n": [len(fewer)], "mean age": [round(fewer["age"].mean(), 4)]}))}
    yield Case(name="means-one-less", files=again, released=means, expected=DIFFER, source="actg175")
    other = {"weights.csv": as_csv(pd.DataFrame({"n": [len(gbsg)], "mean age": [round(gbsg["age"].mean(), 2)]}))}
    yield Case(name="means-other-study", files=other, released=means, source="gbsg2")


def linking() -> Iterator[Case]:
    """Every case of this module."""
    yield from undone()
    yield from derived()
    yield from differing()
