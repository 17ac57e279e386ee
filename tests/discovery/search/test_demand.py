"""Searches without a hit are told by their words only where five people looked; the record names none of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from orchestrator.core.errors import Refused
from orchestrator.core.ids import new_id
from orchestrator.discovery.search.demand import service
from orchestrator.discovery.search.demand.model import FEWEST
from orchestrator.discovery.search.demand.rules import rounded, topic_of
from orchestrator.discovery.search.demand.service import MissedSearches
from orchestrator.discovery.search.model import Asked, Facet, Read
from tests.discovery.search.conftest import Searched


@pytest.fixture
def missed(searched: Searched, tmp_path: Path) -> MissedSearches:
    return MissedSearches(searched.rooms.record, searched.rooms.policy, tmp_path / "state" / "demand.key")


def look_for(searched: Searched, missed: MissedSearches, words: str, person: str | None = None, **more: Any) -> bool:
    asked = Asked(words=words, **more)
    return missed.note(asked, searched.search.find(asked), person)


def told(searched: Searched, missed: MissedSearches) -> list[tuple[str, int]]:
    return [(each.words, each.people) for each in missed.missed(searched.rooms.actor("cora")).missed]


def everything_kept(searched: Searched) -> str:
    with searched.rooms.record.read() as session:
        rows = [
            str(row)
            for table in ("search_miss", "search_miss_person", "audit_entry", "outbox")
            for row in session.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - names of ours
        ]
    return " ".join(rows)


def test_the_fifth_person_makes_words_known_and_not_the_fourth(searched: Searched, missed: MissedSearches) -> None:
    for number in range(1, FEWEST):
        assert look_for(searched, missed, "sneezing registers", new_id())
        assert told(searched, missed) == []
        assert "sneez" not in everything_kept(searched), number
    assert missed.missed(searched.rooms.actor("cora")).others == 0
    assert look_for(searched, missed, "Registers of sneezing", new_id())
    assert told(searched, missed) == [("registers sneezing", 5)]


def test_the_same_person_counts_once_and_cannot_be_found(searched: Searched, missed: MissedSearches) -> None:
    person = new_id()
    assert look_for(searched, missed, "sneezing", person)
    for _ in range(10):
        assert not look_for(searched, missed, "sneezing", person)
    assert told(searched, missed) == []
    assert person not in everything_kept(searched)


def test_everybody_not_signed_in_is_one_person_a_day(searched: Searched, missed: MissedSearches) -> None:
    for _ in range(FEWEST):
        assert told(searched, missed) == []
        assert look_for(searched, missed, "sneezing")
        assert not look_for(searched, missed, "sneezing")
        searched.rooms.clock.advance(timedelta(days=1))
    assert told(searched, missed) == [("sneezing", 5)]


def test_nobody_fills_the_record_with_inventions(
    searched: Searched, missed: MissedSearches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_MOST_TOPICS", 3)
    words = ["sneezing", "coughing", "yawning", "hiccups", "snoring"]
    assert [look_for(searched, missed, word) for word in words] == [True, True, True, False, False]


def test_numbers_are_told_in_fives(searched: Searched, missed: MissedSearches) -> None:
    for _ in range(9):
        look_for(searched, missed, "sneezing", new_id())
    assert told(searched, missed) == [("sneezing", 5)]
    look_for(searched, missed, "sneezing", new_id())
    assert told(searched, missed) == [("sneezing", 10)]
    assert [rounded(number) for number in (0, 4, 5, 9, 10)] == [0, 0, 5, 5, 10]


@pytest.mark.parametrize(
    "words",
    [
        "", "the of and", "943 476 5919", "9434765919", "rosa@example.org", "https://example.org/x", "-sneezing",
        "why do so many people who sneeze cough yawn and hiccup", "1 2 3", "x" * 31,
    ],
)  # fmt: skip
def test_what_may_be_somebodys_is_not_even_counted(searched: Searched, missed: MissedSearches, words: str) -> None:
    assert not look_for(searched, missed, words, new_id())


def test_numbers_are_left_out_of_a_topic() -> None:
    assert topic_of([Read(typed="sneezing"), Read(typed="9434765919"), Read(typed="1980-05-01")]) == ("sneezing",)


def test_only_searches_in_vain_count(searched: Searched, missed: MissedSearches, description: dict[str, Any]) -> None:
    searched.offer("one", description, "Sneezing register")
    assert not look_for(searched, missed, "sneezing", new_id())
    assert not look_for(searched, missed, "sneezing", new_id(), chosen={Facet.PLACE: ("Mars",)})
    assert not look_for(searched, missed, "hiccups", new_id(), offset=20)
    assert look_for(searched, missed, "sneezing hiccups", new_id())


def test_it_is_shown_to_those_who_can_help_and_nobody_else(searched: Searched, missed: MissedSearches) -> None:
    for name in ("cora", "carl", "ada"):
        assert missed.missed(searched.rooms.actor(name)).missed == ()
    with pytest.raises(Refused, match="officers"):
        missed.missed(searched.rooms.actor("rex"))


def test_it_forgets_people_after_the_month_and_rare_words_for_good(searched: Searched, missed: MissedSearches) -> None:
    for _ in range(FEWEST):
        look_for(searched, missed, "sneezing", new_id())
    look_for(searched, missed, "coughing", new_id())
    assert missed.forget() == 0
    searched.rooms.clock.advance(timedelta(days=20))
    assert missed.forget() == FEWEST + 2
    assert told(searched, missed) == [("sneezing", 5)]
    with searched.rooms.record.read() as session:
        assert session.execute(text("SELECT count(*) FROM search_miss_person")).scalar() == 0
        assert session.execute(text("SELECT count(*) FROM search_miss")).scalar() == 1
    searched.rooms.clock.advance(timedelta(days=400))
    assert missed.forget() == 1
    with searched.rooms.record.read() as session:
        assert session.execute(text("SELECT count(*) FROM search_miss")).scalar() == 0


def test_processes_share_one_key_that_is_theirs_alone(
    searched: Searched, missed: MissedSearches, tmp_path: Path
) -> None:
    look_for(searched, missed, "sneezing")
    other = MissedSearches(searched.rooms.record, searched.rooms.policy, tmp_path / "state" / "demand.key")
    assert not look_for(searched, other, "sneezing")
    assert (tmp_path / "state" / "demand.key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["demand.key"]
