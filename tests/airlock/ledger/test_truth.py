"""Whatever the tables: what is computed holds the truth, more tables never tell less, nothing narrower is provable."""

from __future__ import annotations

from collections import Counter
from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.airlock.ledger.numbers import Numbers
from tests.airlock.ledger.outsider import known, released, tables

GROUPS = {
    "region": ("north", "south", "east"),
    "sex": ("female", "male"),
    "smoker": ("never", "former", "current", "unclear"),
}
PATIENT = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def people(draw) -> Counter:
    """Counts of people by region, sex and smoking: small ones mostly."""
    cells = list(product(*GROUPS.values()))
    counts = draw(st.lists(st.one_of(st.integers(0, 6), st.integers(0, 60)), min_size=len(cells), max_size=len(cells)))
    return Counter(dict(zip(cells, counts, strict=True)))


@st.composite
def plans(draw) -> tuple:
    """One table: its dimensions, whether it has totals, how it masks, and how many more cells it masks than it must."""
    crossed = [("region",), ("sex",), ("smoker",), ("region", "sex"), ("region", "smoker"), ("sex", "smoker")]
    masks = st.sampled_from(["*", "<5", "", "recompute"])
    more = draw(st.lists(st.integers(0, 11), max_size=3))
    return draw(st.sampled_from(crossed)), draw(st.booleans()), draw(masks), more


def count(data: Counter, **chosen: str) -> int:
    names = list(GROUPS)
    return sum(n for cell, n in data.items() if all(cell[names.index(name)] == level for name, level in chosen.items()))


def written(data: Counter, plan: tuple) -> str:
    """Write a long CSV: counts below 5 masked, and a few others; totals of everybody, or of the shown cells only."""
    dimensions, totals, mask, more = plan
    inner = list(product(*(GROUPS[each] for each in dimensions)))
    numbers = {cell: count(data, **dict(zip(dimensions, cell, strict=True))) for cell in inner}
    hidden = {cell for cell, n in numbers.items() if 1 <= n < 5}
    if mask != "<5":
        hidden |= {inner[at % len(inner)] for at in more}
    sign = "" if mask == "recompute" else mask
    rows = [(*cell, sign if cell in hidden else n) for cell, n in numbers.items()]
    summed = {cell: n for cell, n in numbers.items() if mask != "recompute" or cell not in hidden}
    for kept in product(*([*GROUPS[each], "Total"] for each in dimensions)) if totals else ():
        if "Total" in kept:
            fits = [n for cell, n in summed.items() if all(k in ("Total", c) for k, c in zip(kept, cell, strict=True))]
            rows.append((*kept, sum(fits)))
    lines = [",".join([*dimensions, "n"]), *(",".join(str(each) for each in row) for row in rows)]
    return "\n".join(lines) + "\n"


def parted(total: int) -> list[tuple[int, ...]]:
    return [(a, b, total - a - b) for a in range(total + 1) for b in range(total + 1 - a)]


def truth(data: Counter, labels: tuple) -> int:
    return count(data, **dict(labels))


@PATIENT
@given(data=people(), several=st.lists(plans(), min_size=1, max_size=4))
def test_every_interval_contains_the_truth(data, several):
    numbers = Numbers(threshold=5)
    new = [each for at, plan in enumerate(several) for each in tables(written(data, plan), f"{at}.csv", numbers)]

    for each in known(new, numbers=numbers).values():
        low, high = each.after
        assert low <= truth(data, each.labels), each
        assert high is None or truth(data, each.labels) <= high, each


@PATIENT
@given(data=people(), first=plans(), later=st.lists(plans(), min_size=1, max_size=3))
def test_a_further_release_never_tells_less(data, first, later):
    numbers = Numbers(threshold=5)
    new = tables(written(data, first), "new.csv", numbers)
    earlier = [each for at, plan in enumerate(later) for each in tables(written(data, plan), f"{at}.csv", numbers)]

    alone, after = known(new, numbers=numbers), known(new, released(earlier), numbers)
    for cell, each in alone.items():
        assert after[cell].after[0] >= each.after[0], cell
        if each.after[1] is not None:
            assert after[cell].after[1] is not None, cell
            assert after[cell].after[1] <= each.after[1], cell


@settings(max_examples=40, deadline=None)
@given(
    cells=st.lists(st.integers(0, 3), min_size=6, max_size=6),
    masks=st.lists(st.booleans(), min_size=6, max_size=6),
    columns=st.booleans(),
)
def test_nothing_narrower_can_be_proved(cells, masks, columns):
    """Enumerate every table of six counts with these totals and compare."""
    rows = [cells[:3], cells[3:]]
    lines = ["region,a,b,c,Total"]
    for name, values, hidden in zip(("north", "south"), rows, (masks[:3], masks[3:]), strict=True):
        shown = ["*" if mask else str(value) for value, mask in zip(values, hidden, strict=True)]
        lines.append(",".join([name, *shown, str(sum(values))]))
    below = [str(a + b) if columns else "*" for a, b in zip(*rows, strict=True)]
    lines.append(",".join(["Total", *below, str(sum(cells))]))
    new = tables("\n".join(lines) + "\n", numbers=Numbers(threshold=2))
    shown_sums = any(any(hidden) and sum(v for v, m in zip(values, hidden, strict=True) if not m) == sum(values)
                     for values, hidden in zip(rows, (masks[:3], masks[3:]), strict=True))  # fmt: skip
    if shown_sums or not any(cells):
        return  # totals that may be of the shown cells only are not believed; an empty table says nothing

    possible = [
        guess
        for guess in (upper + lower for upper, lower in product(*(parted(sum(each)) for each in rows)))
        if all(mask or guess[at] == cells[at] for at, mask in enumerate(masks))
        and (not columns or all(guess[at] + guess[at + 3] == cells[at] + cells[at + 3] for at in range(3)))
    ]
    for each in known(new, numbers=Numbers(threshold=2)).values():
        levels = {level for _, level in each.labels}
        picked = [r * 3 + c for r, row in enumerate(("north", "south")) for c, column in enumerate("abc")
                  if levels <= {row, column}]  # fmt: skip
        sums = [sum(guess[at] for at in picked) for guess in possible]
        assert each.after == (min(sums), max(sums)), each
