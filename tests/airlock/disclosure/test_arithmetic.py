"""What the checks work out: rounding, suppression, shares, dominance, curves and models, on numbers of all kinds."""

# ruff: noqa: S311 - numbers for tests
from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.airlock.checks.dominance import breaks_nk, breaks_p
from orchestrator.airlock.checks.extremes import quantile
from orchestrator.airlock.checks.models import people_behind
from orchestrator.airlock.checks.proportions import counts_behind
from orchestrator.airlock.checks.rounding import follows, rounding_claimed
from orchestrator.airlock.checks.shares import Share, counts_within
from orchestrator.airlock.checks.survival import exact_steps, single_steps
from tests.airlock.disclosure.findings import flagged, said

counts = st.integers(10, 5_000)


def table(heading: list[str], rows: list[list[object]]) -> str:
    return "\n".join(",".join(map(str, row)) for row in [heading, *rows]) + "\n"


@settings(deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([3, 5, 6, 10]))
def test_whatever_is_rounded_follows_its_scheme(count, base):
    assert follows(base * round(count / base), f"nearest-{base}")
    midpoint = 0 if count == 0 else math.ceil(count / base) * base - (base - base // 2)
    assert follows(midpoint, f"midpoint-{base}")


@settings(deadline=None)
@given(st.lists(counts, min_size=2, max_size=12, unique=True), st.sampled_from(["opensafely", "nhs-hes"]))
def test_counts_pass_a_pack_exactly_when_they_are_rounded(values, pack):
    content = table(["group", "n"], [[f"g{index}", value] for index, value in enumerate(values)])
    schemes = ["nearest-5"] if pack == "nhs-hes" else ["nearest-5", "midpoint-6"]
    rounded = any(all(follows(value, scheme) for value in values) for scheme in schemes)
    assert ("NOT_ROUNDED" in flagged(content, pack=pack)) is not rounded


@settings(deadline=None)
@given(
    st.lists(st.lists(st.integers(11, 400), min_size=3, max_size=3), min_size=2, max_size=5),
    st.integers(1, 9),
    st.data(),
)
def test_one_hidden_cell_beside_its_totals_is_always_worked_out(body, small, data):
    row, column = data.draw(st.integers(0, len(body) - 1)), data.draw(st.integers(0, 2))
    body[row][column] = small
    values = [value for line in body for value in line]
    assume(any(value % 5 for value in values if value != small))
    shown: list[list[object]] = [[f"r{index}", *line, sum(line)] for index, line in enumerate(body)]
    shown.append(["Total", *map(sum, zip(*body, strict=True)), sum(values)])
    shown[row][column + 1] = data.draw(st.sampled_from(["*", "<10", "[REDACTED]", ""]))
    finding = said(table(["region", "a", "b", "c", "Total"], shown), "SUPPRESSION_UNDONE")
    assert f"row {row + 2} (r{row}) column “{'abc'[column]}”" in finding.where
    assert finding.where.endswith(f"= {small}")


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(11, 400), min_size=3, max_size=3), min_size=3, max_size=5), st.data())
def test_a_rectangle_of_hidden_cells_is_left_to_the_ledger(body, data):
    first, second = data.draw(st.permutations(range(len(body))))[:2]
    shown: list[list[object]] = [[f"r{index}", *line, sum(line)] for index, line in enumerate(body)]
    shown.append(["Total", *map(sum, zip(*body, strict=True)), sum(map(sum, body))])
    for row in (first, second):
        shown[row][1] = shown[row][2] = "*"
    assert "SUPPRESSION_UNDONE" not in flagged(table(["region", "a", "b", "c", "Total"], shown))


@settings(deadline=None)
@given(st.integers(1, 2_000), st.integers(1, 2_000), st.integers(0, 3))
def test_the_count_behind_a_share_is_always_among_the_possible_ones(count, more, digits):
    whole = count + more
    shown = round(100 * count / whole, digits)
    half = 0.5 * 10.0**-digits
    assert count in counts_within(Share((shown - half) / 100, (shown + half) / 100), whole)


