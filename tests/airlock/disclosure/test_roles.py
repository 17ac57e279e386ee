"""What the numbers of a column are, told from its heading and from every row."""

from __future__ import annotations

import pytest

from orchestrator.airlock.checks.cells import read, spelt
from orchestrator.airlock.checks.columns import frame
from orchestrator.airlock.checks.roles import Role, is_total, roles, row_roles
from tests.airlock.disclosure.tables import table

COEFFICIENTS = "term,coef,std err,t,P>|t|,[0.025,0.975]\nconst,7,1,7,0.003,5,9\nage,-0.03,0.01,3,0.5,0,1\n"
BROOM = "term,estimate,std.error,statistic,p.value,conf.low,conf.high\nage,3,1,3,0.04,1,5\n"
COX = (
    "covariate,coef,exp(coef),se(coef),coef lower 95%,coef upper 95%,cmp to,z,p,-log2(p)\n"
    "age,0.1,1.1,0.02,0.06,0.14,0,5,0.001,9\n"
)
LIFE = "event_at,removed,observed,censored,entrance,at_risk\n0,0,0,0,163,163\n6,1,1,0,0,163\n"

CASES = {
    "an ordinary summary": ("arm,n,mean age\nplacebo,120,71.2\ntreated,118,70.9\n", "label count mean"),
    "coefficients": (COEFFICIENTS, "label coefficient standard_error coefficient p_value interval interval"),
    "R's tidy coefficients": (
        BROOM,
        "label coefficient standard_error coefficient p_value interval interval",
    ),
    "years": ("year,rate\n2019,0.21\n2020,0.25\n", "year share"),
    "years across": ("year,2019,2020\nA,2,4\nB,33,3\n", "label count count"),
    "deciles": ("age decile,n\n1,120\n2,133\n3,4\n", "index count"),
    "a crosstab": ("sex,placebo,treated\nF,53,50\nM,33,9\n", "label count count"),
    "a crosstab whose categories are letters of statistics": ("region,F,M\nN,3,44\nS,9,10\n", "label count count"),
    "categories that are words of intervals": ("site,low,medium,high\na,1,2,3\n", "label count count count"),
    "categories that are words of shares": ("group,high risk,low risk\na,3,4\n", "label count count"),
    "an unnamed crosstab": ("x,0,1\na,53,50\nb,33,9\n", "label count count"),
    "grades across": ("ward,Grade 1,Grade 2\na,12,3\nb,3,44\n", "label count count"),
    "ages across": ("sex,age 18-24,age 25-34\nF,3,44\nM,12,13\n", "label count count"),
    "quarters across": ("x,Q1,Q2,Q3,Q4\na,1,2,3,4\n", "label count count count count"),
    "quartiles": ("x,q1,median,q3\na,1,2,3\n", "label percentile percentile percentile"),
    "counts with shares": ("group,patients\na,120 (40%)\nb,4 (1.3%)\n", "label count"),
    "shares with counts": ("d,% (n)\nx,3% (7)\n", "label count"),
    "n (%)": ("d,n (%)\nx,7 (3%)\n", "label count"),
    "single ages": ("age,sex,n\n18,F,33\n19,F,4\n", "index label count"),
    "a histogram": ("bin_left,bin_right,count\n0,10,4\n10,20,33\n", "index index count"),
    "a survival curve": ("timeline,KM_estimate\n0,1.0\n5,0.98\n", "time share"),
    "a life table": (LIFE, "time count count count count count"),
    "two models": ("model,n,events,HR\n1,300,7,1.2\n2,300,8,1.3\n", "index count count coefficient"),
    "a risk ratio": ("term,risk ratio,p\na,1.0,0.5\n", "label coefficient p_value"),
    "a p-value beside a whole one": ("x,p\na,0.003\nb,1\n", "label p_value"),
    "money": ("region,sum,top1,top2\nN,100.5,60.2,20.1\n", "label sum maximum maximum"),
    "extremes": ("group,min age,max age,n\na,18,99,300\n", "label minimum maximum count"),
    "two rows of headings": (
        ",age,age,n\n,mean,std,count\narm,,,\nA,71.1,8.2,120\nB,70,8,4\n",
        "label mean spread count",
    ),
    "codes": ("code,n\n001,5\n002,6\n003,7\n", "identifier count"),
    "differences": ("group,change\na,-3\nb,4\n", "label other"),
    "a column of marks": ("group,n\na,*\nb,*\n", "label count"),
    "Arabic digits": ("group,n\na,٧\nb,٢٣\n", "label count"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_role_of_each_column(case):
    text, expected = CASES[case]
    assert [role.name.casefold() for role in roles(table(text))] == expected.split()


def test_a_table_of_coefficients_has_no_counts():
    for text in (COEFFICIENTS, BROOM, COX):
        assert Role.COUNT not in roles(table(text))


def test_the_last_row_decides_as_much_as_the_first():
    whole = "group,x\n" + "a,5\n" * 3000
    assert roles(table(whole))[1] is Role.COUNT
    assert roles(table(whole + "b,0.25\n"))[1] is Role.OTHER


def test_rows_of_statistics_have_roles_by_row():
    described = table(",age,hba1c\ncount,120,9\nmean,71.2,50.1\nstd,8.1,9\nmin,55,31\n50%,70,50\nmax,101,140\n")
    assert roles(described) == (Role.LABEL, Role.OTHER, Role.OTHER)
    assert list(row_roles(described).values()) == [
        Role.COUNT, Role.MEAN, Role.SPREAD, Role.MINIMUM, Role.PERCENTILE, Role.MAXIMUM,
    ]  # fmt: skip
    long = table("visit,statistic,value\n1,n,7\n1,mean,2.2\n2,n,8\n2,mean,4\n")
    assert roles(long) == (Role.INDEX, Role.LABEL, Role.OTHER)
    assert row_roles(long) == {2: Role.COUNT, 3: Role.MEAN, 4: Role.COUNT, 5: Role.MEAN}
    assert row_roles(table("sex,n\nmale,3\nfemale,4\n")) == {}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("7", 7), ("7.0", 7), ("٧", 7), ("७", 7), ("７", 7), ("七", 7), ("Ⅶ", 7), ("seven", 7), ("Twenty-one", 21),
        ("n=7", 7), ("N = 7", 7), ("7 (3.1%)", 7), ("7 [3.1]", 7), ("3.1% (7)", 7), ("7/226", 7), ("7 of 226", 7),
        ("(7)", 7), ("7*", 7), ("7 patients", 7), ("'7", 7), ("1,204", 1204), ("1 204", 1204), ("1\u202f204", 1204),
        ("7e0", 7), ("0007", 7), ("7 (low)", 7), ("-7", None), ("−7", None), ("0.7", None), ("7%", None), ("x", None),
        ("", None), ("71.2 (8.1)", None), ("5 (3, 8)", None), ("18-24", None), ("<10", None), ("one-way", None),
        ("1e400", None), ("9" * 400, None), ("nan", None),
    ],
)  # fmt: skip
def test_a_count_in_any_digits_or_spelling(text, count):
    assert read(text).count == count


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("<10", 0, 9),
        ("≤7", 0, 7),
        ("<= 7", 0, 7),
        ("1-4", 1, 4),
        ("1 to 9", 1, 9),
        ("fewer than 5", 0, 4),
        ("<10 (3%)", 0, 9),
    ],
)
def test_a_mask_states_bounds(text, least, most):
    cell = read(text)
    assert (cell.least, cell.most, cell.count) == (least, most, None)
    assert cell.masked


