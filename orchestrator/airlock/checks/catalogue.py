"""Every rule that a finding may name: what it looks for, how grave it usually is, and the guidance it comes from.

Names follow ACRO and the statbarn vocabulary where those have one (``LowCount`` is ``SMALL_COUNT``, ``LowDOF`` is
``LOW_DEGREES``, ``Dominance`` and ``ClassDisclosure`` are spelt out). A pack may make a rule graver, see ``packs``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.airlock.model import Severity

__all__ = ["DISCLOSURE", "RULES", "Rule"]


@dataclass(frozen=True)
class Rule:
    """One rule. ``severity`` is the usual one; ``source`` is the guidance, paper or measurement it comes from."""

    rule: str
    what: str
    severity: Severity
    source: str


NOTE, FLAG, BLOCK = Severity.NOTE, Severity.FLAG, Severity.BLOCK
_SDAP = "SDAP, Handbook on Statistical Disclosure Control for Outputs (2019)"
_DWB = "Data without Boundaries, Guidelines for Output Checking (2009)"
_ACRO = "ACRO 1.0, default.yaml and sdcchecks.py"
_OPENSAFELY = "OpenSAFELY documentation, outputs/sdc.md"
_OPENSAFELY_FILES = "OpenSAFELY documentation, outputs/requesting-file-release.md"
_SATRE = "SATRE specification 3.3, output airlock"
_LEDGER = "Fellegi (1972) and Denning (1979) on differencing; SDAP Handbook (2019), linked tables"
_HERE = "this project’s threat model, docs/explanation/threats.md"
_SKETCHES = "own measurements, benchmarks/results/airlock_sketches.md; chance after Good (1953)"

_DISCLOSURE = (
    Rule("SMALL_COUNT", "a count of people from 1 to below the threshold", FLAG, _SDAP),
    Rule("SMALL_TOTAL", "a total below the threshold", FLAG, _SDAP),
    Rule("WEAK_MASK", "a mask that says more than that a count is below the threshold", FLAG, "UK LLC Guidebook, sdc"),
    Rule("MIDPOINT_COUNT", "a midpoint that stands for a range of small counts", NOTE, _OPENSAFELY),
    Rule("ZERO_COUNT", "a zero: nobody of a group has something", FLAG, _ACRO + "; " + _SDAP + ", class disclosure"),
    Rule("ALL_OF_GROUP", "100 percent: everybody of a group has something", FLAG, _SDAP + ", class disclosure"),
    Rule("NONE_OF_GROUP", "0 percent: nobody of a group has something", FLAG, _SDAP + ", class disclosure"),
    Rule("ALL_SAME_VALUES", "a group in which all have the same value", FLAG, "ACRO AllSameValuesCheck; " + _DWB),
    Rule("SMALL_GROUP_STATISTIC", "a mean, total or percentile of few or of hidden size", FLAG, _DWB),
    Rule("EXTREME_VALUE", "a minimum, maximum or range: one person’s value", FLAG, _SDAP + ", maxima and minima"),
    Rule("FEW_BEHIND_PERCENTILE", "a percentile with few people on one side", FLAG, _SDAP + ", percentiles"),
    Rule("PERCENTILE_WITHOUT_N", "a percentile whose number of people is not given", NOTE, _SDAP + ", percentiles"),
    Rule("DOMINANCE", "a total that a few contributors make up, (n, k) rule", FLAG, _ACRO),
    Rule("P_RATIO", "a total in which the others are too small to hide the largest", FLAG, _ACRO),
    Rule(
        "SUPPRESSION_UNDONE",
        "a cell taken out that row or column totals give back",
        FLAG,
        _DWB + ", secondary disclosure",
    ),
    Rule("TOTALS_OF_SHOWN", "totals that leave hidden cells out", FLAG, "own test of ACRO 1.0.2, suppressed margins"),
    Rule("TOTALS_DO_NOT_ADD", "a total that is not the sum of its parts", NOTE, _DWB),
    Rule(
        "SHARE_GIVES_COUNT", "a share that gives a hidden count back", FLAG, _OPENSAFELY + ", rates from rounded parts"
    ),
    Rule("NOT_ROUNDED", "a count not rounded as the pack asks", FLAG, _OPENSAFELY),
    Rule("ROUNDING_CLAIM_NOT_KEPT", "a count not rounded as the file says", FLAG, _OPENSAFELY),
    Rule("ROUNDING_MIXED", "an exact count among rounded ones", NOTE, _OPENSAFELY),
    Rule("UNROUNDED_SHARES", "shares worked out from exact counts beside rounded ones", FLAG, _OPENSAFELY),
    Rule("LOW_DEGREES", "few residual degrees of freedom", FLAG, _ACRO + "; " + _SDAP + ", regression"),
    Rule("SATURATED_MODEL", "as many parameters as observations", FLAG, _DWB + ", saturated models"),
    Rule("MANY_PARAMETERS", "too many parameters for the observations", FLAG, "dsBase option nfilter.glm"),
    Rule(
        "ONE_PERSON_TERM",
        "a term of a model that stands for one person",
        FLAG,
        "own test of ACRO 1.0.2, which passes it",
    ),
    Rule("FEW_BEHIND_TERM", "a term of a model that may stand for few people", NOTE, _SDAP + ", regression"),
    Rule("INDICATOR_WITHOUT_N", "indicators of groups without the groups’ sizes", NOTE, _SDAP + ", regression"),
    Rule("PERSON_TERMS", "terms of a model that name persons", FLAG, _SDAP + ", regression"),
    Rule("SEPARATED_TERM", "a term whose error says that a group has one outcome", FLAG, _SDAP + ", class disclosure"),
    Rule("SURVIVAL_AT_RISK", "a step of a survival table with few at risk", FLAG, _ACRO + ", survival"),
    Rule("SURVIVAL_SINGLE_EVENT", "the exact time of one person’s event", FLAG, _SDAP + ", survival"),
    Rule("SURVIVAL_STEPS", "a survival curve whose steps give counts back", FLAG, _SDAP + ", survival"),
    Rule("HISTOGRAM_TAIL", "an outer bin of few people", FLAG, _SDAP + ", histograms"),
)
_ACRO_BUNDLE = (
    Rule(
        "ACRO_HELPER_FILE", "a helper file of ACRO, which never leaves", BLOCK, "own test of ACRO 1.0.2: results.json"
    ),
    Rule("ACRO_ZEROS_TOLD", "ACRO’s notes tell which hidden cells are exact zeros", BLOCK, "own test of ACRO 1.0.2"),
    Rule("ACRO_NAME_OUTSIDE", "a name in ACRO’s notes that leads out of the request", FLAG, "own test of SACRO-Viewer"),
    Rule("ACRO_FILE_MISSING", "a file of ACRO’s notes that is not in the request", FLAG, _ACRO),
    Rule("ACRO_CHECKSUM_DIFFERS", "a file that is not what ACRO wrote", FLAG, _ACRO),
    Rule("ACRO_CHECKSUM_MISSING", "a file without the checksum ACRO writes", NOTE, _ACRO),
    Rule("ACRO_CLAIM_DISAGREES", "ACRO says pass and our checks do not", FLAG, "own test of ACRO 1.0.2: five gaps"),
    Rule("ACRO_NOT_PASSED", "ACRO itself says review or fail", FLAG, _ACRO),
    Rule("ACRO_EXCEPTION", "the researcher’s words for an exception", NOTE, _ACRO),
    Rule("ACRO_CLAIM", "what ACRO says of a file, as a claim", NOTE, _ACRO),
    Rule("ACRO_NOT_LISTED", "a table beside a bundle that ACRO did not make", NOTE, _ACRO),
    Rule("ACRO_UNREADABLE", "ACRO’s notes that do not follow its form", FLAG, _ACRO),
)
_PERSONS = (
    Rule("NHS_NUMBER", "valid NHS numbers", BLOCK, "NHS Data Dictionary, NHS number"),
    Rule("CHI_NUMBER", "valid CHI numbers of Scotland", BLOCK, "NHS Scotland, CHI number"),
    Rule("HC_NUMBER", "valid Health and Care numbers of Northern Ireland", BLOCK, "HSC, Health and Care number"),
    Rule("POSTCODE", "a full postcode", FLAG, _DWB),
    Rule("EMAIL", "an address for mail", FLAG, _DWB),
    Rule("DATE_OF_BIRTH", "dates of birth or death", FLAG, _DWB),
    Rule("BIRTH_COLUMN", "a column about birth or death", FLAG, _DWB),
    Rule("DATE_COLUMN", "many full dates", NOTE, _DWB),
    Rule("PERSON_COLUMN", "a column that names persons one by one", FLAG, _DWB),
    Rule("INSURANCE_NUMBER", "a National Insurance number", FLAG, "HMRC, National Insurance Manual NIM39110"),
    Rule("PHONE_NUMBER", "a telephone number", FLAG, _DWB),
    Rule("PERSON_NAME", "a person’s name", FLAG, _DWB),
    Rule("PHONE_NUMBER", "a telephone number of the United Kingdom", FLAG, _DWB),
    Rule("INSURANCE_NUMBER", "a National Insurance number", FLAG, _DWB),
)
_FILES = (
    Rule("EMPTY_FILE", "an empty file", FLAG, _OPENSAFELY_FILES),
    Rule("HELD_KIND", "a kind of file that checks cannot read to the end", FLAG, _OPENSAFELY_FILES),
    Rule("KIND_NOT_ALLOWED", "a kind of file that does not leave", BLOCK, _OPENSAFELY_FILES),
    Rule("TOO_LARGE", "a file of more bytes than may leave", BLOCK, _OPENSAFELY_FILES),
    Rule("NAME_MISLEADS", "a name that promises another content", FLAG, _HERE),
    Rule("MANY_ROWS", "more rows than a result has", FLAG, _OPENSAFELY_FILES),
    Rule("HEADING_CONTRADICTED", "a heading that the numbers below it cannot be", FLAG, _HERE),
    Rule("RAGGED_ROWS", "rows of different widths", FLAG, _HERE),
    Rule("REPEATED_HEADINGS", "two columns of the same name", NOTE, _HERE),
    Rule("LONG_CELLS", "cells longer than a checker is shown", BLOCK, _HERE),
    Rule("LONG_LINES", "lines longer than a checker is shown", BLOCK, _HERE),
    Rule("ENCODING_UNREADABLE", "text in no known encoding", FLAG, _HERE),
    Rule("HIDDEN_CHARACTERS", "characters that hide or reorder text", FLAG, "Unicode Technical Report 36"),
    Rule("FORMULA", "a cell that a spreadsheet would run", FLAG, "OWASP, CSV injection"),
    Rule("IMAGE_METADATA", "words inside a picture", FLAG, _HERE),
    Rule("TRAILING_BYTES", "bytes after the end of a file’s content", BLOCK, _HERE),
    Rule("INSPECTION_INCOMPLETE", "what could not be read to the end", FLAG, _SATRE),
)
_HIDDEN = (
    Rule("ODD_ENCODING", "text that is not UTF-8", FLAG, _HERE),
    Rule("BIDI_TEXT", "characters that turn the direction of writing", FLAG, "Unicode Technical Report 36"),
    Rule("LOOKALIKE_NAME", "a name of letters that look like others", FLAG, "Unicode Technical Standard 39"),
    Rule("ENCODED_DATA", "passages of base64 or data links that nobody can read", FLAG, _HERE),
    Rule("PACKED_VALUES", "numbers too long to be one value, or words of an encoding", FLAG, _HERE),
    Rule("LONG_DECIMALS", "digits that nobody reads, enough to carry rows", FLAG, _HERE),
    Rule("DATA_IN_CODE", "long lists of values written into code", FLAG, _HERE),
    Rule("REPEATED_KEYS", "one name twice in a JSON object", FLAG, "RFC 8259, section 4"),
    Rule("DOCUMENT_METADATA", "words about a document that no page shows", FLAG, _HERE),
    Rule("EARLIER_VERSIONS", "earlier contents kept in a file", FLAG, _HERE),
    Rule("EMBEDDED_FILE", "a file within a file", FLAG, _HERE),
    Rule("EXTERNAL_LINK", "a part that is fetched from elsewhere", FLAG, _HERE),
    Rule("SCRIPT", "something that runs when a file is opened", FLAG, _HERE),
    Rule("MACROS", "a program within a spreadsheet", BLOCK, _HERE),
    Rule("ENCRYPTED", "content that needs a password", BLOCK, _HERE),
    Rule("ENTITY_DECLARATION", "XML that declares entities", BLOCK, "OWASP, XML external entities"),
    Rule("MARKUP_COMMENTS", "comments in markup", NOTE, _HERE),
    Rule("DATA_ATTRIBUTES", "attributes of a page that carry data", FLAG, _HERE),
    Rule("HIDDEN_CONTENT", "words or shapes that are there and not seen", FLAG, _HERE),
    Rule("FOREIGN_CONTENT", "a page within a drawing", FLAG, _HERE),
    Rule("PLOTTED_POINTS", "a plot that sets more than ten marks one by one", FLAG, _DWB + ", graphs"),
    Rule("PLOTTED_LINE", "a line of many corners that can be read back", FLAG, _DWB + ", graphs"),
    Rule("HIDDEN_SHEET", "a sheet that is hidden, or that no list of sheets names", FLAG, _HERE),
    Rule("HIDDEN_ROWS", "hidden rows with content", FLAG, _HERE),
    Rule("HIDDEN_COLUMNS", "hidden columns with content", FLAG, _HERE),
    Rule("HIDDEN_VALUES", "values with a number format that shows nothing", FLAG, _HERE),
    Rule("HIDDEN_STRINGS", "words of deleted cells", FLAG, _HERE),
    Rule("CELL_COMMENTS", "comments on cells", FLAG, _HERE),
    Rule("PIVOT_CACHE", "rows that a pivot table keeps", FLAG, _HERE),
    Rule("CHART_CACHE", "values that a chart keeps", NOTE, _HERE),
    Rule("DEFINED_NAMES", "names that hold values no sheet shows", FLAG, _HERE),
    Rule("WORKBOOK_FORMULAS", "formulas behind the values", NOTE, _HERE),
    Rule("SHEET_EXTRAS", "links and lists of allowed values on a sheet", NOTE, _HERE),
    Rule("UNKNOWN_PART", "a part that such a file does not need", FLAG, _HERE),
    Rule("NOTEBOOK_ATTACHMENT", "a file attached to a cell", FLAG, _HERE),
    Rule("NOTEBOOK_METADATA", "metadata of cells and outputs", FLAG, _HERE),
    Rule("NOTEBOOK_OUTPUT_DATA", "data kept behind an output", FLAG, _HERE),
    Rule("NOTEBOOK_WIDGET_STATE", "the kept state of widgets", FLAG, _HERE),
    Rule("PARQUET_METADATA", "metadata beside the columns", FLAG, _HERE),
    Rule("ANNOTATIONS", "notes and fields over a page", FLAG, _HERE),
    Rule("FORM", "a form that keeps values", FLAG, _HERE),
    Rule("HIDDEN_LAYER", "layers that can be switched off", FLAG, _HERE),
    Rule("POLYGLOT", "one file that is two", BLOCK, _HERE),
    Rule("ARCHIVE_BOMB", "parts that unpack to far more than they are", BLOCK, _HERE),
    Rule("ARCHIVE_CONTENT", "what an archive lists", NOTE, _HERE),
    Rule("ARCHIVE_PATHS", "names in an archive that lead out of its folder", BLOCK, "Snyk, Zip Slip (2018)"),
    Rule("NESTED_ARCHIVE", "an archive in an archive", BLOCK, _HERE),
    Rule("OVERLAPPING_ARCHIVE", "parts of an archive that lie over each other", BLOCK, "Fifield, WOOT 2019"),
    Rule("PICKLE", "a pickle, which runs code and can hold anything", BLOCK, "Python documentation, pickle"),
    Rule("MODEL_FILE", "a fitted model, which can carry its data", FLAG, "GRAIMATTER, arXiv 2211.01656"),
    Rule("DATA_FILE", "a file of a statistics program", BLOCK, _OPENSAFELY_FILES),
)

_COMPARED = (
    Rule("ROW_OVERLAP", "rows that are records of the data, beyond chance", BLOCK, _SKETCHES),
    Rule("ROWS_MAYBE", "rows that occur in the data, or percentiles that are single records’ values", FLAG, _SKETCHES),
    Rule("COLUMN_DUMP", "a column of the data: its values in order, or a list of identifiers", FLAG, _SKETCHES),
    Rule("PLOTTED_POINTS_MATCH", "marks of a plot that are records of the data", BLOCK, _SKETCHES),
    Rule("NOT_COMPARED", "data that results could not be compared with", FLAG, _HERE),
)

_TOGETHER = (
    Rule("LEDGER_CELL_PINNED", "a hidden count that tables give exactly together", BLOCK, _LEDGER),
    Rule("LEDGER_CELL_NARROWED", "a hidden count that tables narrow to a few small numbers", FLAG, _LEDGER),
    Rule("LEDGER_DIFFERENCE", "two tables that differ by a few people", FLAG, _LEDGER),
    Rule("SPLIT_ROWS", "rows without names that stand divided over files", FLAG, _HERE),
    Rule("LEDGER_INCOMPLETE", "what an outsider could compute was not computed to the end", FLAG, _SATRE),
)

_AGAIN = "own choice, docs/decisions/025; after OpenSAFELY, which releases only what its job server ran"
_REPLAYED = (
    Rule("REPLAY_SAME", "the program ran again without its author and made the same", NOTE, _AGAIN),
    Rule("REPLAY_DIFFERS", "the program ran again without its author and made something else", FLAG, _AGAIN),
    Rule("REPLAY_MISSING", "the program ran again and did not make this file", FLAG, _AGAIN),
    Rule("REPLAY_FAILED", "the program could not be run again to its end", FLAG, _AGAIN),
    Rule("REPLAY_ENVIRONMENT", "the replay’s environment is not the author’s", NOTE, _AGAIN),
)

DISCLOSURE = frozenset(each.rule for each in _DISCLOSURE)
"""Rules about what numbers say of people."""
RULES: Mapping[str, Rule] = {
    each.rule: each
    for each in (*_DISCLOSURE, *_ACRO_BUNDLE, *_PERSONS, *_FILES, *_HIDDEN, *_COMPARED, *_TOGETHER, *_REPLAYED)
}
"""Every rule by its name."""
