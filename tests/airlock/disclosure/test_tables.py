"""Small tables: exactly which rules of disclosure each of them breaks, and silence on ordinary safe results."""

from __future__ import annotations

import pytest

from orchestrator.airlock.model import Severity
from tests.airlock.disclosure.findings import findings, flagged, said

UNSAFE = {
    # counts
    "a count": ("arm,n\na,120\nb,4\n", "SMALL_COUNT"),
    "one below the threshold": ("arm,n\na,120\nb,9\n", "SMALL_COUNT"),
    "as a float": ("arm,n\na,120.0\nb,7.0\n", "SMALL_COUNT"),
    "in Arabic digits": ("arm,n\na,١٢٠\nb,٧\n", "SMALL_COUNT"),
    "in full-width digits": ("arm,n\na,120\nb,７\n", "SMALL_COUNT"),
    "spelt": ("arm,n\na,one hundred\nb,120\nc,seven\n", "SMALL_COUNT"),
    "labelled": ("arm,size\na,n=120\nb,n=7\n", "SMALL_COUNT"),
    "with a share": ("arm,patients\na,120 (53.1%)\nb,7 (3.1%)\n", "SMALL_COUNT"),
    "after a share": ("arm,% (n)\na,53.1% (120)\nb,3.1% (7)\n", "SMALL_COUNT"),
    "of a denominator": ("arm,responders\na,60/120\nb,7/118\n", "SMALL_COUNT"),
    "beside thousands": ('arm,n\na,"1,204"\nb,3\n', "SMALL_COUNT"),
    "beside thousands with thin spaces": ("arm,n\na,1\u202f204\nb,3\n", "SMALL_COUNT"),
    "in a wide table": ("ward,Grade 1,Grade 2,Grade 3\na,12,30,5\nb,30,44,11\n", "SMALL_COUNT"),
    "in a column for each year": ("region,2019,2020\nN,120,4\nS,130,133\n", "SMALL_COUNT"),
    "in a row of statistics": (
        ",age,hba1c\ncount,120,7\nmean,71.2,50.1\nstd,8.1,9.3\n",
        "SMALL_COUNT SMALL_GROUP_STATISTIC",
    ),
    "in a long table of statistics": (
        "visit,statistic,value\n1,n,7\n1,sd,2.2\n2,n,80\n2,sd,4\n",
        "SMALL_COUNT",
    ),
    "in a table of characteristics": (
        "Characteristic,Placebo (n=86),Treated (n=84),p\n\"Age, mean (SD)\",75.2 (8.6),74.4 (7.9),0.55\n"
        "Female n (%),53 (61.6),4 (4.8),0.01\n",
        "SMALL_COUNT",
    ),
    "in a label": ("group,rate\nall (n=240),0.2\nrare (n=3),0.3\n", "SMALL_COUNT"),
    "with an asterisk": ("arm,n\na,120\nb,7*\n", "SMALL_COUNT"),
    "a total": ("arm,n\na,*\nb,<10\nTotal,7\n", "SMALL_TOTAL"),
    "a weak mask": ("arm,n\na,120\nb,<5\n", "WEAK_MASK"),
    "a mask of a narrow range": ("arm,n\na,120\nb,1-4\n", "WEAK_MASK"),
    # zeros, all, alike
    "a zero": ("arm,n\na,120\nb,0\n", "ZERO_COUNT"),
    "a class that is one": ("sex,yes,no\nF,53,0\nM,33,90\n", "ZERO_COUNT"),
    "all of a group": ("arm,responders,%\na,120,100\nb,40,33.3\n", "ALL_OF_GROUP"),
    "all of a group within the cell": ("arm,responders\na,120 (100%)\nb,40 (33.3%)\n", "ALL_OF_GROUP"),
    "all of a denominator": ("arm,responders\na,120/120\nb,40/118\n", "ALL_OF_GROUP"),
    "all as a proportion": ("arm,n,proportion\na,120,1.0\nb,140,0.3333\n", "ALL_OF_GROUP"),
    "none of a group": ("arm,percent\na,0\nb,33.3\n", "NONE_OF_GROUP"),
    "no spread": ("group,n,mean,sd\na,120,3.2,0\nb,130,4.1,1.1\n", "ALL_SAME_VALUES"),
    "no spread in a row of statistics": (",a,b\ncount,120,118\nmean,3.2,50.1\nstd,0.0,9.3\n", "ALL_SAME_VALUES"),
    "minimum and maximum agree": ("group,n,min,max\na,120,3,3\nb,130,1,9\n", "ALL_SAME_VALUES EXTREME_VALUE"),
    # single values
    "extremes": ("region,n,min age,max age\nN,120,18,101\n", "EXTREME_VALUE"),
    "extremes of ACRO's pivot": ("region,max income,min income\nN,90211.2,801.3\nS,80011.9,900.1\n", "EXTREME_VALUE"),
    "extremes below two headings": (
        ",income,income\n,max,min\nregion,,\nN,90211.2,801.3\nS,80011,900\n",
        "EXTREME_VALUE",
    ),
    "a range in one cell": ("Characteristic,All\n\"Age, median (range)\",71 (52-89)\n", "EXTREME_VALUE"),
    "a column of ranges": ("group,n,range\na,120,18–97\nb,130,19–95\n", "EXTREME_VALUE"),
    "a far percentile": ("group,n,median,p99\na,240,71.5,88.5\n", "FEW_BEHIND_PERCENTILE"),
    "a median of few": ("group,n,median\na,*,71.5\nb,40,70\n", "SMALL_GROUP_STATISTIC"),
    "a mean of hidden few": ("group,n,mean cost\na,<10,71.5\nb,40,70.2\n", "SMALL_GROUP_STATISTIC"),
    # magnitudes
    "two contributors": (
        "region,total,largest,second largest\nN,100,60,35\nS,1000,10,9\n",
        "DOMINANCE P_RATIO EXTREME_VALUE",
    ),
    "one contributor": ("region,sum,top1\nN,100,93\nS,1000,10\n", "DOMINANCE EXTREME_VALUE"),
    "shares of the two largest": ("region,turnover,share of two largest\nN,1000.5,93\nS,880.5,31\n", "DOMINANCE"),
    "contributions": (
        "hospital,region,cost\na,N,1000.5\nb,N,20.1\nc,N,9.9\nd,S,10\ne,S,11\nf,S,12.5\n",
        "DOMINANCE P_RATIO",
    ),
    # taken out and given back
    "a row's total": (
        "region,treated,control,Total\nNorth,*,30,33\nSouth,40,41,81\nTotal,43,71,114\n",
        "SUPPRESSION_UNDONE",
    ),
    "a column's total": ("region,n\nNorth,*\nSouth,40\nEast,30\nTotal,74\n", "SUPPRESSION_UNDONE"),
    "ACRO's margins": (
        "region,F,M,All\nEast,48.0,48,96\nNorth,153.0,145,298\nWest,,12,21\nAll,210,205,415\n",
        "SUPPRESSION_UNDONE",
    ),
    "totals of what is shown": (
        "region,F,M,All\nEast,48,48,96\nNorth,153,145,298\nWest,*,12,12\nAll,201,205,406\n",
        "TOTALS_OF_SHOWN",
    ),
    "one cell opens the next": (
        "region,a,b,Total\nNorth,*,30,33\nSouth,*,*,81\nEast,10,11,21\nTotal,53,82,135\n",
        "SUPPRESSION_UNDONE",
    ),
    "a hidden total": ("region,a,b,Total\nN,20,30,50\nS,40,41,*\n", "SUPPRESSION_UNDONE"),
    "a share beside a mask": ("region,n (%)\nN,120 (60.0%)\nS,<10 (3.5%)\nE,73 (36.5%)\n", "SHARE_GIVES_COUNT"),
    "a column of shares beside a mask": ("region,n,%\nN,120,60.0\nS,*,3.5\nE,73,36.5\n", "SHARE_GIVES_COUNT"),
    "a share of a known group": ("group,n,event rate\na,120,0.025\nb,230,0.30\n", "SHARE_GIVES_COUNT"),
    "exact shares beside rounded counts": (
        "region,n,%\nN,120,60.4\nS,35,16.3\nE,45,23.3\nTotal,200,100\n",
        "UNROUNDED_SHARES",
    ),
    # rounding
    "a promise": ("rounded to the nearest 5:\nregion,n\nN,120\nS,133\n", "ROUNDING_CLAIM_NOT_KEPT"),
    # models
    "few degrees of freedom": ("statistic,value\nNo. Observations,12\nDf Residuals,9\n", "LOW_DEGREES"),
    "a saturated model": ("statistic,value\nnobs,12\ndf.residual,0\n", "SATURATED_MODEL"),
    "models a row": ("model,r.squared,df.residual,nobs\na,0.3,120,130\nb,0.9,7,20\n", "LOW_DEGREES"),
    "statsmodels' first table": (
        "Dep. Variable:,income,R-squared:,0.9\nNo. Observations:,12,AIC:,127.0\nDf Residuals:,9,BIC:,12.0\n",
        "LOW_DEGREES",
    ),
    "terms that name persons": ("term,coef,se\npatient_id[T.17],3.1,1.0\npatient_id[T.18],1.1,1.0\n", "PERSON_TERMS"),
    "separation": ("term,coef,std err,z\nconst,-1.1,0.2,-5\nrare,21.3,12048.1,0.002\n", "SEPARATED_TERM"),
    # survival
    "few at risk": ("time,at risk,survival\n0,163,1\n12,60,0.8\n24,8,0.5\n", "SMALL_COUNT SURVIVAL_AT_RISK"),
    "single events": (
        "time,at risk,events\n0,163,20\n12,60,1\n24,40,15\n",
        "SMALL_COUNT SURVIVAL_SINGLE_EVENT",
    ),
    "a curve of single events": (
        "timeline,KM_estimate\n0,1.0\n3,0.975\n9,0.95\n14,0.925\n15,0.9\n31,0.875\n40,0.85\n",
        "SURVIVAL_STEPS",
    ),
    # histograms
    "thin tails": ("bin_left,bin_right,count\n0,10,4\n10,20,33\n20,30,90\n30,40,12\n", "SMALL_COUNT HISTOGRAM_TAIL"),
    "edges at the extremes": (
        "bin_left,bin_right,count\n17.93,25.28,14\n25.28,32.63,33\n32.63,39.98,90\n39.98,47.33,12\n",
        "EXTREME_VALUE",
    ),
}  # fmt: skip

