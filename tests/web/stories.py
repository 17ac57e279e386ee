"""Requests in every state that the bench has a page for: for tests in a browser, and for pictures."""

from __future__ import annotations

from orchestrator.airlock.cases.model import Gravity
from orchestrator.airlock.model import Choice
from tests.deciding import seen
from tests.web.world import PNG, SAFE, World

__all__ = ["HIDDEN", "HTML", "TABLE", "tell"]

TABLE = b"arm,n,mean\nplacebo,120,71.2\ntreated,8,70.9\n" + b"".join(
    b"group %d,%d,70\n" % (n, 100 + n) for n in range(300)
)
HIDDEN = b"arm,north,south,Total\nplacebo,120,110,230\ntreated,118,*,\nTotal,238,,366\n"
HTML = b"<!doctype html><html lang='en'><body><h1>Result</h1><script>document.title='run'</script></body></html>"
LOG = b"\x1b[31mred\x1b[0m and \x1b[33myellow\x1b[0m words\n\x1b[36mcyan\n"


def tell(world: World) -> dict[str, str]:
    """Make one request of each kind; return their identifiers by a word, and the files of the one in review."""
    airlock = world.house.airlock
    recalled = world.released({"table.csv": b"arm,mean age\nplacebo,71\ntreated,70\n"})
    airlock.recall(world.actor("checker"), recalled.submission_id, reason="Seen late.", gravity=Gravity.HIGH)
    released = world.released({"other.csv": b"arm,mean age\nplacebo,61\ntreated,60\n"})
    returned = world.in_review({"a.csv": SAFE})
    airlock.return_early(
        world.actor("checker"),
        returned.submission_id,
        reason="Round it.",
        seen=seen(world.house.record, returned.submission_id),
    )
    rejected, split = world.in_review({"b.csv": SAFE}), world.in_review({"c.csv": SAFE})
    for name in ("checker", "second checker"):
        world.review(name, rejected, Choice.REJECT, "Not aggregated.")
        world.review(name, split, Choice.APPROVE if name == "checker" else Choice.CHANGES, "My view.")
    files = {
        "table.csv": TABLE,
        "hidden.csv": HIDDEN,
        "figure.png": PNG,
        "run.log": LOG,
        "page.html": HTML,
        "other.csv": b"arm,mean age\nplacebo,61\ntreated,59\n",
    }
    review = world.in_review(files, title="Survival by arm")
    told = {
        "recalled": recalled,
        "released": released,
        "returned": returned,
        "rejected": rejected,
        "split": split,
        "review": review,
    }
    ids = {word: submission.submission_id for word, submission in told.items()}
    return ids | {f"file{place}": file.file_id for place, file in enumerate(review.files)}
