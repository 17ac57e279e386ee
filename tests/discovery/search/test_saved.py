"""Kept searches: news are told once, to their keeper alone; nothing is lost in a crash and no log holds words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from orchestrator.audit.outbox import Outbox
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.ids import new_id
from orchestrator.discovery.search.model import Asked, Facet
from orchestrator.discovery.search.saved import service
from orchestrator.discovery.search.saved.model import SEARCH_STATES, NewsKind, SearchState, read, written
from orchestrator.discovery.search.saved.service import SavedSearches
from tests.discovery.search.conftest import Searched

Description = dict[str, Any]


@pytest.fixture
def saved(searched: Searched) -> SavedSearches:
    return SavedSearches(searched.rooms.record, searched.rooms.policy, searched.search)


def notices(searched: Searched) -> list[tuple[str, str, str]]:
    due = Outbox(searched.rooms.record).due(1000)
    return [(each.person_id, each.kind, each.subject) for each in due if each.kind.startswith("saved-search.")]


def test_new_changed_and_gone_are_told_each_once(
    searched: Searched, saved: SavedSearches, description: Description
) -> None:
    rex = searched.rooms.actor("rex")
    kept = saved.keep(rex, "Sneezing", Asked(words="title:sneezing"))
    assert (kept.state, kept.hits) == (SearchState.KEPT, 0)
    assert saved.look() == 0
    entry = searched.offer("one", description, "Sneezing register")
    searched.offer("two", description, "Coughing register")
    assert saved.look() == 1
    searched.rooms.clock.advance(timedelta(minutes=1))
    description["summary"]["title"], description["summary"]["populationSize"] = "Sneezing register", 3
    searched.rooms.discovery.describe_dataset(searched.rooms.actor("cora"), entry, description)
    assert saved.look() == 1
    searched.rooms.discovery.withdraw_dataset(searched.rooms.actor("cora"), entry, "Wrong data.")
    assert saved.look() == 1
    assert saved.look() == 0
    found, news = saved.news(rex, kept.search_id)
    assert [each.kind for each in news] == [NewsKind.GONE, NewsKind.CHANGED, NewsKind.NEW]
    assert {each.entry_id for each in news} == {entry}
    assert {each.title for each in news} == {"Sneezing register"}
    assert (found.unseen, found.hits) == (3, 0)
    subject = f"saved-search:{kept.search_id}"
    assert notices(searched) == [(searched.rooms.people["rex"], "saved-search.news", subject)] * 3
    assert saved.seen(rex, kept.search_id).unseen == 0


def test_another_controller_tells_nothing_twice(
    searched: Searched, saved: SavedSearches, description: Description
) -> None:
    saved.keep(searched.rooms.actor("rex"), "Sneezing", Asked(words="sneezing"))
    searched.offer("one", description, "Sneezing register")
    other = SavedSearches(searched.rooms.record, searched.rooms.policy, searched.again())
    assert (saved.look(), other.look(), saved.look()) == (1, 0, 0)
    assert len(notices(searched)) == 1


def test_a_crash_before_the_commit_loses_no_news(
    searched: Searched, saved: SavedSearches, description: Description, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved.keep(searched.rooms.actor("rex"), "Sneezing", Asked(words="sneezing"))
    searched.offer("one", description, "Sneezing register")
    with monkeypatch.context() as broken:
        broken.setattr(SavedSearches, "_notify", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError):
            saved.look()
    assert notices(searched) == []
    assert saved.look() == 1
    assert len(notices(searched)) == 1


def test_while_the_index_is_behind_nothing_is_concluded(
    searched: Searched, saved: SavedSearches, description: Description, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched.offer("one", description, "Sneezing register")
    saved.keep(searched.rooms.actor("rex"), "Sneezing", Asked(words="sneezing"))
    monkeypatch.setattr(type(searched.search), "catch_up", lambda *_: 1)
    assert saved.look() == 0
    monkeypatch.undo()
    assert saved.look() == 0
    assert notices(searched) == []


def test_only_the_keeper_sees_it(searched: Searched, saved: SavedSearches) -> None:
    kept = saved.keep(searched.rooms.actor("rex"), "Sneezing", Asked(words="sneezing"))
    for name in ("ada", "ben", "cora", "carl"):
        actor = searched.rooms.actor(name)
        assert saved.mine(actor) == []
        for act in (saved.news, saved.seen, saved.end):
            with pytest.raises(NotFound, match="no such saved search"):
                act(actor, kept.search_id)
    with pytest.raises(NotFound):
        saved.news(searched.rooms.actor("rex"), new_id())


def test_its_words_are_in_no_log_and_go_when_it_ends(searched: Searched, saved: SavedSearches) -> None:
    rex = searched.rooms.actor("rex")
    kept = saved.keep(rex, "Unmistakable", Asked(words="xylophone"))
    saved.end(rex, kept.search_id)
    assert saved.mine(rex) == []
    with searched.rooms.record.read() as session:
        log = " ".join(session.execute(text("SELECT body FROM audit_entry")).scalars())
        kept_words = " ".join(session.execute(text("SELECT name || asked FROM saved_search")).scalars())
    for text_ in (log, kept_words):
        assert "xylophone" not in text_
        assert "Unmistakable" not in text_
    with pytest.raises(NotPossible):
        saved.end(rex, kept.search_id)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b"])
def test_a_name_that_is_none_is_refused(searched: Searched, saved: SavedSearches, name: str) -> None:
    with pytest.raises(Invalid) as refusal:
        saved.keep(searched.rooms.actor("rex"), name, Asked(words="x"))
    assert refusal.value.field == "name"


def test_a_search_for_everything_is_not_kept(searched: Searched, saved: SavedSearches) -> None:
    with pytest.raises(Invalid):
        saved.keep(searched.rooms.actor("rex"), "All", Asked(offset=20, limit=5))


def test_a_search_that_finds_too_much_is_not_kept_and_one_that_grows_rests(
    searched: Searched, saved: SavedSearches, description: Description, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_HITS", 1)
    rex = searched.rooms.actor("rex")
    first = searched.offer("one", description, "Sneezing register")
    kept = saved.keep(rex, "Sneezing", Asked(words="title:sneezing"))
    second = searched.offer("two", description, "More sneezing")
    assert saved.look() == 1
    assert saved.mine(rex)[0].state is SearchState.TOO_WIDE
    with pytest.raises(Invalid, match="finds 2 datasets"):
        saved.keep(rex, "Again", Asked(words="title:sneezing"))
    searched.rooms.discovery.withdraw_dataset(searched.rooms.actor("cora"), first, "Wrong data.")
    assert saved.look() == 1
    assert saved.mine(rex)[0].state is SearchState.KEPT
    searched.rooms.discovery.withdraw_dataset(searched.rooms.actor("cora"), second, "Wrong data.")
    assert saved.look() == 1
    assert [each.kind for each in saved.news(rex, kept.search_id)[1]] == [NewsKind.GONE]


def test_nobody_keeps_more_than_so_many(
    searched: Searched, saved: SavedSearches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_KEPT", 2)
    rex = searched.rooms.actor("rex")
    for number in range(2):
        saved.keep(rex, f"Number {number}", Asked(words="x"))
    with pytest.raises(NotPossible):
        saved.keep(rex, "One more", Asked(words="x"))


def test_whoever_is_suspended_is_told_nothing(
    searched: Searched, saved: SavedSearches, description: Description
) -> None:
    saved.keep(searched.rooms.actor("rex"), "Sneezing", Asked(words="sneezing"))
    searched.rooms.identity.suspend(searched.rooms.actor("ada"), searched.rooms.people["rex"], "Left.")
    before = notices(searched)
    searched.offer("one", description, "Sneezing register")
    assert saved.look() == 0
    assert notices(searched) == before


def test_what_is_asked_survives_being_kept() -> None:
    asked = Asked(words='"a b" -c', chosen={Facet.PLACE: ("England", "Wales")}, people=5, since=1990, until=2000)
    assert read(written(asked)) == Asked(
        words='"a b" -c', chosen=asked.chosen, people=5, since=1990, until=2000, counted=False
    )
    assert read({**written(asked), "chosen": {"no-such-facet": ["x"]}}).chosen == {}


def test_every_state_has_a_way_out() -> None:
    assert SEARCH_STATES.final() == {SearchState.ENDED}
    assert set(SEARCH_STATES.lasting) == {SearchState.KEPT, SearchState.TOO_WIDE}
