"""The bench in a real Chromium: accessible, quick by keyboard, and whole without a script."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from orchestrator.airlock.training.service import Training, TrainingCase
from tests.web.chromium import NEEDED, opened
from tests.web.stories import TABLE, tell
from tests.web.world import World

pytestmark = NEEDED

CASE = TrainingCase(
    case_id="case-1",
    name="deaths.csv",
    content=b"arm,n\na,120\nb,3\n",
    context="Deaths",
    rules=("SMALL_COUNT",),
    lesson="3.",
)


@pytest.fixture(scope="module")
def told(served: World) -> dict[str, str]:
    """One request of each kind that the bench has a page for, and one training case."""
    house = served.house
    training = Training(house.record, house.policy, [CASE], as_now=house.airlock_desk.as_now)
    served.app.state.house = replace(house, training=training)  # type: ignore[attr-defined]
    return tell(served)


VIEWS = ["", "?view=plain", "?view=differences", "?view=outsider", "?view=lineage", "?finding=1&order=1&hide=2"]
PAGES = {
    "checker: requests": ["/reviews", "/reviews/{review}", "/reviews/{split}", "/reviews/{released}"],
    "checker: beside": ["/precedents", "/precedents?q=aggregated", "/incidents", "/training", "/training/case-1"],
    "checker: one file": [f"/reviews/{{review}}/files/{{file0}}{view}" for view in VIEWS],
    "checker: files": [
        *(f"/reviews/{{review}}/files/{{file{place}}}" for place in range(1, 5)),
        "/reviews/{review}/files/{file1}?view=outsider",
        "/reviews/{review}/files/{file5}?view=differences",
    ],
    "lead": ["/reviews", "/reviews/{split}", "/training"],
    "second checker": ["/reviews/{recalled}"],
    "operator": ["/reviews", "/reviews/{review}", "/incidents"],
    "researcher": ["/submissions/{returned}", "/submissions/{rejected}", "/submissions/{recalled}"],
}


@pytest.mark.parametrize("pages", list(PAGES))
def test_no_page_of_the_bench_has_an_accessibility_violation(chromium, served: World, told, pages: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(chromium, served, pages.partition(":")[0])
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    found = {}
    for path in PAGES[pages]:
        answer = page.goto(path.format(**told))
        assert answer.status == 200, (path, page.locator("main").inner_text())
        for summary in page.locator("details > summary").all():
            summary.click()
        options = {
            "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
            "iframes": False,
        }
        results = Axe().run(page, options=options)
        if results.violations_count:
            found[path] = results.generate_snapshot() + results.generate_report()
    page.context.close()
    assert [text for text in complaints if "sandbox" not in text.lower()] == []
    assert not found, "\n".join(f"{path}: {report}" for path, report in found.items())


def test_a_request_is_reviewed_with_the_keyboard_alone(chromium, served: World, told) -> None:
    page = opened(chromium, served, "second checker")
    page.goto("/reviews?q=survival")
    page.keyboard.press("j")
    page.wait_for_url(f"**/reviews/{told['review']}")
    page.keyboard.press("n")
    page.wait_for_url(f"**/files/{told['file0']}")
    page.keyboard.press("f")
    page.wait_for_url("**finding=1#here")
    assert "8" in page.locator("#here").inner_text()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "find"
    page.keyboard.type("group 2jac")
    assert page.locator("#find").input_value() == "group 2jac"
    page.keyboard.press("Enter")
    page.wait_for_url("**find=group+2jac*")
    page.keyboard.press("d")
    page.wait_for_url("**view=differences**")
    page.keyboard.press("v")
    page.wait_for_url(re.compile(r"/files/[a-z2-7]{16}\?(?!.*view=)"))
    page.keyboard.press("c")
    assert page.evaluate("document.activeElement.id") == "comment"
    assert page.locator("input[name=choice][value=changes]").is_checked()
    page.keyboard.type("Suppress the treated.")
    for number in range(page.locator("input[name=acknowledged]").count()):
        page.locator("input[name=acknowledged]").nth(number).check()
    page.locator("#record").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**said=voted")
    assert "Needs changes" in page.locator("main").inner_text()
    page.keyboard.press("j")
    page.wait_for_url(f"**/files/{told['file1']}*")
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.id") == "record"
    page.keyboard.press("k")
    page.wait_for_url(f"**/files/{told['file0']}*")
    page.context.close()


def test_keys_are_listed_and_can_be_switched_off(chromium, served: World, told) -> None:
    page = opened(chromium, served, "checker")
    page.goto(f"/reviews/{told['review']}/files/{told['file0']}")
    link = page.locator("[data-key=j]")
    assert link.get_attribute("aria-keyshortcuts") == "j"
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    assert "Next file" in dialog.inner_text()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    page.get_by_role("button", name="Keys of this page").click()
    dialog.get_by_role("button", name="Switch the keys off").click()
    dialog.get_by_role("button", name="Close").click()
    assert link.get_attribute("aria-keyshortcuts") is None
    here = page.url
    page.keyboard.press("j")
    page.keyboard.press("?")
    page.wait_for_timeout(300)
    assert page.url == here
    assert not dialog.is_visible()
    page.reload()
    page.get_by_role("button", name="Keys of this page").click()
    dialog.get_by_role("button", name="Switch the keys on").click()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.wait_for_url(f"**/files/{told['file1']}*")
    page.context.close()


def test_the_place_on_the_page_is_kept_when_it_is_sorted_and_a_form_is_sent_once(chromium, served: World, told) -> None:
    page = opened(chromium, served, "checker")
    page.goto(f"/reviews/{told['review']}/files/{told['file0']}")
    page.evaluate("window.scrollTo(0, 300)")
    page.get_by_role("link", name=re.compile("^mean")).first.click()
    page.wait_for_url("**order=2*")
    assert page.evaluate("window.scrollY") > 250
    page.goto(f"/reviews/{told['review']}")
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.evaluate(
        """() => { const form = document.querySelector("form[action$='/claim']");
                   form.requestSubmit(); form.requestSubmit(); form.requestSubmit(); }"""
    )
    page.wait_for_url("**said=changed")
    assert len(sent) == 1
    page.context.close()


def test_a_rendered_page_runs_nothing(chromium, served: World, told) -> None:
    page = opened(chromium, served, "checker")
    page.goto(f"/reviews/{told['review']}/files/{told['file4']}")
    frame = page.frame_locator("iframe")
    assert frame.get_by_role("heading", name="Result").is_visible()
    inner = page.frames[1]
    assert inner.url.endswith("/frame")
    assert page.title() != "run"
    page.context.close()


def test_without_a_script_a_request_is_looked_through_answered_and_handed_in(chromium, served: World) -> None:
    submission = served.in_review({"only.csv": TABLE}, title="Without scripts")
    page = opened(chromium, served, "third checker", javascript=False)
    page.goto("/reviews?q=without")
    page.get_by_role("link", name="Without scripts").click()
    page.get_by_role("button", name="Claim it").click()
    page.get_by_role("link", name="only.csv").click()
    page.get_by_role("link", name="Next finding in the table").click()
    assert page.locator("#here").count() == 1
    page.get_by_label("Go to row").fill("250")
    page.get_by_role("button", name="Go", exact=True).click()
    assert "250" in page.locator("#here").inner_text()
    page.get_by_label("needs changes").check()
    page.get_by_label("Comment").fill("Suppress it.")
    for box in page.locator("input[name=acknowledged]").all():
        box.check(force=True)
    page.get_by_role("button", name="Record my vote").click()
    page.get_by_role("link", name="All files").click()
    page.get_by_role("button", name="Hand in my review").click()
    assert "Your review was handed in." in page.locator("main").inner_text()
    view = served.house.airlock.view(served.actor("third checker"), submission.submission_id)
    assert view.own_review_submitted
    page.context.close()


def test_a_narrow_screen_needs_no_scrolling_sideways(chromium, served: World, told) -> None:
    page = opened(chromium, served, "checker", width=320)
    for path in ("/reviews", "/reviews/{review}", "/reviews/{review}/files/{file0}", "/incidents", "/training/case-1"):
        page.goto(path.format(**told))
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, (path, wide)
    page.context.close()
