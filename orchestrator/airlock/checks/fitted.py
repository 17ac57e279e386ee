"""What a file says of a fitted model: observations, degrees of freedom, its spread, and its terms with standard errors.

Read from tables (statsmodels, broom, lifelines, ACRO) and from summaries as statsmodels, R and lifelines print them.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .cells import read
from .headings import Role, named, plain
from .views import View

__all__ = ["Model", "Term", "from_table", "from_text"]

_OBSERVATIONS = re.compile(
    r"(?:no|num(?:ber)?)\.? ?(?:of )?obs(?:ervations)?|nobs|n ?obs|observations|number of observations"
)
_RESIDUAL = re.compile(
    r"df ?resid(?:uals?)?|resid(?:ual)? ?df|df ?residual|residual degrees? of freedom|dof|df ?denom|"
    r"(?:df|degrees? of freedom) ?\(?(?:residuals?|error)\)?|error (?:df|degrees? of freedom)"
)
_MODEL_DF = re.compile(r"df ?model|model ?df")
_LIKELIHOOD = re.compile(r"log ?lik(?:elihood)?|llf")
_SIGMA = re.compile(r"sigma|residual standard error|rse|s\.?e\.? of regression|root mse")
_LEAST_SQUARES = re.compile(r"(?i)\b(?:OLS|WLS|least squares)\b")
_NUMBER = r"([-+]?\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?)"
_TEXT = {
    "observations": (
        re.compile(rf"(?i)\bno\. observations:\s*{_NUMBER}"),
        re.compile(rf"(?i)\bnumber of (?:obs(?:ervations)?)\s*[=|:]\s*{_NUMBER}"),
        re.compile(rf"(?i)^\s*n\s*=\s*{_NUMBER},\s*number of events", re.MULTILINE),
    ),
    "residual": (
        re.compile(rf"(?i)\bdf residuals:\s*{_NUMBER}"),
        re.compile(rf"(?i)\bresidual (?:standard error|deviance):?.{{0,40}}?\bon\s+{_NUMBER}\s+degrees of freedom"),
        re.compile(rf"(?i)\bF-statistic:.{{0,60}}\band\s+{_NUMBER}\s+DF"),
    ),
    "parameters": (re.compile(rf"(?i)\bdf model:\s*{_NUMBER}"),),
    "likelihood": (re.compile(rf"(?i)\blog-likelihood:\s*{_NUMBER}"),),
    "sigma": (re.compile(rf"(?i)\bresidual standard error:\s*{_NUMBER}"),),
}
_TERM = re.compile(r"^\s*([A-Za-z(][^\s|,]*)\s+([-+]?\d\S*)\s+([-+]?\d\S*)\s*$")
_HEAD = re.compile(r"(?i)\b(?:coef\w*|estimates?|beta)\b.*\b(?:se|std\.?|s\.e\.|error)\b")
_LINE = re.compile(
    r"^\s*([A-Za-z(][^\s|]*(?: [^\s\d|][^\s|]*)*)\s+([-+]?\d\S*)\s+([-+]?\d\S*)\s+([-+]?\d\S*)(?:\s+\S+){0,6}\s*$"
)


@dataclass(frozen=True, kw_only=True)
class Term:
    """One estimated term of a model."""

    name: str
    estimate: float | None
    error: float | None
    place: str


@dataclass
class Model:
    """What is said of one model. ``None`` where the file says nothing."""

    place: str
    observations: float | None = None
    residual: float | None = None
    parameters: float | None = None
    likelihood: float | None = None
    sigma: float | None = None
    terms: list[Term] = field(default_factory=list)
    normal: bool = False
    """Whether it was fitted by least squares: only then the likelihood tells the spread."""
    counted: bool = False
    """Whether a column beside the terms says how many people each of them stands for."""

    @property
    def spread(self) -> float | None:
        """Standard deviation of the residuals, stated or worked out from the log-likelihood of a normal model."""
        if self.sigma is not None:
            return self.sigma
        n, df, likelihood = self.observations, self.residual, self.likelihood if self.normal else None
        if not n or not df or likelihood is None or df <= 0:
            return None
        exponent = -2 * likelihood / n - math.log(2 * math.pi) - 1
        return math.sqrt(n / df * math.exp(exponent)) if exponent < 100 else None

    @property
    def estimated(self) -> float | None:
        """How many parameters were estimated: stated, or counted where terms are listed."""
        if self.parameters is not None:
            return self.parameters + 1
        if self.observations is not None and self.residual is not None and self.observations >= self.residual:
            return self.observations - self.residual
        return float(len(self.terms)) if self.terms else None


def from_table(seen: View) -> Model | None:
    """Return what a table says of a model, or nothing when it says nothing of one."""
    model = Model(place=seen.table.where)
    for label, value in _pairs(seen):
        _note(model, label, value)
    _columns(seen, model)
    model.terms = list(_terms(seen))
    model.counted = Role.COUNT in seen.roles
    model.normal = any(_LEAST_SQUARES.search(" ".join(row)) for row in [seen.table.columns, *_short(seen)])
    said = (model.observations, model.residual, model.sigma, model.likelihood)
    return model if model.terms or any(value is not None for value in said) else None


def _short(seen: View) -> Iterator[list[str]]:
    if seen.frame.kept and len(seen.frame.rows) <= 200:
        yield from (row for _, row in seen.frame.rows)


def _note(model: Model, label: str, value: float) -> None:
    words = plain(label).replace(".", " ").replace("  ", " ").strip()
    for pattern, name in (
        (_RESIDUAL, "residual"),
        (_MODEL_DF, "parameters"),
        (_OBSERVATIONS, "observations"),
        (_LIKELIHOOD, "likelihood"),
        (_SIGMA, "sigma"),
    ):
        if pattern.fullmatch(words) and getattr(model, name) is None:
            setattr(model, name, value)
            return


def _pairs(seen: View) -> Iterator[tuple[str, float]]:
    """Yield words with the number in the cell to their right, headings included: summaries stand so."""
    for row in [list(seen.table.columns), *_short(seen)]:
        for label, text in itertools.pairwise(row):
            value = read(text).number
            if value is not None and re.search("[A-Za-z]", label):
                yield label.rstrip(": "), value


def _columns(seen: View, model: Model) -> None:
    """Take what columns say of a model a row (broom’s ``glance``): the least of each, as the worst of the models."""
    if not (Role.DEGREES in seen.roles or any(_LIKELIHOOD.fullmatch(plain(name)) for name in seen.table.columns)):
        return
    for column in seen.frame.columns:
        if column.numbers:
            _note(model, column.heading, column.least)


def _terms(seen: View) -> Iterator[Term]:
    estimates, errors = seen.of(Role.COEFFICIENT), seen.of(Role.STANDARD_ERROR)
    names = [index for index, role in enumerate(seen.roles) if role is Role.LABEL]
    if not estimates or not names or len(seen.frame.rows) > 2_000:
        return
    for number, row in seen.rows():
        name = row[names[0]].strip() if names[0] < len(row) else ""
        estimate = seen.cell(row, estimates[0]).number
        error = seen.cell(row, errors[0]).number if errors else None
        if name and (estimate is not None or error is not None):
            yield Term(name=name, estimate=estimate, error=error, place=f"row {number} ({name[:40]})")


def from_text(text: str, where: str = "") -> Model | None:
    """Return what a printed summary says of a model, or nothing when it is none."""
    model = Model(place=where)
    for name, patterns in _TEXT.items():
        values = [float(found.group(1).replace(",", "")) for pattern in patterns for found in pattern.finditer(text)]
        if values:
            setattr(model, name, min(values))
    if model.observations is None and model.residual is None:
        return None
    model.normal = _LEAST_SQUARES.search(text) is not None
    short = False
    for number, line in enumerate(text.split("\n"), start=1):
        short = short or (len(line) < 400 and _HEAD.search(line) is not None)
        found = (_LINE.match(line) or (short and _TERM.match(line))) if len(line) < 400 else None
        if found and named(found.group(1)) is not Role.DEGREES:
            estimate, error = (read(found.group(index).strip("*")).number for index in (2, 3))
            model.terms.append(
                Term(
                    name=found.group(1), estimate=estimate, error=error, place=f"line {number} ({found.group(1)[:40]})"
                )
            )
    return model