SAFE = {
    "an ordinary summary": "arm,n,mean age,sd\nplacebo,120,71.2,8.1\ntreated,118,70.9,7.9\n",
    "coefficients": "term,coef,std err,t,P>|t|,[0.025,0.975]\nconst,7,1,7,0.003,5,9\nage,-0.03,0.01,3,0.5,0,1\n",
    "R's tidy coefficients": "term,estimate,std.error,statistic,p.value,conf.low,conf.high\nage,3,1,3,0.04,1,5\n",
    "a Cox model": "covariate,coef,exp(coef),se(coef),z,p,-log2(p)\nage,0.1,1.1,0.02,5,0.001,9\nsex,1,2.7,1,1,0.3,2\n",
    "a p-value": "comparison,n,p\na vs b,240,0.003\na vs c,250,1\n",
    "years and rates": "year,rate per 1000\n2019,7\n2020,5\n2021,4\n",
    "years across": "measure,2019,2020\nadmissions,120,140\ndeaths,20,30\n",
    "deciles": "age decile,n\n1,120\n2,133\n3,140\n4,128\n",
    "ages": "age,n\n1,120\n2,133\n3,140\n4,128\n",
    "ids of strata": "stratum,site,n\n1,1,120\n2,1,133\n3,2,140\n",
    "codes": "icd10,n\nC50,120\nC61,130\n",
    "honest masks": "arm,n\na,<10\nb,130\nc,*\nd,[REDACTED]\n",
    "masks of at most nine": "arm,n\na,≤9\nb,1-9\nc,130\n",
    "differences": "group,n,change\na,120,-7\nb,130,4\n",
    "ratios with intervals": "term,HR (95% CI)\nage,0.8 (0.7 to 0.9)\nsex,7.1 (2.3 to 9.9)\n",
    "means with spreads": "what,placebo,treated\nAge mean (SD),75.2 (8.6),74.4 (7.9)\nBMI mean (SD),9 (3),8 (2)\n",
    "medians of many": "group,n,median,p25,p75\na,240,7,5,9\nb,250,6,4,9\n",
    "a zero among the missing": "variable,missing\nage,0\nbmi,12\n",
    "a survival curve at fixed times": "year,survival\n0,1.0\n1,0.95\n2,0.91\n3,0.80\n5,0.71\n10,0.5\n",
    "a life table of many": "time,at risk,survival\n0,1163,1\n12,900,0.8\n24,480,0.5\n",
    "two hidden in each line": "region,a,b,Total\nN,*,*,33\nS,*,*,81\nE,20,30,50\nTotal,70,94,164\n",
    "a total of something else": "region,cases,controls,population\nN,*,30,3300\nS,40,41,8100\nE,50,44,9000\n",
    "rounded with margins": "region,a,b,Total\nN,*,30,35\nS,40,40,80\nE,20,30,50\n",
    "spread magnitudes": "region,total\nN,1000.5\nS,2000.1\n",
    "a histogram with open ends": "bin,count\nunder 20,40\n20 to 40,330\n40 and over,120\n",
    "shares without counts": "group,n,%\na,120,40.0\nb,180,60.0\n",
    "shares of large groups": "group,n,proportion\na,1200,0.40\nb,1800,0.61\n",
    "a total of 100 percent": "group,n,%\na,120,40.0\nb,180,60.0\nTotal,300,100.0\n",
    "a model of many": "statistic,value\nNo. Observations,600\nDf Residuals,597\nDf Model,2\n",
    "a scale of answers": "score,n\n1,120\n2,133\n3,140\n",
    "costs": "region,n,mean cost\nN,120,7\nS,130,9\n",
    "a folded model": "fold,auc\n1,0.7\n2,0.71\n3,0.69\n",
    "performance": "model,accuracy,auc\nlogistic,0.8,0.7\nforest,0.9,0.75\n",
    "reference ranges": "test,n,reference range\nHbA1c,120,20-42\nglucose,130,4-7\n",
}  # fmt: skip


