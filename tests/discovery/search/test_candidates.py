"""A question in whole sentences finds datasets that are offered here, the best first, each with a reason."""

from __future__ import annotations

from typing import Any

from orchestrator.access.enquiries.searched import SearchedCandidates
from orchestrator.discovery.search.model import Asked
from tests.discovery.search.conftest import Searched

QUESTION = "How many people in the north west who had a heart attack were admitted to hospital again within a year?"


def test_a_question_finds_what_means_the_same_with_a_quotation(searched: Searched, description: dict[str, Any]) -> None:
    words = "Every admission after a myocardial infarction. Nothing else."
    right = searched.offer("one", description, "Cardiac audit", documentation={"description": words})
    searched.offer("two", description, "Dental register")
    found = SearchedCandidates(searched.search).find(QUESTION)
    assert found[0].dataset_id == right
    assert "Its description says: “Every admission after a myocardial infarction.”" in found[0].reasons
    assert all(each.reasons for each in found)


def test_only_what_is_offered_here_is_a_candidate(national: Searched) -> None:
    assert national.search.find(Asked(words="asthma")).found.total
    assert SearchedCandidates(national.search).find("Who has asthma?") == []


def test_a_question_without_a_telling_word_finds_nothing(searched: Searched, description: dict[str, Any]) -> None:
    searched.offer("one", description, "Cardiac audit")
    for question in ("", "How many people would you know?", "?" * 500):
        assert SearchedCandidates(searched.search).find(question) == []


def test_a_long_question_is_cut_and_answered(searched: Searched, description: dict[str, Any]) -> None:
    searched.offer("one", description, "Sneezing register")
    found = SearchedCandidates(searched.search).find("Sneezing " + "unheard-of-words " * 400)
    assert isinstance(found, list)
    assert SearchedCandidates(searched.search).find("Sneezing?", limit=0) == []
