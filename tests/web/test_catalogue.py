"""The catalogue's pages: search with facets, compare, saved searches, demand; for everybody, and for nobody else."""

from __future__ import annotations

import re

import pytest

from orchestrator.core.errors import Unavailable
from orchestrator.discovery.search.demand.model import FEWEST
from orchestrator.discovery.search.demand.service import MissedSearches
from orchestrator.discovery.search.model import Asked
from tests.web.world import World, words


def test_a_search_narrows_by_what_it_offers(shared: World) -> None:
    browser = shared.browser()
    every = browser.get("/datasets")
    assert "2 datasets." in words(every.text)
    boxes = re.findall(r'name="publisher" type="checkbox" value="([^"]+)"', every.text)
    assert sorted(boxes) == ["North Hospital Trust", "South Cancer Registry"]
    narrowed = browser.get("/datasets", params={"publisher": boxes[0]}).text
    assert "1 dataset." in words(narrowed)
    assert f"Custodian: {boxes[0]}" in words(narrowed)
    assert 'href="/datasets?"' in narrowed


def test_it_says_how_words_were_read(shared: World) -> None:
    browser = shared.browser()
    corrected = words(browser.get("/datasets?q=admisions").text)
    assert "No description has “admisions”. Searched for admissions instead." in corrected
    assert "Hospital admissions" in corrected
    assert "what means the same: cancer, neoplasm, tumour" in words(browser.get("/datasets?q=tumor").text)
    assert "No description has all of these words; 1 has some of them." in words(
        browser.get("/datasets?q=tumour+zzyzx").text
    )


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("people=many", "as a whole number"),
        ("since=19", "four digits"),
        ("since=2020&until=2010", "must not be after"),
        ("page=100000", "can be paged through"),
        ("q=" + "word+" * 30, "fewer words"),
    ],
)
def test_what_makes_no_sense_is_told_on_the_page(shared: World, query: str, told: str) -> None:
    answer = shared.browser().get(f"/datasets?{query}")
    assert answer.status_code == 422
    assert told in words(answer.text)


@pytest.mark.parametrize(
    "query",
    ["publisher=%00", "place=" + "x" * 5000, "page=0", "page=", "people=&since=", "unknown=1", "q=%F0%9F%A9%BA"],
)
def test_odd_addresses_are_answered(shared: World, query: str) -> None:
    assert shared.browser().get(f"/datasets?{query}").status_code == 200


def test_datasets_stand_side_by_side(shared: World) -> None:
    one, other = shared.datasets.values()
    text = words(shared.browser().get(f"/datasets/compare?with={one}&with={other}").text)
    for wanted in ("At a glance", "Terms in force", "2 checkers of each result", "The same", "Can they be linked?"):
        assert wanted in text
    for query in (
        f"with={one}",
        f"with={one}&with={one}",
        "",
        f"with={one}&with=../../etc",
        "&".join(["with=" + one] * 9),
    ):
        answer = shared.browser().get(f"/datasets/compare?{query}")
        assert answer.status_code == 422
        assert "Choose two to 4 datasets" in words(answer.text)
    assert shared.browser().get(f"/datasets/compare?with={one}&with=aaaaaaaaaaaaaaaa").status_code == 404


def test_a_search_is_kept_looked_at_and_ended_by_its_keeper_alone(world: World) -> None:
    browser = world.browser("researcher")
    page = browser.get("/datasets?q=tumour&place=England").text
    assert 'action="/saved-searches"' in page
    assert 'action="/saved-searches"' not in world.browser().get("/datasets?q=tumour").text
    answer = browser.submit("/saved-searches", page="/datasets?q=tumour", name="Tumours", q="title:tumour")
    assert answer.status_code == 303
    place = answer.headers["location"].partition("?")[0]
    discovery, officer = world.house.discovery, world.actor("other officer")
    discovery.withdraw_dataset(officer, world.datasets["other officer"], "Wrong data.")
    assert world.house.saved_searches.look() == 1
    assert "1 change" in words(browser.get("/").text)
    assert "Gone (not seen yet) Tumour registrations" in words(browser.get(place).text)
    assert browser.submit(f"{place}/seen", page=place).status_code == 303
    assert "not seen yet" not in browser.get(place).text
    stranger = world.browser("stranger")
    assert stranger.get(place).status_code == 404
    for act in ("seen", "end"):
        assert stranger.submit(f"{place}/{act}", page="/saved-searches").status_code == 404
    assert "Tumours" not in stranger.get("/saved-searches").text
    assert browser.submit(f"{place}/end", page=place).status_code == 303
    assert "Tumours" not in browser.get("/saved-searches").text