@pytest.mark.parametrize("case", UNSAFE)
def test_an_unsafe_table_breaks_exactly_these_rules(case):
    content, rules = UNSAFE[case]
    assert flagged(content) == set(rules.split())


@pytest.mark.parametrize("case", SAFE)
def test_an_ordinary_safe_table_is_left_alone(case):
    assert flagged(SAFE[case]) == set()


@pytest.mark.parametrize("case", UNSAFE)
def test_every_finding_says_where_and_what_to_do_in_printable_words(case):
    for each in findings(UNSAFE[case][0]):
        assert each.where
        assert each.message.endswith(".")
        assert (each.where + each.message + each.guidance).isprintable()
        assert each.guidance.endswith(".")


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Of these, three patients died (n = 4).\n", {"SMALL_COUNT"}),
        ("We saw 7/226 (3.1%) relapses.\n", {"SMALL_COUNT"}),
        ("Relapses: 7 (3.1%) in one arm.\n", {"SMALL_COUNT"}),
        ("Seventeen patients were seen. Seven people left.\n", {"SMALL_COUNT"}),
        ("We studied 240 people over 7 years in 3 models; HR 0.8 (0.7 to 0.9), p = 0.003.\n", set()),
        ("Chapter 7 (see page 9) has 1,204 patients.\n", set()),
    ],
)
def test_counts_in_words(text, rules):
    assert flagged(text, "t.md") == rules


