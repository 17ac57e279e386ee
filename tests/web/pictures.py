"""Takes pictures of the bench's pages into a directory: ``python -m tests.web.pictures DIRECTORY``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.web.chromium import launched, opened, serving
from tests.web.stories import tell

PAGES = {
    "checker": {
        "queue": "/reviews",
        "request": "/reviews/{review}",
        "table": "/reviews/{review}/files/{file0}?finding=1",
        "columns": "/reviews/{review}/files/{file0}?view=columns",
        "differences": "/reviews/{review}/files/{file5}?view=differences",
        "outsider": "/reviews/{review}/files/{file1}?view=outsider",
        "frame": "/reviews/{review}/files/{file4}",
        "lineage": "/reviews/{review}/files/{file0}?view=lineage",
        "precedents": "/precedents?q=aggregated",
        "incidents": "/incidents",
        "training": "/training",
    },
    "lead": {"settle": "/reviews/{split}"},
    "researcher": {"returned": "/submissions/{returned}", "rejected": "/submissions/{rejected}"},
}


def main(directory: Path) -> None:
    """Tell the story, go through the pages, and take a picture of each."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state, serving(Path(state)) as world, launched() as chromium:
        told = tell(world)
        for role, pages in PAGES.items():
            page = opened(chromium, world, role)
            for name, path in pages.items():
                page.goto(path.format(**told))
                page.screenshot(path=directory / f"{role}-{name}.png", full_page=True)
            page.context.close()
    print(f"{sum(map(len, PAGES.values()))} pictures are in {directory}")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
