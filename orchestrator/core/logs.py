"""How processes log: lines for people, or one JSON object a line that names project and event and nothing personal."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Literal

from .clock import iso

__all__ = ["JsonLines", "configure", "named"]

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_NAMED = ("project", "event")
_CHATTY = ("httpx", "httpcore", "urllib3", "alembic")


class JsonLines(logging.Formatter):
    """One line for each event: when, how grave, from where, about which project, which event, and a sentence.

    Of an exception it tells the kind and where it happened, not what it says: that may quote a person's words or a
    row of the record.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "at": iso(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        line |= {name: value for name in _NAMED if (value := getattr(record, name, None))}
        line["message"] = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])
            where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            line["exception"] = {"kind": record.exc_info[0].__name__, "where": where[-12:]}
        return json.dumps(line, ensure_ascii=True)


def configure(form: Literal["text", "json"] = "text") -> None:
    """Log to standard error in this form, whatever was configured before."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def named(event: str, project_id: str = "") -> dict[str, str]:
    """Return what ``extra=`` takes, so that a line names its event and project."""
    return {"event": event, "project": project_id}