def test_an_assignment_in_a_program_is_no_count():
    code = "import numpy as np\nn = 7\nfor i in range(n):\n    print(i, n=3)\n"
    assert flagged(code, "t.py") == set()


def test_nested_results_in_json_are_read():
    assert "SMALL_COUNT" in flagged('{"deaths": {"n": 3}, "arm": [{"name": "a", "n": 120}]}', "t.json")
    assert flagged('{"model": {"coef": {"age": 7.5, "sex": -1.5}, "n": 240}, "p": 0.04}', "t.json") == set()


def test_the_value_that_was_hidden_is_named():
    one = said(UNSAFE["a row's total"][0], "SUPPRESSION_UNDONE")
    assert "row 2 (North) column “treated” is 33 − 30 = 3" in one.where
    assert "is 7" in said(UNSAFE["a share beside a mask"][0], "SHARE_GIVES_COUNT").where
    assert "0.025 of 120 is 3" in said(UNSAFE["a share of a known group"][0], "SHARE_GIVES_COUNT").where
    chain = said(UNSAFE["one cell opens the next"][0], "SUPPRESSION_UNDONE")
    assert "3 cells" in chain.message


def test_totals_that_do_not_add_up_are_noted():
    found = said("region,a,b,Total\nN,20,30,50\nS,40,41,81\nE,30,31,71\n", "TOTALS_DO_NOT_ADD")
    assert found.severity is Severity.NOTE
    assert "row 4 (E)" in found.where