def test_keeping_everything_or_nothing_named_is_refused_on_the_page(world: World) -> None:
    browser = world.browser("researcher")
    for fields in ({"name": "All"}, {"name": "", "q": "x"}, {"name": "x", "q": "x", "people": "many"}):
        assert browser.submit("/saved-searches", page="/datasets?q=x", **fields).status_code == 422


def test_without_a_session_nothing_is_kept_or_shown(shared: World) -> None:
    for path in ("/saved-searches", "/demand", "/saved-searches/aaaaaaaaaaaaaaaa"):
        answer = shared.browser().get(path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")


def test_demand_is_shown_to_those_who_can_meet_it(world: World) -> None:
    for name in ("researcher", "colleague", "stranger", "checker", "lead"):
        world.browser(name).get("/datasets?q=sneezing")
    assert FEWEST == 5
    for name, datasets in (("officer", 1), ("operator", 2)):
        text = words(world.browser(name).get("/demand").text)
        assert "sneezing 2" in text
        assert sum(title in text for title in ("Hospital admissions", "Tumour registrations")) == datasets
    for name in ("researcher", "checker"):
        assert world.browser(name).get("/demand").status_code == 403
    assert world.browser("officer").get("/demand?months=99").status_code == 404


def test_a_search_answers_although_it_cannot_be_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_: object) -> bool:
        raise Unavailable("The record is locked.", system="record")

    monkeypatch.setattr(MissedSearches, "note", locked)
    assert world.browser().get("/datasets?q=zzyzx").status_code == 200


def test_what_is_known_from_elsewhere_says_so_and_how_old_it_is(world: World) -> None:
    record = {
        "identifier": "https://example.org/dataset/1",
        "version": "1.0.0",
        "summary": {
            "title": "Sneezing <b>register</b>",
            "abstract": "Of sneezing.",
            "publisher": {"name": "Elsewhere"},
        },
    }
    world.house.catalogue.import_records(world.actor("operator"), [record], source="a file")
    found = world.browser().get("/datasets?q=sneezing").text
    assert "Imported from a file, last confirmed" in words(found)
    assert "<b>register" not in found
    entry = re.search(r'href="/datasets/([a-z2-7]{16})"', found)
    assert entry
    text = words(world.browser("researcher").get(f"/datasets/{entry[1]}").text)
    assert "cannot be asked for here" in text
    assert "Last confirmed by its source" in text
    assert "Apply for this dataset" not in text


def test_similar_datasets_say_what_they_have_in_common(world: World) -> None:
    titles = {"Asthma clinics": "Peak <b>flow</b>", "Bronchial asthma letters": "peak <b>flow</b>"}
    records = [
        {
            "identifier": f"https://example.org/dataset/{number}",
            "version": "1.0.0",
            "summary": {"title": title, "keywords": [keyword], "publisher": {"name": "Leeds"}},
        }
        for number, (title, keyword) in enumerate(titles.items())
    ]
    world.house.catalogue.import_records(world.actor("operator"), records, source="a file")
    found = world.house.search.find(Asked(words="title:clinics")).listed[0].entry.entry_id
    page = world.browser().get(f"/datasets/{found}").text
    assert "in common: condition asthma; keyword Peak &lt;b&gt;flow&lt;/b&gt;; custodian Leeds" in page
    assert "Hospital admissions" not in words(page.partition("Similar datasets")[2].partition("</ul>")[0])
