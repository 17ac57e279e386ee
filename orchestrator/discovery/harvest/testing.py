"""Tries an endpoint before anybody enables it: one page of its list, one record; neither is kept."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.audit.record import Record
from orchestrator.core.errors import Invalid
from orchestrator.discovery.catalogue.rules import LARGEST_RECORD, json_text, version_of

from . import store
from .answers import read_json
from .endings import end, remark
from .faults import Fault, FaultKind
from .listing import Listed, read_page
from .listing_steps import LARGEST_PAGE
from .model import ENDPOINT_STATES, OPEN_PULLS, Endpoint, EndpointState
from .ports import Fetcher, Secrets
from .rules import dataset_url, list_url
from .speaking import SYSTEM, about_endpoint, tell_keepers

__all__ = ["Testing"]


class Testing:
    """Passes only if the list is a list, names something, and its first record is one of the version it names."""

    def __init__(self, record: Record, *, fetcher: Fetcher, secrets: Secrets, page: int) -> None:
        self._record, self._fetcher, self._secrets, self._page = record, fetcher, secrets, page

    def run(self, pull_id: str) -> None:
        """Test an endpoint. Raises ``Fault`` where it does not pass."""
        with self._record.read() as session:
            row = store.pull_row(session, pull_id)
            endpoint = store.to_endpoint(store.endpoint_row(session, row.endpoint_id))
        remarks, first, total = self._list(endpoint)
        remarks += self._one_record(endpoint, first)
        with self._record.change() as change:
            row = store.pull_row(change.session, pull_id)
            if row.state not in OPEN_PULLS:
                return
            kept = store.endpoint_row(change.session, row.endpoint_id)
            remark(row, *remarks)
            row.total, row.listed = total, 1
            kept.state = ENDPOINT_STATES.after(EndpointState(kept.state), "pass").value
            kept.tested_at, kept.trouble = self._record.clock(), ""
            end(change, row, "finish", self._record.clock())
            change.tell(about_endpoint("tested", SYSTEM, kept))
            tell_keepers(change, kept, "tested", self._record.clock())

    def _list(self, endpoint: Endpoint) -> tuple[list[str], Listed, int | None]:
        answer = self._fetcher.get(
            list_url(endpoint, offset=0, limit=self._page),
            headers={"accept": "application/json"},
            secret=self._secrets.headers(endpoint),
            largest=LARGEST_PAGE,
        )
        document, encoding = read_json(answer, what="its list")
        page = read_page(document)
        remarks = [encoding, *page.remarks]
        if page.total is None:
            remarks.append("The list gives no “query.total”: datasets that disappear may go unnoticed.")
        if not page.items:
            raise Fault(FaultKind.NOT_A_LIST, "The endpoint's list names no dataset that can be asked for.")
        return remarks, page.items[0], page.total

    def _one_record(self, endpoint: Endpoint, first: Listed) -> list[str]:
        what = f"the record {first.persistent_id}"
        answer = self._fetcher.get(
            dataset_url(endpoint, first.persistent_id),
            headers={"accept": "application/json"},
            secret=self._secrets.headers(endpoint),
            largest=LARGEST_RECORD,
        )
        document, encoding = read_json(answer, what=what)
        try:
            json_text(document)
        except Invalid as error:
            raise Fault(FaultKind.NOT_JSON, error.message, retry=False) from error
        version = version_of(document) if isinstance(document, Mapping) else ""
        if first.version and version and version != first.version:
            raise Fault(
                FaultKind.NOT_A_LIST,
                f"The list says version {first.version} of {first.persistent_id}, the record itself {version}.",
            )
        return [encoding]