def test_a_count_at_the_end_of_many_rows_is_found():
    assert "SMALL_COUNT" in flagged("group,n\n" + "g,100\n" * 260_000 + "h,2\n")
    assert "SMALL_COUNT" not in flagged("group,n\n" + "g,100\n" * 260_000 + "h,20\n")


PACK_CASES = [
    ("arm,n\na,120\nb,9\n", "opensafely", "NOT_ROUNDED"),  # above its threshold, but exact
    ("arm,n\na,120\nb,10\n", "opensafely", ""),
    ("arm,n\na,123\nb,15\nc,27\n", "opensafely", ""),  # midpoints
    ("arm,n\na,123\nb,3\nc,27\n", "opensafely", ""),  # 3 stands for 1 to 6
    ("arm,n\na,123\nb,3\nc,27\n", "nhs-hes", "SMALL_COUNT NOT_ROUNDED"),
    ("arm,n\na,121\nb,15\nc,30\n", "opensafely", "NOT_ROUNDED"),
    ("arm,n\na,120\nb,0\n", "opensafely", ""),
    ("arm,n\na,120\nb,*\nc,15\n", "nhs-england-sde", ""),
    ("arm,n\na,121\nb,*\nc,15\n", "nhs-england-sde", "NOT_ROUNDED"),
    ("arm,n\na,120\nb,4\n", "datashield", ""),
    ("arm,n\na,120\nb,2\n", "datashield", "SMALL_COUNT"),
    ("arm,n\na,120\nb,5\n", "nhs-hes", "SMALL_COUNT"),
    ("statistic,value\nnobs,100\nDf Residuals,60\n", "datashield", "MANY_PARAMETERS"),
    ("statistic,value\nnobs,100\nDf Residuals,70\n", "datashield", ""),
]


@pytest.mark.parametrize(("content", "pack", "rules"), PACK_CASES)
def test_each_pack_asks_for_its_own(content, pack, rules):
    assert flagged(content, pack=pack) == set(rules.split())


def test_a_pack_without_exceptions_blocks():
    assert said("arm,n\na,120\nb,4\n", "SMALL_COUNT", pack="ukllc").severity is Severity.BLOCK
    zero = said("arm,n\na,120\nb,0\n", "SMALL_COUNT", pack="ukllc")
    assert (zero.severity, zero.message) == (Severity.BLOCK, "1 cell may be a count from 0 to 9.")
    assert said("arm,n\na,120\nb,0\n", "ZERO_COUNT", pack="opensafely").severity is Severity.NOTE
