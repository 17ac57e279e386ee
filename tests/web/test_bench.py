"""The bench through plain requests: every view and act works by links and forms alone, and refuses what it must."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from orchestrator.airlock.model import Choice, Submission
from orchestrator.airlock.states import State
from orchestrator.airlock.training.service import Training, TrainingCase
from tests.web.world import PNG, SAFE, Browser, World, words

SMALL = b"arm,n,mean\nplacebo,120,71.2\ntreated,8,70.9\n" + b"".join(
    b"group %d,%d,70\n" % (n, 100 + n) for n in range(250)
)
LOG = b"\x1b[31mred words\x1b[0m and \x1b[7mother\x1b[0m\nsecond line\n"
PAGE = b"<!doctype html><html><body><h1>Result</h1><script>alert(1)</script></body></html>"


@pytest.fixture(scope="module")
def submission(shared: World) -> Submission:
    return shared.in_review(
        {"table.csv": SMALL, "figure.png": PNG, "log.txt": LOG, "page.html": PAGE}, title="Bench <b>"
    )


@pytest.fixture(scope="module")
def checker(shared: World) -> Browser:
    return shared.browser("checker")


def file_path(submission: Submission, name: str) -> str:
    file = next(each for each in submission.files if each.name.startswith(name))
    return f"/reviews/{submission.submission_id}/files/{file.file_id}"


def shown(checker: Browser, path: str) -> str:
    answer = checker.get(path)
    assert answer.status_code == 200, words(answer.text)
    return answer.text


def first_cells(html: str) -> list[str]:
    body = html[html.index("<tbody>") : html.index("</tbody>")]
    return [words(row).split()[0] for row in re.findall(r"<tr.*?</tr>", body, re.S)]


def test_a_table_is_shown_a_page_at_a_time_with_its_findings_at_the_cells(checker, submission) -> None:
    html = shown(checker, file_path(submission, "table"))
    assert "252 of 252 rows, 3 columns; rows 1 to 100" in words(html)
    marked = re.search(r'<td class="tre-marked[^"]*">8 <a class="tre-pin" href="#finding-\d+" title="([^"]+)"', html)
    assert marked
    assert "1 cell may be a count" in marked[1]
    assert re.search(r'id="finding-1"', html)


def test_a_table_is_turned_sorted_searched_and_jumped_into_by_links_and_forms(checker, submission) -> None:
    path = file_path(submission, "table")
    assert first_cells(shown(checker, f"{path}?first=100"))[0] == "102"
    down = shown(checker, f"{path}?order=1&down=1")
    assert first_cells(down)[0] == "253"
    assert 'aria-sort="descending"' in down
    found = shown(checker, f"{path}?find=group%2024")
    assert "11 of 252 rows hold “group 24”" in words(found)
    assert "No rows here match" in words(shown(checker, f"{path}?find=placebo&within=1"))
    jumped = shown(checker, f"{path}?row=203")
    assert '<tr id="here"' in jumped
    assert "There is no row 999" in words(shown(checker, f"{path}?row=999"))


def test_columns_are_hidden_and_shown_again(checker, submission) -> None:
    html = shown(checker, f"{file_path(submission, 'table')}?hide=1")
    head = html[html.index("<thead>") : html.index("</thead>")]
    assert "mean" in head
    assert ">n<" not in head
    assert re.search(r'Hidden: <a href="\?[^"]*">n</a>', html)


def test_the_next_finding_leads_to_its_cell_on_its_page(checker, submission) -> None:
    path = file_path(submission, "table")
    to = re.search(r'<a href="(\?finding=\d+)#here" data-key="f"', shown(checker, f"{path}?first=200"))
    assert to
    assert 'id="here"' in shown(checker, path + to[1])


def test_columns_are_given_in_figures_and_small_counts_are_marked(checker, submission) -> None:
    html = shown(checker, file_path(submission, "table"))
    figures = words(html[html.index('id="columns"') :])
    assert "Divisible by 5" in figures
    assert re.search(r"n Whole numbers 252 252 0 0 0 \d+ 8 8 below 10 349", figures), figures[:600]


@pytest.mark.parametrize(
    "query",
    ["view=nothing", "first=-1", "order=x", "order=99999", "row=abc", "hide=1;2", "finding=0", "within=x", "down=2",
     "against=../x", "find=" + "x" * 300],
)  # fmt: skip
def test_a_look_that_makes_no_sense_is_no_page(checker, submission, query: str) -> None:
    assert checker.get(f"{file_path(submission, 'table')}?{query}").status_code == 404


def test_far_looks_are_brought_back_to_what_there_is(checker, submission) -> None:
    path = file_path(submission, "table")
    assert first_cells(shown(checker, f"{path}?first=9999999"))[-1] == "253"
    assert first_cells(shown(checker, f"{path}?left=900000&order=16383&hide=9999&finding=9999"))


def test_a_log_keeps_its_colours_as_words_and_hides_nothing(checker, submission) -> None:
    html = shown(checker, file_path(submission, "log"))
    assert '<span class="tre-ansi-red">red words</span>' in html
    assert "\x1b" not in html


def test_a_page_is_shown_in_a_frame_that_can_do_nothing_and_as_its_own_text(checker, submission) -> None:
    path = file_path(submission, "page")
    answer = checker.get(path)
    assert re.search(r'<iframe[^>]+src="[^"]+/frame" sandbox ', answer.text)
    assert "frame-src 'self'" in answer.headers["content-security-policy"]
    framed = checker.get(f"{path}/frame")
    policy = framed.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert framed.headers["x-frame-options"] == "SAMEORIGIN"
    plain = shown(checker, f"{path}?view=plain")
    assert "<script>alert" not in plain
    assert checker.get(f"{file_path(submission, 'table')}/frame").status_code == 404
    assert "frame-src" not in checker.get("/reviews").headers["content-security-policy"]


def test_what_an_outsider_can_compute_is_shown_for_every_hidden_cell(world: World) -> None:
    table = b"arm,north,south,Total\nplacebo,120,110,230\ntreated,118,*,\nTotal,238,,366\n"
    submission = world.in_review({"hidden.csv": table})
    checker = world.browser("checker")
    text = words(checker.get(f"{file_path(submission, 'hidden')}?view=outsider").text)
    assert "Computed from 1 tables of this request and 0 that were released before" in text
    assert "arm “treated”, “south” row 3, column “south” anything exactly 18" in text


def test_a_large_table_is_shown_before_its_columns_are_counted_up(world: World) -> None:
    table = b"arm,n\n" + b"".join(b"group %d,%d\n" % (row, 100 + row % 900) for row in range(6_000))
    submission = world.in_review({"large.csv": table})
    checker, path = world.browser("checker"), file_path(submission, "large")
    first = checker.get(path).text
    assert re.search(r'id="figures" data-later="\?view=columns"><a href="\?view=columns">', first)
    assert "100 of" not in first
    figures = checker.get(f"{path}?view=columns").text
    assert re.search(r"n Whole numbers 6000 6000 0 0 0 900 100 100 999", words(figures)), words(figures)[:900]
    assert "data-later" not in checker.get(path).text


def test_where_a_result_comes_from_names_data_terms_and_organisation(checker, submission) -> None:
    text = words(shown(checker, f"{file_path(submission, 'table')}?view=lineage"))
    for expected in ("Hospital admissions", "Tumour registrations", "North Hospital Trust", "Institute of Health"):
        assert expected in text


def test_the_queue_says_age_claims_findings_data_and_can_be_narrowed(shared: World, checker, submission) -> None:
    text = words(shown(checker, "/reviews"))
    for expected in (
        "Bench <b>",
        "0 of 2",
        "Nobody",
        "Hospital admissions (North Hospital Trust)",
        "Institute of Health",
    ):
        assert expected in text
    assert "Nothing of what waits for you matches" in words(shown(checker, "/reviews?q=nothinglikeit"))
    assert "1 of 1 shown" in words(shown(checker, "/reviews?q=tumour&order=findings"))
    here = f"/reviews/{submission.submission_id}"
    assert checker.submit(f"{here}/claim", page=here).status_code == 303
    assert "Claimed by" in shown(checker, "/reviews?show=mine")
    assert "0 of 1 shown" in words(shown(checker, "/reviews?show=free"))
    assert "You are at it until" in words(shown(checker, here))
    assert "Chloe Checker is at it" in words(shown(shared.browser("second checker"), here))
    assert checker.submit(f"{here}/claim", page=here, end="yes").status_code == 303
    assert checker.get("/reviews?order=nothing").status_code == 404


def test_the_overview_says_what_blocks_progress_and_who_set_each_rule(checker, submission) -> None:
    text = words(shown(checker, f"/reviews/{submission.submission_id}"))
    assert "It waits for 2 more checkers to hand in a review." in text
    assert re.search(r"You have still to vote on \d of \d files\.", text)
    assert re.search(r"You must answer \d+ findings\.", text)
    assert "Smallest count that may be shown" in text


def test_nobody_but_those_concerned_sees_pages_of_the_bench(shared: World, submission) -> None:
    for name in ("stranger", "colleague"):
        browser = shared.browser(name)
        assert browser.get(f"/reviews/{submission.submission_id}").status_code == 404
        assert browser.get(file_path(submission, "table")).status_code in (403, 404)
        for path in ("/precedents", "/incidents", "/training"):
            assert browser.get(path).status_code == 403, path
        assert "Nothing waits for you" in words(browser.get("/reviews").text)


def voted(browser: Browser, path: str, choice: str, comment: str = "looked at", **fields):
    html = browser.get(path).text
    binding = re.search(r'name="binding" value="([^"]+)"', html)[1]
    keys = re.findall(r'name="acknowledged" value="([^"]+)"', html)
    fields.setdefault("acknowledged", keys)
    plain, _, look = path.partition("?")
    return browser.submit(f"{plain}/vote?{look}", page=path, choice=choice, comment=comment, binding=binding, **fields)


def test_a_vote_leads_back_to_the_same_look_and_answers_findings(world: World) -> None:
    submission = world.in_review({"table.csv": SMALL})
    checker, path = world.browser("checker"), file_path(submission, "table")
    key = re.search(r'name="answer-([0-9a-f]{32})"', checker.get(path).text)[1]
    answer = checker.submit(
        f"{path}/vote?order=1&first=100", page=path, choice="", **{f"answer-{key}": "a known group"}
    )
    assert answer.status_code == 422
    assert "You answered: a known group" in words(answer.text)
    wrong = checker.submit(f"{path}/vote", page=path, choice="approve", binding="0" * 64, comment="x")
    assert wrong.status_code == 409
    good = voted(checker, f"{path}?order=1", "changes")
    assert good.headers["location"].startswith(f"{path}?")
    assert "said=voted" in good.headers["location"]
    overview = words(checker.get(f"/reviews/{submission.submission_id}").text)
    assert "You have voted on 1 of 1 files" in overview
    assert "You can hand your review in." in overview


def test_changes_are_asked_of_several_files_at_once_but_nothing_is_approved_so(world: World) -> None:
    submission = world.in_review({"a.csv": SAFE, "b.csv": SAFE + b"all,238,71.0\n", "c.csv": SAFE})
    checker, here = world.browser("checker"), f"/reviews/{submission.submission_id}"
    chosen = [file.file_id for file in submission.files[:2]]
    nothing = checker.submit(f"{here}/changes", page=here, changes_comment="round it")
    assert nothing.status_code == 422
    assert "Choose the files" in nothing.text
    empty = checker.submit(f"{here}/changes", page=here, files=chosen)
    assert empty.status_code == 422
    answer = checker.submit(f"{here}/changes", page=here, files=chosen, changes_comment="round it", choice="approve")
    assert answer.status_code == 303
    votes = world.house.airlock.view(world.actor("checker"), submission.submission_id).own_votes
    assert {vote.file_id: vote.choice for vote in votes} == dict.fromkeys(chosen, Choice.CHANGES)
    assert not re.search(r'action="[^"]*/approve', checker.get(here).text)


def test_a_request_is_sent_back_early_revised_and_compared_with_what_was_reviewed(world: World) -> None:
    submission = world.in_review({"table.csv": SAFE})
    checker, here = world.browser("checker"), f"/reviews/{submission.submission_id}"
    world.review("second checker", submission, Choice.CHANGES, "count the treated again")
    empty = checker.submit(f"{here}/return", page=here)
    assert empty.status_code == 422
    seen = re.search(r'name="seen" value="(\d+)"', checker.get(here).text)[1]
    stale = checker.submit(f"{here}/return", page=here, return_reason="Round it.", seen="0")
    assert stale.status_code == 409
    assert checker.submit(f"{here}/return", page=here, return_reason="Round it.", seen=seen).status_code == 303
    author = words(world.browser("researcher").get(f"/submissions/{submission.submission_id}").text)
    assert "Round it." in author
    assert f"tre-airlock submit --revises {submission.submission_id}" in author


def test_the_present_file_is_compared_with_the_one_released_before(world: World) -> None:
    table = b"arm,n,mean age\nplacebo,120,71\ntreated,118,70\n"
    world.released({"table.csv": table})
    later = world.in_review({"table.csv": table.replace(b"70", b"69")})
    html = world.browser("checker").get(f"{file_path(later, 'table')}?view=differences").text
    assert "1 cell changed in 1 row" in words(html)
    assert re.search(r'<td class="tre-small-change"><del>70</del> <ins>69</ins> <strong>-1</strong></td>', html)
    assert "1 by less than 10" in words(html)
    first = world.in_review({"other.csv": SAFE})
    text = words(world.browser("checker").get(f"{file_path(first, 'other')}?view=differences").text)
    assert "No file of this name was reviewed or released before" in text


def test_a_recall_takes_two_people_and_lists_who_has_it(world: World) -> None:
    released = world.released({"table.csv": SAFE})
    author, own = world.browser("researcher"), f"/submissions/{released.submission_id}"
    link = author.submit(f"{own}/link", page=own).headers["location"]
    assert author.submit(link, page=link).status_code == 200
    checker, here = world.browser("checker"), f"/reviews/{released.submission_id}"
    assert checker.submit(f"{here}/recall", page=here, recall_reason="x").status_code == 422
    asked = checker.submit(f"{here}/recall", page=here, recall_reason="A small cell was seen late.", gravity="medium")
    assert asked.status_code == 303, words(asked.text)
    assert author.submit(f"{own}/link", page=own).status_code in (403, 409)
    mine = checker.submit(f"{here}/recall-decision", page=here, recall_decision="yes", seen="0")
    assert mine.status_code == 403
    second = world.browser("second checker")
    assert "Confirm or dismiss the recall" in words(second.get("/reviews").text)
    assert second.submit(f"{here}/recall-decision", page=here, recall_decision="yes").status_code == 303
    text = words(second.get("/incidents").text)
    for expected in ("A small cell was seen late.", "medium", "Confirmed", "Collected by Rosa Researcher"):
        assert expected in text
    assert world.seen(released).state is State.RECALLED


def test_a_rejection_is_appealed_once_and_decided_by_others_with_a_lead(world: World) -> None:
    submission = world.in_review({"table.csv": SAFE})
    for name in ("checker", "second checker"):
        world.review(name, submission, Choice.REJECT, "Not aggregated.")
    author, own = world.browser("researcher"), f"/submissions/{submission.submission_id}"
    assert author.submit(f"{own}/appeal", page=own, appeal_reason=" ").status_code == 422
    assert author.submit(f"{own}/appeal", page=own, appeal_reason="They are means of 118.").status_code == 303
    here = f"/reviews/{submission.submission_id}"
    said = {"appeal_decision": "no", "appeal_reason": "no", "seen": "0"}
    first = world.browser("checker").submit(f"{here}/appeal", page=here, **said)
    assert first.status_code == 403
    for name in ("third checker", "lead"):
        browser = world.browser(name)
        assert "Decide the appeal" in words(browser.get("/reviews").text)
        assert browser.submit(f"{here}/appeal", page=here, appeal_decision="yes").status_code == 422
        done = browser.submit(f"{here}/appeal", page=here, appeal_decision="yes", appeal_reason="They are.")
        assert done.status_code == 303, words(done.text)
    assert world.seen(submission).state is State.IN_REVIEW
    assert "Lena Lead" not in author.get(own).text


def test_a_lead_settles_where_checkers_disagree(world: World) -> None:
    submission = world.in_review({"table.csv": SAFE})
    world.review("checker", submission)
    world.review("second checker", submission, Choice.CHANGES, "Round it.")
    here, lead = f"/reviews/{submission.submission_id}", world.browser("lead")
    assert "The checkers disagree" in words(lead.get(here).text)
    assert lead.submit(f"{here}/settle", page=here, outcome="nothing", settle_reason="x").status_code == 422
    assert lead.submit(f"{here}/settle", page=here, outcome="return", settle_reason="").status_code == 422
    said = {"outcome": "approve", "settle_reason": "mine", "seen": "0"}
    checker = world.browser("checker").submit(f"{here}/settle", page=here, **said)
    assert checker.status_code == 403
    done = lead.submit(f"{here}/settle", page=here, outcome="return", settle_reason="Rounding was asked for.")
    assert done.status_code == 303, words(done.text)
    assert world.seen(submission).state is State.RETURNED


def test_a_conflict_of_interest_takes_a_checker_off(world: World) -> None:
    submission = world.in_review({"table.csv": SAFE})
    checker, here = world.browser("checker"), f"/reviews/{submission.submission_id}"
    assert checker.submit(f"{here}/conflict", page=here, conflict_reason="").status_code == 422
    assert checker.submit(f"{here}/conflict", page=here, conflict_reason="My sister wrote it.").status_code == 303
    assert checker.get(file_path(submission, "table")).status_code == 403
    assert "Nothing waits for you" in words(checker.get("/reviews").text)


def test_precedents_are_found_by_their_words_and_only_once_decided(world: World) -> None:
    world.in_review({"pending.csv": SAFE}, title="Undecided quokkas")
    decided = world.in_review({"table.csv": SAFE}, title="Decided wombats")
    for name in ("checker", "second checker"):
        world.review(name, decided, comment="wombat counts are fine")
    browser = world.browser("third checker")
    text = words(browser.get("/precedents?q=wombat").text)
    assert "Decided wombats" in text
    assert "wombat counts are fine" in text
    dataset = world.datasets["officer"]
    assert "Decided wombats" in words(browser.get(f"/precedents?q=wombat&dataset={dataset}").text)
    other = world.house.access.projects(world.actor("operator"))[0].project_id
    assert "Nothing was decided" in words(browser.get(f"/precedents?q=nothinglikethat&dataset={dataset}").text)
    assert browser.get(f"/precedents?q=wombat&dataset={other}").status_code == 404
    assert browser.get("/precedents?q=wombat&dataset=1").status_code == 404
    assert "Undecided" not in words(browser.get("/precedents?q=quokkas").text)
    assert "at least" in words(browser.get("/precedents?q=ab").text)


def test_training_shows_the_lesson_only_after_the_answer(world: World) -> None:
    case = TrainingCase(
        case_id="small-1",
        name="deaths.csv",
        content=b"arm,n\na,120\nb,3\n",
        context="Deaths <i>by arm</i>",
        rules=("SMALL_COUNT",),
        lesson="Three people died in arm b.",
    )
    house = world.house
    trained = replace(house, training=Training(house.record, house.policy, [case]))
    world.app.state.house = trained  # type: ignore[attr-defined]
    checker, path = world.browser("checker"), "/training/small-1"
    before = checker.get(path).text
    assert "Three people died" not in before
    assert "SMALL_COUNT" not in before
    assert "Deaths &lt;i&gt;by arm" in before
    sha256 = re.search(r'name="sha256" value="([0-9a-f]{64})"', before)[1]
    assert checker.submit(path, page=path, choice="changes", comment="", sha256=sha256).status_code == 422
    assert checker.submit(path, page=path, choice="approve", comment="", sha256=sha256).status_code == 303
    after = words(checker.get(path).text)
    assert "You let it through" in after
    assert "Three people died in arm b." in after
    assert (
        checker.submit(path, page="/training", choice="reject", comment="now I see", sha256=sha256).status_code == 409
    )
    assert "SMALL_COUNT 1 1 100 %" in words(checker.get("/training").text)
    assert "Chloe Checker, 1 answered" in words(world.browser("lead").get("/training").text)
    assert "All together" not in words(checker.get("/training").text)
    assert checker.get("/training/nothing").status_code == 404


def test_a_file_with_more_findings_than_a_form_may_have_fields_is_answered_in_turns(shared) -> None:
    wide = b",".join(b"c%d" % n for n in range(300)) + b"\n" + b",".join([b"9"] * 300) + b"\n"
    submission = shared.in_review({"wide.csv": wide})
    path, checker = file_path(submission, "wide"), shared.browser("second checker")
    for _ in range(2):
        keys = re.findall(r'name="acknowledged" value="([0-9a-f]{32})"', shown(checker, path))
        assert len(keys) == 150
        words_said = {"choice": "changes", "comment": "Far too small.", "acknowledged": keys}
        empty = {f"answer-{key}": "" for key in keys}
        binding = re.search(r'name="binding" value="([0-9a-f]+)"', shown(checker, path))[1]
        answer = checker.submit(f"{path}/vote", page=path, binding=binding, **words_said, **empty)
        assert answer.status_code == 303, words(answer.text)
    assert 'name="acknowledged"' not in shown(checker, path)
