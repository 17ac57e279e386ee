"""How a checker looks at a file, all of it in the address: every look is a plain link, and can be sent to somebody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query

from orchestrator.airlock.bench.sheets import Look

__all__ = ["COLUMNS", "ROWS", "Asked", "Looking"]

ROWS = 100
"""Rows of a table on one page."""
COLUMNS = 40
"""Columns of a table on one page: more would be slow to draw, and nobody sees more at once."""

_Place = Annotated[int, Query(ge=0, le=10_000_000)]
_Column = Annotated[int | None, Query(ge=0, le=16_383)]
_VIEWS = "content|columns|plain|differences|outsider|lineage"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the address asks to see."""

    view: str = "content"
    first: int = 0
    left: int = 0
    order: int | None = None
    down: int = 0
    find: str = ""
    within: int | None = None
    row: int | None = None
    finding: int | None = None
    hide: str = ""
    against: str = ""

    @property
    def hidden(self) -> frozenset[int]:
        """The columns left out."""
        return frozenset(int(each) for each in self.hide.split(".") if each)

    @property
    def look(self) -> Look:
        """The rows that are asked for."""
        return Look(
            first=self.first,
            count=ROWS,
            order=self.order,
            descending=bool(self.down),
            find=self.find,
            within=self.within,
            row=self.row,
        )

    def to(self, **changes: Any) -> str:
        """Return the query of another look, which keeps what is not changed; jumps are never kept."""
        wanted = replace(self, **({"row": None, "finding": None} | changes))
        plain = {name: value for name, value in vars(wanted).items() if value != getattr(_PLAIN, name)}
        return "?" + urlencode(plain)

    def fields(self, *left_out: str) -> dict[str, str]:
        """Return the look as hidden fields of a form that asks for ``left_out`` itself."""
        return {
            name: str(value)
            for name, value in vars(self).items()
            if name not in ("row", "finding", "first", *left_out) and value != getattr(_PLAIN, name)
        }

    def hiding(self, column: int) -> str:
        """Return the look without one more column."""
        return self.to(hide=".".join(str(each) for each in sorted(self.hidden | {column})), first=self.first)

    def showing(self, column: int) -> str:
        """Return the look with a hidden column again."""
        return self.to(hide=".".join(str(each) for each in sorted(self.hidden - {column})))


_PLAIN = Asked()


def _asked(  # noqa: PLR0917 - FastAPI reads the parameters of the address from here
    view: Annotated[str, Query(pattern=f"^({_VIEWS})$")] = "content",
    first: _Place = 0,
    left: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    order: _Column = None,
    down: Annotated[int, Query(ge=0, le=1)] = 0,
    find: Annotated[str, Query(max_length=200)] = "",
    within: Annotated[str, Query(pattern=r"^\d{0,5}$")] = "",
    row: Annotated[str, Query(pattern=r"^\d{0,9}$")] = "",
    finding: Annotated[int | None, Query(ge=1, le=10_000)] = None,
    hide: Annotated[str, Query(pattern=r"^[0-9.]*$", max_length=2_000)] = "",
    against: Annotated[str, Query(pattern=r"^([a-z][a-z2-7]{15})?$")] = "",
) -> Asked:
    return Asked(
        view=view,
        first=first,
        left=left,
        order=order,
        down=down,
        find=find.strip(),
        within=int(within) if within else None,
        row=int(row) if row else None,
        finding=finding,
        hide=hide,
        against=against,
    )


Looking = Annotated[Asked, Depends(_asked)]
"""What the address asks to see; what makes no sense is no page."""