@settings(deadline=None)
@given(st.lists(st.integers(1, 300), min_size=2, max_size=6))
def test_exact_proportions_give_their_counts_back(values):
    total, common = sum(values), math.gcd(*values)
    assume(total // common >= 20 and any((value * 10**6) % total for value in values))
    assert counts_behind([value / total for value in values]) == [value // common for value in values]
    assert counts_behind([round(value / total, 2) for value in values[:-1]]) == []


def test_a_normalised_crosstab_of_full_precision_is_found_and_a_rounded_one_is_not():
    exact = table(["region", "no", "yes"], [["N", 163 / 166, 3 / 166], ["S", 100 / 150, 50 / 150]])
    assert "3 of 166" in said(exact, "SHARE_GIVES_COUNT").where
    assert flagged(table(["region", "no", "yes"], [["N", 0.98, 0.02], ["S", 0.67, 0.33]])) == set()


def test_correlations_are_no_proportions():
    content = table(["", "age", "bmi"], [["age", 1.0, 0.1095860343911], ["bmi", 0.1095860343911, 1.0]])
    assert flagged(content) == set()


@settings(deadline=None)
@given(st.lists(st.floats(0.1, 1e6), min_size=3, max_size=20), st.integers(1, 3), st.integers(50, 99))
def test_dominance_is_as_its_definition(values, n, k):
    largest, total = sorted(values, reverse=True), math.fsum(values)
    share = 100 * math.fsum(largest[:n]) / total
    assume(abs(share - k) > 1e-6)
    assert breaks_nk(largest, total, n, k) is (share >= k)
    rest = 100 * math.fsum(largest[2:]) / largest[0]
    assume(abs(rest - 10) > 1e-6)
    assert breaks_p(largest[0], largest[1], total, 10) is (rest < 10)


def test_acros_own_boundary_of_dominance_fails():
    assert breaks_nk([60, 30], 100, 2, 90)
    assert not breaks_nk([60, 29.9], 100, 2, 90)
    assert not breaks_nk([], 0, 2, 90)
    assert breaks_p(100, 50, 159, 10)
    assert not breaks_p(100, 50, 160, 10)


@pytest.mark.parametrize(
    ("name", "share"),
    [("median", 0.5), ("50%", 0.5), ("p99", 0.99), ("Q1", 0.25), ("q3", 0.75), ("95th percentile", 0.95), ("p5", 0.05),
     ("97.5%", 0.975), ("mean", None)],
)  # fmt: skip
def test_which_percentile_a_name_means(name, share):
    assert quantile(name) == share


@pytest.mark.parametrize(
    ("words", "base"),
    [
        ("All counts rounded to the nearest 5.", 5),
        ("counts were rounded to nearest 10", 10),
        ("Rounding: base 6", 6),
        ("rounded to 2 decimals", None),
        ("around the nearest 5 hospitals", None),
    ],
)
def test_a_promise_of_rounding_in_words(words, base):
    assert rounding_claimed([words]) == base


def curve(at_risk: int, events: list[int], lost: list[int]) -> list[float]:
    survival, values = 1.0, [1.0]
    for died, gone in zip(events, lost, strict=True):
        survival *= 1 - died / at_risk
        at_risk -= died + gone
        values.append(survival)
    return values


@settings(deadline=None)
@given(st.integers(60, 900), st.integers(0, 2**32))
def test_a_curve_of_single_events_gives_the_number_at_risk(people, seed):
    chance = random.Random(seed)
    lost = [chance.choice([0, 0, 1, 2]) for _ in range(12)]
    values = curve(people, [1] * 12, lost)
    assert exact_steps(values)[0] == people
    assert single_steps(values)[0] == people
    if people < 100:
        assert single_steps([round(value, 6) for value in values])[0] == people


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_a_curve_at_fixed_times_gives_nothing(seed):
    chance = random.Random(seed)
    values = [1.0]
    for _ in range(10):
        values.append(round(values[-1] * chance.uniform(0.85, 0.97), 3))
    assert exact_steps(values) == []
    assert [count for count in single_steps(values) if count > 40] == []


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_an_indicator_of_k_people_never_looks_like_more_than_k(seed, people):
    """The error of an indicator is at least spread / √k, whatever else is in the model: the estimate is at most k."""
    chance = np.random.default_rng(seed)
    n = 300
    age = chance.uniform(18, 90, n)
    flag = np.zeros(n)
    flag[chance.choice(n, people, replace=False)] = 1
    y = 100 + age + chance.normal(0, 20, n)
    x = np.column_stack([np.ones(n), age, flag])
    inverse = np.linalg.inv(x.T @ x)
    left = y - x @ (inverse @ x.T @ y)
    spread = float(np.sqrt(left @ left / (n - 3)))
    error = spread * float(np.sqrt(inverse[2, 2]))
    behind = people_behind(spread, error)
    assert behind <= people + 1e-6
    assert behind >= 0.7 * people
    assert (behind <= 1.05) is (people == 1)