@pytest.mark.parametrize("text", ["*", "**", "[REDACTED]", "suppressed", "c", "-", "–", "NA", "nan", "z", ".."])
def test_a_mark_stands_where_a_number_was(text):
    assert read(text).mark


def test_shares_and_denominators_are_read():
    assert (read("7 (3.1%)").share, read("7/226").denominator) == (3.1, 226)
    assert (read("3.1% (7/226)").share, read("3.1% (7/226)").denominator) == (3.1, 226)


def test_number_words():
    assert [spelt(word) for word in ("zero", "nineteen", "ninety nine", "twenty ten", "dozen")] == [
        0,
        19,
        99,
        None,
        None,
    ]


def test_totals_are_told_by_their_label():
    assert all(map(is_total, ("Total", "All patients", "Overall", "grand_total", "allSexes")))
    assert not any(map(is_total, ("Allergy", "Totally blind", "summer", "female")))


def test_a_table_too_long_to_keep_is_still_read_to_its_end():
    found = frame(table("a,n\n" + "x,100\n" * 250_001 + "x,3\n"))
    assert (found.kept, found.rows, found.count, found.columns[1].least) == (False, [], 250_002, 3)


def test_a_broken_table_gives_what_was_read():
    found = frame(table('a,n\nx,5\n"open,3\n'))
    assert found.broken
    assert found.columns[1].whole == 1
