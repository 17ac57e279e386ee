"""A real Chromium: no accessibility violation on any main page, the whole way by keyboard, no script needed."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.web.chromium import NEEDED, PICTURES, opened
from tests.web.world import PNG, SUMMARY, World, day

pytestmark = NEEDED


@pytest.fixture(scope="module")
def told(served: World) -> dict[str, str]:
    """Things to look at: an application to decide, one to approve, submissions in each state."""
    from orchestrator.access.forms.model import FormItem
    from tests.web.world import answers

    access, researcher = served.house.access, served.actor("researcher")
    asked = ("public-benefit", "lead-role", "funded", "funder", "outputs")
    officer, north = served.actor("officer"), served.custodians["officer"]
    access.forms.publish(officer, north, [FormItem(question_id=each, version=0) for each in asked], panel=1)
    access.panels.add(officer, north, served.people["stranger"])
    draft = access.draft(researcher, answers(served, "A second question"), [served.datasets["officer"]])
    waiting = access.draft(researcher, answers(served, "A third question"), list(served.datasets.values()))
    access.submit(researcher, waiting.application_id)
    piece = served.house.evidence.record(
        researcher, waiting.application_id, "dpia", reference="D-1", valid_from=day(-1), valid_until=day(90)
    )
    files = {"counts.csv": b"arm,n\nplacebo,120\ntreated,118\n" * 40, "figure.png": PNG, "note.txt": b"All rounded.\n"}
    review = served.in_review(files, title="Survival by arm")
    released = served.released()
    return {
        "draft": draft.application_id,
        "waiting": waiting.application_id,
        "evidence": piece.evidence_id,
        "review": review.submission_id,
        "file": review.files[0].file_id,
        "released": released.submission_id,
        "sheet": served.house.sheets.issue(served.actor("officer"), served.custodians["officer"]).sheet_id,
        "endpoint": held_endpoint(served),
        "saved_search": kept_search(served),
        "other_dataset": served.datasets["other officer"],
    }


def kept_search(world: World) -> str:
    """A search that found nothing when it was kept, and has news."""
    from orchestrator.discovery.search.model import Asked

    saved = world.house.saved_searches
    kept = saved.keep(world.actor("researcher"), "Imported", Asked(words="title:sneezing"))
    record = {"identifier": "https://example.org/1", "version": "1.0.0", "summary": {"title": "Sneezing"}}
    world.house.catalogue.import_records(world.actor("operator"), [record], source="a file")
    assert saved.look() == 1
    return kept.search_id


def held_endpoint(world: World) -> str:
    """An endpoint with a pull that waits for a decision, and a record that could not be taken."""
    from orchestrator.core.events import Event
    from orchestrator.discovery.harvest.store import ItemRow, PullRow

    harvest, officer = world.house.harvest, world.actor("officer")
    made = harvest.register_endpoint(
        officer, custodian_id=world.custodians["officer"], name="Ours", address="https://catalogue.example.org"
    )
    pull = harvest.ask_for_test(officer, made.endpoint_id)
    with world.house.record.change() as change:
        row = change.session.get_one(PullRow, pull.pull_id)
        row.kind, row.state, row.missing, row.listed, row.trouble = "daily", "held", 7, 12, "7 entries are gone."
        item = {"pull_id": pull.pull_id, "persistent_id": "x", "number": 0, "version": "1.0.0", "modified": ""}
        change.session.add(ItemRow(**item, state="skipped", problem="The record is no whole JSON."))
        change.tell(Event(kind="pull.held", actor="system:test", subject=f"pull:{pull.pull_id}"))
    return made.endpoint_id


PAGES = [
    (None, "/"),
    (None, "/datasets"),
    (None, "/datasets/{dataset}"),
    (None, "/datasets?q=hospital+zzyzx&people=5"),
    (None, "/datasets/compare?with={dataset}&with={other_dataset}"),
    (None, "/descriptions/check"),
    (None, "/register"),
    (None, "/register/{project}"),
    (None, "/datasets/{dataset}/uses"),
    (None, "/federation"),
    (None, "/codes-of-use"),
    (None, "/how-it-works"),
    (None, "/accessibility"),
    (None, "/sign-in"),
    (None, "/nothing"),
    ("researcher", "/"),
    ("researcher", "/account"),
    ("researcher", "/datasets?q=admissions"),
    ("researcher", "/saved-searches"),
    ("researcher", "/saved-searches/{saved_search}"),
    ("researcher", "/account/elsewhere"),
    ("researcher", "/applications"),
    ("researcher", "/applications/new"),
    ("researcher", "/applications/{draft}"),
    ("researcher", "/applications/{draft}/edit"),
    ("researcher", "/applications/{draft}/questions"),
    ("researcher", "/applications/{waiting}/parts/{custodian}"),
    ("researcher", "/projects/{project}/amend"),
    ("researcher", "/projects"),
    ("researcher", "/projects/{project}"),
    ("researcher", "/projects/{project}/open"),
    ("researcher", "/projects/{project}/waiting"),
    ("researcher", "/register/{project}/state"),
    ("researcher", "/applications/{draft}/purpose"),
    ("researcher", "/applications/{waiting}/evidence"),
    ("researcher", "/evidence"),
    ("researcher", "/projects/{project}/rules"),
    ("researcher", "/account/visas"),
    ("researcher", "/submissions"),
    ("researcher", "/submissions/{released}"),
    ("researcher", "/command-sign-in"),
    ("officer", "/"),
    ("officer", "/datasets/{dataset}/terms"),
    ("officer", "/datasets/{dataset}/description"),
    ("officer", "/applications/{waiting}/purpose"),
    ("officer", "/decisions"),
    ("officer", "/demand"),
    ("officer", "/decisions/{waiting}/{custodian}"),
    ("officer", "/custodians/{custodian}"),
    ("officer", "/applications/{waiting}/parts/{custodian}"),
    ("officer", "/custodians/{custodian}/form"),
    ("officer", "/custodians/{custodian}/use"),
    ("officer", "/register/{project}/state?custodian={custodian}"),
    ("officer", "/sheets/{sheet}"),
    ("checker", "/reviews"),
    ("checker", "/reviews/{review}"),
    ("checker", "/reviews/{review}/files/{file}"),
    ("operator", "/"),
    ("operator", "/applications/{waiting}"),
    ("operator", "/projects/{project}"),
    ("operator", "/evidence/{evidence}"),
    ("researcher", "/evidence/{evidence}"),
    ("operator", "/people"),
    ("operator", "/people/{person}"),
    ("operator", "/workspaces"),
    ("operator", "/audit"),
    ("operator", "/audit/verify"),
    ("operator", "/custodians"),
    ("operator", "/endpoints/{endpoint}"),
    ("officer", "/endpoints"),
    ("officer", "/endpoints/{endpoint}"),
    ("stranger", "/panel"),
    ("stranger", "/panel/{waiting}/{custodian}"),
    ("stranger", "/people"),
]


@pytest.mark.parametrize("role", [None, "researcher", "officer", "checker", "operator", "stranger"])
def test_no_main_page_has_an_accessibility_violation_or_a_complaint_of_the_browser(
    chromium, served: World, told: dict[str, str], role: str | None
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    places = told | {
        "dataset": served.datasets["officer"],
        "project": served.project,
        "custodian": served.custodians["officer"],
        "person": served.people["stranger"],
    }
    page = opened(chromium, served, role)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    found = {}
    for who, path in PAGES:
        if who != role:
            continue
        page.goto(path.format(**places))
        for summary in page.locator("details > summary").all():
            summary.click()
        axe = Axe()
        results = axe.run(page)
        if results.violations_count:
            found[path] = results.generate_snapshot() + results.generate_report()
        if PICTURES:
            name = f"{role or 'public'}{path.replace('/', '-').replace('{', '').replace('}', '')}.png"
            page.screenshot(path=f"{PICTURES}/{name}", full_page=True)
    page.context.close()
    expected = ("404", "403")
    assert [text for text in complaints if not any(code in text for code in expected)] == []
    assert not found, "\n".join(f"{path}: {report}" for path, report in found.items())


def test_an_application_is_written_and_submitted_with_the_keyboard_alone(chromium, served: World) -> None:
    page = opened(chromium, served, "researcher")
    page.goto("/applications/new")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to main content"
    page.keyboard.press("Enter")
    typed = {
        "title": "Typed by keyboard",
        "lay_summary": SUMMARY,
        "purpose": "To try.",
        "organisation": "Institute",
        "ethics_reference": "REC 1",
    }
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.name || document.activeElement.type || ''")
        reached.append(name)
        if name in typed:
            page.keyboard.insert_text(typed[name])
        elif name in ("ethics_until", "start", "end"):
            moment = day({"start": 0, "end": 90}.get(name, 200))
            page.keyboard.type(f"{moment:%m%d%Y}")
            page.keyboard.press("Shift+Tab")
            while page.evaluate("document.activeElement.name") == name:
                page.keyboard.press("Shift+Tab")
            while page.evaluate("document.activeElement.name") != name:
                page.keyboard.press("Tab")
            for _ in range(2):
                page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name") == name:
                page.keyboard.press("Tab")
        elif name == "datasets":
            page.keyboard.press("Space")
        elif name == "submit":
            assert "Save" in page.evaluate("document.activeElement.textContent")
            page.keyboard.press("Enter")
            break
    page.wait_for_url("**/applications/*said=saved")
    assert "Typed by keyboard" in page.locator("h1").inner_text()
    for _ in range(40):
        page.keyboard.press("Tab")
        if "Submit to the custodians" in page.evaluate("document.activeElement.textContent"):
            page.keyboard.press("Enter")
            break
    page.wait_for_url("**/applications/*said=submitted")
    assert "Submitted" in page.locator("main").inner_text()
    page.context.close()


def test_focus_is_always_visible_where_the_keyboard_goes(chromium, served: World, told: dict[str, str]) -> None:
    page = opened(chromium, served, "checker")
    page.goto(f"/reviews/{told['review']}/files/{told['file']}")
    seen = 0
    for _ in range(40):
        page.keyboard.press("Tab")
        shown = page.evaluate(
            """() => {
                const it = document.activeElement;
                if (it === document.body) return null;
                const look = getComputedStyle(it), beside = it.nextElementSibling;
                const next = beside && getComputedStyle(beside, "::before");
                const ringed = (style) => style && (parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none");
                return ringed(look) || ringed(next) || look.backgroundColor === "rgb(255, 235, 59)";
            }"""
        )
        if shown is None:
            break
        assert shown, page.evaluate("document.activeElement.outerHTML")
        seen += 1
    assert seen > 15
    page.context.close()


def _gate(port: int, asked: list[str]) -> ThreadingHTTPServer:
    class Gate(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["host"] + self.path)
            self.send_response(200)
            self.send_header("content-length", "6")
            self.end_headers()
            self.wfile.write(b"inside")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Gate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_the_waiting_page_leads_into_the_workspace_by_itself(chromium, served: World) -> None:
    asked: list[str] = []
    workspace = _gate(served.house.settings.workspaces.first_port, asked)
    page = opened(chromium, served, "researcher")
    page.goto(f"/projects/{served.project}")
    page.get_by_role("button", name="Open the workspace").click()
    page.wait_for_url("**/waiting")
    assert "waking" in page.get_by_role("status").inner_text()
    served.awake()
    page.wait_for_url("**/_gate/enter?ticket=*")
    assert page.inner_text("body") == "inside"
    assert asked[0].startswith(f"{served.project}.localhost:")
    page.context.close()
    workspace.shutdown()
    workspace.server_close()


def test_without_scripts_everything_still_works(chromium, served: World, told: dict[str, str]) -> None:
    page = opened(chromium, served, "checker", javascript=False)
    page.goto(f"/reviews/{told['review']}")
    page.get_by_role("link", name="figure.png").click()
    page.wait_for_url("**/files/**")  # until its picture is there too
    assert page.locator("main img").evaluate("image => image.naturalWidth") == 1
    page.get_by_label("may leave").check()
    page.get_by_label("Comment").fill("a picture without data")
    page.get_by_role("button", name="Record my vote").click()
    page.wait_for_url("**/files/*said=voted")
    assert "you have voted on 1 of 3" in page.locator("main").inner_text()
    page.context.close()


def test_a_narrow_screen_needs_no_scrolling_sideways(chromium, served: World, told: dict[str, str]) -> None:
    page = opened(chromium, served, "operator", width=320)
    for path in (
        "/",
        "/people",
        "/audit",
        f"/projects/{served.project}",
        "/register",
        f"/applications/{told['waiting']}",
    ):
        page.goto(path)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, (path, wide)
    page.context.close()
