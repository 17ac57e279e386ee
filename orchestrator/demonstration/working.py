"""The story in the workspace: it wakes, reads what was granted, hands in results, and loses what is withdrawn."""

from __future__ import annotations

import asyncio
import json
import time

from orchestrator.core.errors import Refused, Unavailable

from .cells import ANALYSIS, PROBE, READ_BREAST_CANCER, SUBMIT
from .stage import Stage, await_until, see

__all__ = ["analyse", "submit", "wake", "withdraw"]

_CHECKED_SECONDS = 180.0
_GONE_SECONDS = 10.0


def wake(stage: Stage) -> None:
    """The workspace wakes."""
    stage.post("james", f"/projects/{stage.seen['project']}/workspace/open")
    stage.await_awake()


def analyse(stage: Stage) -> None:
    """A notebook reads exactly what was granted; neither writing to it nor the network is possible."""
    printed = asyncio.run(_work(stage))
    seen = json.loads(printed.splitlines()[-1])
    see(seen["datasets"] == ["breast-cancer-trial", "shared-care-omop"], f"/data holds {seen['datasets']}")
    see(seen["people"] == 2694 and seen["women"] == 686 and seen["subjects"] == 306, f"counts differ: {seen}")
    see(seen["write"] == "refused" and seen["network"] == "refused", f"a wall stands open: {seen}")
    stage.seen["sha256"] = seen["sha256"]
    stage.seen["first_cell_seconds"] = round(time.monotonic() - stage.seen["approved"], 2)


async def _work(stage: Stage) -> str:
    async with stage.browser() as browser:
        await browser.enter()
        await browser.start_kernel()
        for cell in (PROBE, ANALYSIS):
            output = await browser.run(cell)
            if output.error:
                raise Refused(f"A cell failed: {output.error}")
        return output.text


def submit(stage: Stage) -> None:
    """The notebook hands in its results, and what arrives is what it wrote."""

    async def hand_in() -> str:
        async with stage.browser() as browser:
            await browser.enter()
            await browser.start_kernel()
            output = await browser.run(SUBMIT)
            if output.error:
                raise Refused(f"The submission failed: {output.error} {output.text[-300:]}")
            return output.text

    text = asyncio.run(hand_in())

    def in_review() -> bool:
        items = stage.get("james", "/submissions")["items"]
        stage.seen["submission"] = items[0] if items else None
        state = items[0]["state"] if items else ""
        if state == "blocked":
            findings = [f["message"] for file in items[0]["files"] for f in file["findings"]]
            raise Refused("The checks blocked the results.", reasons=findings)
        return state == "in-review"

    await_until(in_review, _CHECKED_SECONDS, f"the submission did not reach review: {text[-200:]}")
    hashes = [file["sha256"] for file in stage.seen["submission"]["files"]]
    see(hashes == [stage.seen["sha256"]], "what was frozen is not what the notebook wrote")


def withdraw(stage: Stage) -> None:
    """A custodian withdraws a dataset while it is being read; it goes in time, the own work stays."""
    breast = stage.cast.datasets["breast-cancer-trial"]
    grant = next(grant for grant in stage.seen["grants"] if grant["dataset_id"] == breast)

    async def lose() -> float:
        async with stage.browser() as browser:
            await browser.enter()
            await browser.start_kernel()
            before = await browser.run(READ_BREAST_CANCER)
            see(not before.error, f"the dataset could not be read while it was granted: {before.error}")
            started = time.monotonic()
            await asyncio.to_thread(
                stage.post, "bruno", f"/grants/{grant['grant_id']}/withdraw", {"reason": "The agreement ended."}
            )
            while time.monotonic() - started < _GONE_SECONDS + 5:
                try:
                    after = await browser.run(READ_BREAST_CANCER)
                except Unavailable:
                    break
                if after.error:
                    break
                await asyncio.sleep(0.2)
            return time.monotonic() - started

    seconds = asyncio.run(lose())
    stage.seen["withdrawal_seconds"] = round(seconds, 2)
    see(seconds <= _GONE_SECONDS, f"the data could be read for {seconds:.1f} s after the withdrawal")
    error, kept = _look_again(stage)
    see("FileNotFoundError" in error, f"the withdrawn dataset is still there: {error or 'readable'}")
    see(kept == "True", "the researcher's own work was lost")
    stage.post("james", f"/projects/{stage.seen['project']}/workspace/sleep")


def _look_again(stage: Stage) -> tuple[str, str]:
    """Return what reading the withdrawn dataset says in a new kernel, and whether the own work is still there.

    The session that held the dataset is being ended, so that the first look may fall into its end.
    """

    async def look() -> tuple[str, str]:
        async with stage.browser() as browser:
            await browser.enter()
            await browser.start_kernel()
            gone = await browser.run(READ_BREAST_CANCER)
            kept = await browser.run("import os; print(os.path.exists('/home/researcher/outbox/results.csv'))")
            return gone.error, kept.text.strip()

    deadline = time.monotonic() + stage.awake_seconds
    while True:
        stage.await_awake()
        try:
            return asyncio.run(look())
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)
