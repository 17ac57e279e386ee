"""What a heading, or the name of a statistic, says that numbers are; content decides where words are silent."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

__all__ = ["Role", "named", "plain", "stem"]


class Role(StrEnum):
    """What the numbers of a column, or of a row of statistics, are."""

    LABEL = "label"
    COUNT = "count"
    SHARE = "share"
    MEAN = "mean"
    SUM = "sum"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    PERCENTILE = "percentile"
    SPREAD = "spread"
    COEFFICIENT = "coefficient"
    STANDARD_ERROR = "standard error"
    P_VALUE = "p value"
    INTERVAL = "interval"
    DEGREES = "degrees"
    YEAR = "year"
    TIME = "time"
    INDEX = "index"
    IDENTIFIER = "identifier"
    OTHER = "other"


def _words(text: str) -> re.Pattern[str]:
    """Match any of the words in ``text``, whole; ``_`` stands for a space that may be left out."""
    alternatives = "|".join(word.replace("_", " ?") for word in text.split())
    return re.compile(rf"(?<![a-z0-9])(?:{alternatives})(?![a-z0-9])")


def _either(text: str) -> re.Pattern[str]:
    """Match any of the expressions in ``text``, one a line."""
    return re.compile("|".join(line.strip() for line in text.strip().splitlines()))


# The first that fits names the role. Headings stand as `plain` makes them: small letters, parted by single spaces.
_ROLES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    (
        Role.COEFFICIENT,
        _either(r"\b(?:odds|hazard|risk|rate|relative|incidence|prevalence) (?:rate )?(?:ratio|risk|diff)"),
    ),
    (
        Role.INTERVAL,
        _either(r"""
            \bconf\b|\bci\b|\bc i\b|confidence|credible
            [\[(]? ?0?\.(?:0?25|0?5|95|975) ?[\])]?$
            ^(?:97\.5|95\.0|2\.5) ?%
            \b(?:lower|upper) ?(?:bound|limit|95|ci|cl)?\b|\b[lu]cl\b|^(?:lb|ub|lo|hi|low|high)$
        """),
    ),
    (
        Role.P_VALUE,
        _either(r"""
            ^p$|\bp ?(?:val|values?)\b|\bpvals?\b|\bpvalues?\b|\bpr ?\(|\bp ?[>|<]|[<>|]\|[tz]\|
            \b[qp] ?adj|\bq ?val|\bfdr\b|signif|\bsig\b|\bprob \(|log2 ?\(p\)|^sf$|\blog2? p\b
        """),
    ),
    (
        Role.STANDARD_ERROR,
        _either(r"\bs\.? ?e\.?\b(?! ?=)|\bstd\.? ?err|standard err|\bstderr\b|\bsem\b|^se ?\(|robust se"),
    ),
    (Role.DEGREES, _words(r"df\w* dof d_f degrees?_of_freedom resid(?:ual)?_df ddof")),
    (
        Role.COUNT,
        _either(r"""
            ^(?:n|no|num|nr|number|count|counts|freq|frequency|cnt|nobs|obs)$|\b(?:number|no\.?|count|num) of\b
            ^n[ _]|\bn$|at ?risk|\bnumber at\b|\bsample size\b|\bunweighted\b|\bn ?\(%\)|\bno ?\(%\)
        """),
    ),
    (
        Role.SHARE,
        _either(r"""
            %|\bper ?cent|\bpct\b|\bshares?\b|\bproportions?\b|\bprop\b|\brates?\b|\brisk\b|prevalence|\bincidence
            \bfraction|\bratio of\b|survival|\bprobabilit|\bprob\b|\bper 1 ?0|\bcumulative prop
            \bkm\b|kaplan|\bs ?\(t\)
        """),
    ),
    (
        Role.SPREAD,
        _words(r"""
            sd s\.d\.? std stdev stddev st\.?_dev standard_dev(?:iation)? var variance iqr cv
            skew(?:ness)? kurt(?:osis)? mad range
        """),
    ),
    (
        Role.PERCENTILE,
        _words(r"""
            median med p[159] p\d\d q[123] quantiles? \d{1,2}(?:st|nd|rd|th)_(?:per)?centiles? q\d{2} mode \d{1,2}th
        """),
    ),
    (Role.MINIMUM, _words("min mins minimum smallest lowest youngest earliest shortest amin")),
    (Role.MAXIMUM, _words(r"max maxs maximum largest highest oldest latest longest top_\d* amax biggest greatest")),
    (Role.MEAN, _words("mean means average avg mu ave")),
    (
        Role.COEFFICIENT,
        _either(r"""
            \bcoefs?\b|coefficient|\bestimates?\b|\best\b|\bbeta\b|^b$|\b[ohri]rr?\b|\bsmd\b|\bauc\b|\bratio\b
            \bexp ?\(|^[tzfw]$|\b[tz] ?(?:value|stat|score)|\bstatistic\b|\bchi ?2?\b|\bchisq|\beffects?\b|\bslope\b
            \bintercept\b|\bdiff(?:erence)?s?\b|\br ?2\b|\br ?squared\b|\b[ab]ic\b|\bcorr?(?:elation)?\b|\bscores?\b
        """),
    ),
    (
        Role.IDENTIFIER,
        _words(r"""
            ids? codes? icd_(?:9|10|11)? snomed bnf atc key lsoa msoa ods uuid version seed hash read_code concept
            postcode
        """),
    ),
    (Role.YEAR, _words("years? yr calendar_year fiscal_year financial_year")),
    (
        Role.TIME,
        _words(r"""
            time times duration days? weeks? months? hours? follow_up event_at timeline timepoint lag tenure date dates
            surv_time minutes? seconds? t_stop t_start
        """),
    ),
    (
        Role.INDEX,
        _words(r"""
            age ages index rank order deciles? quintiles? quartiles? tertiles? percentiles? centiles? groups? bands?
            grade stage class cluster level step iteration epoch fold model visit bins? bin_(?:left|right|start|end)
            from to quarter wave round phase cohort strat(?:um|a) row cutoff threshold left right bmi weight height sex
            gender ethnicity region imd edges? parity dose dosage [sd]?bp pressure hba1c egfr creatinine glucose
            temperature pulse haemoglobin cholesterol sites? centres? centers? arm type category district
        """),
    ),
    (
        Role.COUNT,
        _words(r"""
            number no num counts? freq frequency frequencies total totals all cases? events? deaths? died patients?
            people persons? subjects? participants? women men females? males? children obs observations? records?
            admissions? denominator numerator size missing excluded censored observed entrance removed margin overall
            individuals? n\d* appointments? controls? exposed unexposed responders? positive negative yes spells
            episodes
        """),
    ),
    (
        Role.SUM,
        _words(
            r"sum sums costs? amounts? income revenue turnover spend(?:ing)? expenditure salary wages? charges? price"
        ),
    ),
)
_LONGEST = 300
"""What stands behind so many characters names nothing."""
_SUMMARIES = {Role.MEAN, Role.PERCENTILE, Role.SPREAD, Role.MINIMUM, Role.MAXIMUM}
_SIZE = re.compile(r"\(? ?\bn ?= ?[\d,]+ ?\)?")
_MONEY = _words("costs? amounts? income revenue turnover spend(?:ing)? expenditure salary wages? charges?")


@lru_cache(maxsize=4096)
def plain(heading: str) -> str:
    """Return a heading in small letters, its words parted by single spaces; signs that mean something stay."""
    text = unicodedata.normalize("NFKC", heading[:_LONGEST])
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).casefold()
    text = re.sub(r"(?<!\d)\.|\.(?!\d)", " ", text) if re.search(r"[a-z]\.[a-z]", text) else text
    return re.sub(r"\s+", " ", re.sub(r"[^\w%()\[\]|<>.=£$€]+|_", " ", text)).strip()


def stem(heading: str) -> str:
    """Return a heading without its numbers and last single letter: “Grade 1” and “Grade 2” share the stem “grade”."""
    words = [word for word in re.sub(r"[^a-z ]", " ", plain(heading)).split() if len(word) > 1 and word not in _ROMAN]
    return " ".join(words)


_ROMAN = {"ii", "iii", "iv", "vi", "vii", "viii", "ix", "and", "over", "under", "to", "plus"}


def _instead(words: str) -> Role:
    """“Mean number of visits” counts nothing, nor does “cost of patients”; “n missing” does."""
    if _MONEY.search(words):
        return Role.SUM
    if re.match(r"(?:n|no|number|count)\b|.*\bn ?\(%\)", words):
        return Role.COUNT
    others = (role for role, pattern in _ROLES if role in _SUMMARIES and pattern.search(words))
    return next(others, Role.COUNT)


@lru_cache(maxsize=4096)
def named(heading: str) -> Role | None:
    """Return what a heading says that its numbers are, or nothing when its words say nothing of that."""
    words = _SIZE.sub("", plain(heading)).strip()
    if re.fullmatch(r"\d{1,2}(?:\.\d)? ?%", words):
        return Role.PERCENTILE
    for role, pattern in _ROLES:
        if pattern.search(words):
            return _instead(words) if role is Role.COUNT else role
    return None
