"""Requests as JSON and back: what a quote freezes, so that it can be priced again years later with the same result."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from orchestrator.core.events import Json
from orchestrator.core.money import Money

from .priced import Relief
from .request import AskedDataset, Request, Usage

__all__ = ["read_relief", "read_request", "write_relief", "write_request", "write_usage"]


def write_request(request: Request) -> dict[str, Json]:
    """Return a request as canonical JSON can carry it."""
    return {
        "start": request.start.isoformat(),
        "last": request.last.isoformat(),
        "answers": {
            name: list(answer) if isinstance(answer, tuple) else answer for name, answer in request.answers.items()
        },
        "datasets": [
            {"key": each.key, "title": each.title, "periods": each.periods, "traits": dict(each.traits)}
            for each in request.datasets
        ],
        "usage": write_usage(request.usage),
        "metered": request.metered,
        "passed_on": {name: [amount.pence, amount.currency] for name, amount in request.passed_on.items()},
    }


def write_usage(usage: tuple[Usage, ...]) -> list[Json]:
    """Return usage as JSON, in a fixed order."""
    ordered = sorted(usage, key=lambda each: (each.of, each.month, each.user, each.dataset, each.quantity))
    return [
        {"of": one.of, "quantity": one.quantity, "month": one.month, "user": one.user, "dataset": one.dataset}
        for one in ordered
    ]


def read_request(document: Mapping[str, Any]) -> Request:
    """Return the request that was written."""
    return Request(
        start=date.fromisoformat(document["start"]),
        last=date.fromisoformat(document["last"]),
        answers={
            name: tuple(answer) if isinstance(answer, list) else answer for name, answer in document["answers"].items()
        },
        datasets=tuple(AskedDataset(**each) for each in document["datasets"]),
        usage=tuple(Usage(**each) for each in document["usage"]),
        metered=document["metered"],
        passed_on={name: Money(*amount) for name, amount in document["passed_on"].items()},
    )


def write_relief(relief: Relief) -> dict[str, Json]:
    """Return a waiver as a quote freezes it."""
    return {
        "waiver": relief.waiver_id,
        "percent": relief.percent,
        "lines": list(relief.lines),
        "says": relief.says,
    }


def read_relief(document: Mapping[str, Any]) -> Relief:
    """Return the waiver that was written."""
    return Relief(
        waiver_id=document["waiver"],
        percent=document["percent"],
        lines=tuple(document["lines"]),
        says=document["says"],
    )
