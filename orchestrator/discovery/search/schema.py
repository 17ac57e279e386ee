"""The shape of the index: its fields, how each is analysed, and how a description becomes a document."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version

import tantivy

from .meanings import marks, table_hash
from .model import Facet, Searchable
from .strength import graded
from .words import APART, PLAIN, STEMMED, bare, named, plain_analyzer, spacing_analyzer, stemming_analyzer, stems

__all__ = [
    "BETWEEN",
    "MARK",
    "NAMED",
    "SMALL_FACETS",
    "document",
    "fingerprint",
    "mark_document",
    "prepare",
    "schema",
    "together",
]

MARK = "mark"
"""The identifier of the one document that says how far the index follows the record."""

_SHAPE = 6
"""Raised whenever documents are made otherwise: an index of another shape is built anew."""

_TITLE_COUNTS = 3
_KEYWORD_COUNTS = 2
"""A word of the title counts as if the text had it three times, a keyword twice: one field is matched, and fast."""

_LONGEST_VALUE = 200

BETWEEN, NAMED = "\x1f", "\x1e"
"""Stand between values that are kept together, and between a facet's name and its value."""

SMALL_FACETS = "small_facets"
"""The field that keeps all values of the facets of few values together: they are counted in one go."""


@cache
def schema() -> tantivy.Schema:
    """Return the fields."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("words", tokenizer_name=STEMMED, index_option="position")
    builder.add_text_field("title", tokenizer_name=STEMMED, index_option="position")
    builder.add_text_field("columns", tokenizer_name=STEMMED, index_option="position")
    builder.add_text_field("spelt", tokenizer_name=PLAIN, index_option="basic")
    builder.add_text_field("strong", tokenizer_name=APART, index_option="basic")
    builder.add_text_field(SMALL_FACETS, tokenizer_name="raw", index_option="basic", fast=True)
    for facet in Facet:
        builder.add_text_field(facet.value, tokenizer_name="raw", index_option="basic", fast=True)
        if facet.many:
            builder.add_text_field(together(facet), tokenizer_name="raw", index_option="basic", fast=True)
    for number in ("population", "first_year", "last_year", "changed", "sequence"):
        builder.add_integer_field(number, stored=number == "sequence", indexed=True, fast=True)
    builder.add_text_field("of", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def together(facet: Facet) -> str:
    """Return the field that keeps all values of a facet as one: counting one value a document is much faster."""
    return f"{facet.value}_set"


def prepare(index: tantivy.Index) -> tantivy.Index:
    """Give an opened index its analysers."""
    index.register_tokenizer(STEMMED, stemming_analyzer())
    index.register_tokenizer(PLAIN, plain_analyzer())
    index.register_tokenizer(APART, spacing_analyzer())
    return index


@cache
def fingerprint() -> str:
    """Return what tells indexes of another shape apart: it names the index's directory."""
    facets = [facet.value for facet in Facet]
    shape = [_SHAPE, version("tantivy"), facets, _TITLE_COUNTS, _KEYWORD_COUNTS, table_hash()]
    return hashlib.sha256(json.dumps(shape).encode()).hexdigest()[:12]


def document(found: Searchable) -> tantivy.Document:
    """Return what is indexed of a description."""
    columns = "\n".join(named(column) for column in found.columns)
    keywords = "\n".join(found.keywords)
    words = "\n".join([found.title] * _TITLE_COUNTS + [keywords] * _KEYWORD_COUNTS + [found.text, columns])
    made = tantivy.Document()
    made.add_text("id", found.entry_id)
    terms = stems(words)
    marked = marks(terms)
    made.add_text("words", "\n".join((words, *marked)))
    made.add_text("title", "\n".join((found.title, *marks(stems(found.title)))))
    made.add_text("columns", "\n".join((columns, *marks(stems(columns)))))
    made.add_text("spelt", " ".join(sorted(set(bare(words)))))
    made.add_text("strong", " ".join(graded((*terms, *marked))))
    _add_facets(made, found)
    numbers = {"population": found.population, "first_year": found.first_year, "last_year": found.last_year}
    for name, number in numbers.items():
        if number is not None:
            made.add_integer(name, number)
    made.add_integer("changed", found.changed)
    return made


def _add_facets(made: tantivy.Document, found: Searchable) -> None:
    small: list[str] = []
    for facet, values in found.facets.items():
        kept = sorted({value[:_LONGEST_VALUE].replace(BETWEEN, " ").replace(NAMED, " ") for value in values})
        for value in kept:
            made.add_text(facet.value, value)
        if facet.many:
            made.add_text(together(facet), BETWEEN.join(kept))
        if facet.small:
            small += [f"{facet.value}{NAMED}{value}" for value in kept]
    made.add_text(SMALL_FACETS, BETWEEN.join(sorted(small)))


def mark_document(sequence: int, of: str) -> tantivy.Document:
    """Return the document that says up to which change of which record the index reaches."""
    made = tantivy.Document()
    made.add_text("id", MARK)
    made.add_text("of", of)
    made.add_integer("sequence", sequence)
    return made
