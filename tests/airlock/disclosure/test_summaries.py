"""Printed summaries of statsmodels, R and lifelines: read for what they say of people, and otherwise left alone."""

from __future__ import annotations

import pytest

from orchestrator.airlock.checks.fitted import from_text
from tests.airlock.disclosure.findings import flagged

STATSMODELS = """                            OLS Regression Results
==============================================================================
Dep. Variable:                 income   R-squared:                       0.012
Model:                            OLS   Adj. R-squared:                  0.004
Method:                 Least Squares   F-statistic:                     1.460
No. Observations:                 {n}   AIC:                         1.192e+04
Df Residuals:                     {left}   BIC:                         1.195e+04
Df Model:                           2   Log-Likelihood:                -5955.1
Covariance Type:            nonrobust
==============================================================================
                 coef    std err          t      P>|t|      [0.025      0.975]
------------------------------------------------------------------------------
Intercept    2.03e+04    622.102     32.614      0.000    1.91e+04    2.15e+04
age           23.5042      9.768      2.406      0.016       4.320      42.688
flag        3101.2242   {error}      0.624      0.533   -6662.551    1.29e+04
==============================================================================
"""
R = """Call:
lm(formula = income ~ age + region, data = df)

Coefficients:
             Estimate Std. Error t value Pr(>|t|)
(Intercept) 20113.21    1021.31  19.693  < 2e-16 ***
age            31.21       9.91   3.149  0.00172 **
regionWest    400.20     510.90   0.783  0.43400

Residual standard error: 5012 on {left} degrees of freedom
Multiple R-squared:  0.031,	Adjusted R-squared:  0.025
F-statistic: 4.761 on 2 and {left} DF,  p-value: 0.0009
"""
COX = """Call:
coxph(formula = Surv(time, status) ~ age + sex, data = df)

  n= {n}, number of events= 165

        coef exp(coef) se(coef)      z Pr(>|z|)
age  0.01704   1.01719  0.00922  1.848   0.0646 .
sex -0.51322   0.59857  0.16746 -3.065   0.0022 **
"""


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (STATSMODELS.format(n=600, left=597, error="410.123"), set()),
        (STATSMODELS.format(n=12, left=9, error="410.123"), {"LOW_DEGREES"}),
        (STATSMODELS.format(n=600, left=597, error="4970.81"), {"ONE_PERSON_TERM"}),
        (STATSMODELS.format(n=3, left=0, error="410.123"), {"SATURATED_MODEL"}),
        (R.format(left=595), set()),
        (R.format(left=7), {"LOW_DEGREES"}),
        (R.format(left=595).replace("510.90", "5110.90"), {"ONE_PERSON_TERM"}),
        (COX.format(n=228), set()),
        (COX.format(n=11), {"LOW_DEGREES"}),
    ],
)
def test_a_printed_summary(text, rules):
    assert flagged(text, "model.txt") & {"LOW_DEGREES", "SATURATED_MODEL", "ONE_PERSON_TERM"} == rules
    assert flagged(text, "model.txt") - {"SMALL_COUNT"} == rules


def test_what_is_read_from_a_summary():
    model = from_text(STATSMODELS.format(n=600, left=597, error="4970.81"))
    assert model is not None
    assert (model.observations, model.residual, model.parameters) == (600, 597, 2)
    assert [term.name for term in model.terms] == ["Intercept", "age", "flag"]
    assert model.spread == pytest.approx(4955, rel=0.01)
    assert from_text("The weather was fine.\n") is None


def test_the_likelihood_of_other_models_tells_no_spread():
    text = STATSMODELS.replace("OLS", "Logit").replace("Least Squares", "MLE").format(n=600, left=597, error="9999.9")
    model = from_text(text)
    assert model is not None
    assert model.spread is None
    assert flagged(text, "model.txt") == set()
