"""Published prices, what they come to, and what is let off: the part of fees that everybody may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.access import store as access
from orchestrator.access.model import Application
from orchestrator.access.states import ApplicationKind
from orchestrator.alliance import store as alliance
from orchestrator.core.clock import day_in_words
from orchestrator.core.errors import Invalid, NotFound, NotPossible
from orchestrator.core.ids import new_id
from orchestrator.core.small_counts import DEFAULT_MINIMUM, protected
from orchestrator.discovery import store as catalogue
from orchestrator.policy.model import Actor

from . import rules, store
from .documents import Estimate, OrderState, PublishedList, Waiver
from .forms import read_request
from .grammar import read_list
from .model import INFRASTRUCTURE, Amount, PriceList, Table
from .priced import Relief
from .pricing import price
from .request import COUNTS, WORDS, Answer, AskedDataset, Request, RequestKind
from .room import Room, issuer_thing, parsed
from .rows import ListRow, OrderRow, QuoteRow, WaiverRow

__all__ = ["Fees", "own_answers"]

_NO_LIST = "It publishes no prices for that day; ask it before you rely on a cost."


class Fees(Room):
    """Price lists in force, estimates by them, waivers of them."""

    # ---- price lists ----------------------------------------------------------------------------------------------

    def publish(self, actor: Actor, issuer: str, text: str, *, gap_reason: str = "") -> PublishedList:
        """Publish an issuer's next price list, in force from the day it names; an open list before it ends then."""
        prices = read_list(text)
        with self._record.change() as change:
            self._check(change.session, actor, "publishPrices", issuer_thing(issuer))
            self._issuer_name(change.session, issuer)
            self._must_offer(change.session, issuer)
            earlier = [store.to_list(row) for row in store.lists(change.session, issuer)]
            rules.check_follows(prices, earlier, today=self._today(), gap_reason=gap_reason)
            row = ListRow(
                list_id=new_id(),
                issuer=issuer,
                series=prices.series,
                title=prices.title,
                valid_from=rules.check_publishable(prices),
                valid_until=prices.valid_until,
                text=text,
                sha256=prices.sha256,
                published_by=actor.person_id,
                published_at=self._now(),
                gap_reason=gap_reason.strip()[:1000],
            )
            event = self._event(
                "prices.published",
                actor.person_id,
                f"prices:{row.list_id}",
                issuer=issuer,
                sha256=prices.sha256,
                valid_from=row.valid_from.isoformat(),
            )
            store.add(change, row, event=event)
            return store.to_list(row)

    def published(self, issuer: str | None = None) -> list[PublishedList]:
        """Return every list that was ever published, of one issuer or of all: they are public."""
        with self._record.read() as session:
            return [store.to_list(row) for row in store.lists(session, issuer)]

    def price_list(self, list_id: str) -> tuple[PublishedList, PriceList]:
        """Return one published list, as it was published and as it is read."""
        with self._record.read() as session:
            row = store.list_row(session, list_id)
            return store.to_list(row), parsed(row.text)

    def in_force(self, issuer: str, day: date | None = None) -> PublishedList | None:
        """Return the list that holds on a day, today where none is named; none when no price holds."""
        with self._record.read() as session:
            row = store.in_force(session, issuer, day or self._today())
            return None if row is None else store.to_list(row)

    def issuer_name(self, issuer: str) -> str:
        """Return an issuer's name."""
        with self._record.read() as session:
            return self._issuer_name(session, issuer)

    def words(self, issuer: str) -> str:
        """Return in one sentence what an issuer charges today: for the page of a dataset and for comparisons."""
        found = self.in_force(issuer)
        if found is None:
            return "No prices are published."
        prices = parsed(found.text)
        least = [line.price.each for line in prices.lines if isinstance(line.price, Amount) and line.price.each]
        least += [min(line.price.amounts.values()) for line in prices.lines if isinstance(line.price, Table)]
        last = found.valid_until
        until = f" until {day_in_words(last)}" if last else ""
        charged = f"{len(prices.lines)} line{'s' if len(prices.lines) > 1 else ''}"
        begins = f", single charges from {min(least)} to {max(least)}" if least else ", all by quote or free"
        return f"“{found.title}”, in force{until}: {charged}{begins}."

    # ---- estimates ------------------------------------------------------------------------------------------------

    def estimate(
        self,
        dataset_ids: Sequence[str],
        *,
        start: date,
        last: date,
        answers: Mapping[str, Answer],
        periods: Mapping[str, int] | None = None,
    ) -> list[Estimate]:
        """Price datasets by the lists in force on the first day, one estimate for each custodian and one for the
        infrastructure; nobody needs to be signed in, and nothing is kept.

        ``periods`` are years of data by dataset, 1 where not said. Raises ``Invalid`` for an answer that none of the
        lists understands.
        """
        with self._record.read() as session:
            by_issuer = self._datasets(session, dataset_ids, periods or {})
            bare = Request(start=start, last=last, answers=answers)
            return self._estimates(session, by_issuer, bare)

    def _estimates(
        self, session: Session, by_issuer: Mapping[str, tuple[AskedDataset, ...]], bare: Request
    ) -> list[Estimate]:
        """Price each issuer's datasets; ``bare`` is what is asked of all of them."""
        start, answers = bare.start, bare.answers
        lists = {issuer: store.in_force(session, issuer, start) for issuer in by_issuer}
        known = [parsed(row.text) for row in lists.values() if row is not None]
        _check_known(known, answers)
        estimates = []
        for issuer, datasets in by_issuer.items():
            row = lists[issuer]
            if row is None and issuer == INFRASTRUCTURE:
                continue
            name = self._issuer_name(session, issuer)
            if row is None:
                estimates.append(Estimate(issuer=issuer, issuer_name=name, list_id="", priced=None, note=_NO_LIST))
                continue
            prices = parsed(row.text)
            request = replace(bare, answers=own_answers(prices, answers), datasets=datasets)
            estimates.append(
                Estimate(issuer=issuer, issuer_name=name, list_id=row.list_id, priced=price(prices, request))
            )
        return estimates

    def _datasets(
        self, session: Session, dataset_ids: Sequence[str], periods: Mapping[str, int]
    ) -> dict[str, tuple[AskedDataset, ...]]:
        """Return the datasets by custodian, and all of them for the infrastructure, which comes last."""
        by_issuer: dict[str, tuple[AskedDataset, ...]] = {}
        every: tuple[AskedDataset, ...] = ()
        for dataset_id in dict.fromkeys(dataset_ids):
            row = catalogue.dataset_row(session, dataset_id)
            number = periods.get(dataset_id, 1)
            if not 1 <= number <= 200:
                raise Invalid("The number of years of data lies between 1 and 200.", field="periods")
            asked = AskedDataset(key=dataset_id, title=row.title, periods=number)
            by_issuer[row.custodian_id] = (*by_issuer.get(row.custodian_id, ()), asked)
            every = (*every, asked)
        return {**by_issuer, INFRASTRUCTURE: every}

    def _request_of(
        self,
        session: Session,
        application: Application,
        issuer: str,
        answers: Mapping[str, Answer],
        periods: Mapping[str, int],
        *,
        organisation_id: str,
    ) -> Request:
        """Return what an application asks of one issuer, with what its applicant answered."""
        dataset_ids = [each for part in application.parts for each in part.dataset_ids]
        datasets = self._datasets(session, dataset_ids, periods).get(issuer)
        if datasets is None:
            raise NotPossible("The application asks for nothing of this custodian, so it has nothing to quote.")
        kinds = {
            ApplicationKind.NEW: RequestKind.APPLICATION,
            ApplicationKind.AMENDMENT: RequestKind.AMENDMENT,
            ApplicationKind.RENEWAL: RequestKind.RENEWAL,
        }
        told = {name: answer for name, answer in answers.items() if name not in ("request", "subscriber")}
        told["request"] = kinds[application.kind].value
        told["subscriber"] = "yes" if self._subscription(session, organisation_id) is not None else "no"
        return Request(start=application.answers.start, last=application.answers.end, answers=told, datasets=datasets)

    def _subscription(self, session: Session, organisation_id: str) -> QuoteRow | None:
        """Return the subscription that an organisation has today: an operator offered it, its order is not closed.

        Only the identifier counts: whoever writes another organisation's name has no subscription by that.
        """
        if not organisation_id:
            return None
        for row, request in self._subscriptions(session, organisation_id):
            if request.start <= self._today() <= request.last:
                return row
        return None

    def _subscriptions(self, session: Session, organisation_id: str) -> list[tuple[QuoteRow, Request]]:
        """Return every subscription of an organisation whose order is not closed, whenever it begins."""
        query = select(QuoteRow).where(QuoteRow.issuer == INFRASTRUCTURE, QuoteRow.application_id == "")
        query = query.where(QuoteRow.organisation_id == organisation_id)
        query = query.join(OrderRow, OrderRow.quote_id == QuoteRow.quote_id)
        rows = session.scalars(query.where(OrderRow.state == OrderState.OPEN.value).order_by(QuoteRow.quote_id))
        return [(row, read_request(row.document["request"])) for row in rows]

    def _check_subscribes_once(self, session: Session, organisation_id: str, asked: Request) -> None:
        """Raise ``NotPossible`` for days on which an organisation subscribes already: it would pay them twice."""
        for _, held in self._subscriptions(session, organisation_id) if organisation_id else ():
            if asked.start <= held.last and held.start <= asked.last:
                raise NotPossible(
                    f"{organisation_id} subscribes from {day_in_words(held.start)} to {day_in_words(held.last)} "
                    "already. Ask for days after that, or have that order closed first."
                )

    # ---- waivers --------------------------------------------------------------------------------------------------

    def grant_waiver(
        self,
        actor: Actor,
        issuer: str,
        application_id: str,
        *,
        percent: int,
        reason: str,
        until: date,
        lines: Sequence[str] = (),
    ) -> Waiver:
        """Let off a part of an issuer's fees for one application; whoever works in it cannot grant it.

        It counts in quotes asked for and months metered from now on, and stands on the public register of waivers.
        """
        with self._record.change() as change:
            application = self._application(change.session, application_id)
            customers = self._members(change.session, application)
            self._check(change.session, actor, "grantFeeWaiver", issuer_thing(issuer, customers))
            if issuer != INFRASTRUCTURE and issuer not in {part.custodian_id for part in application.parts}:
                raise NotFound("There is no such application, or it asks for nothing of this custodian.")
            self._must_offer(change.session, issuer)
            held = store.in_force(change.session, issuer, self._today())
            prices = None if held is None else parsed(held.text)
            rules.check_waiver(prices, percent=percent, lines=lines, until=until, today=self._today())
            row = WaiverRow(
                waiver_id=new_id(),
                issuer=issuer,
                application_id=application_id,
                organisation=application.answers.organisation,
                percent=percent,
                lines=sorted(set(lines)),
                reason=rules.check_text(reason, field="reason"),
                until=until,
                granted_by=actor.person_id,
                granted_at=self._now(),
            )
            event = self._event(
                "waiver.granted",
                actor.person_id,
                f"waiver:{row.waiver_id}",
                issuer=issuer,
                application=application_id,
                percent=percent,
                until=until.isoformat(),
            )
            store.add(change, row, event=event)
            self._tell_people(
                change, [application.applicant_id], kind="waiver.granted", subject=f"waiver:{row.waiver_id}"
            )
            return store.to_waiver(row)

    def end_waiver(self, actor: Actor, waiver_id: str) -> Waiver:
        """End a waiver at once; what was quoted with it stays as it was quoted."""
        with self._record.change() as change:
            row = store.waiver_row(change.session, waiver_id)
            self._check(change.session, actor, "endFeeWaiver", issuer_thing(row.issuer))
            if row.ended_at is not None or row.until < self._today():
                raise NotPossible("This waiver has ended already.")
            row.ended_at = self._now()
            change.tell(self._event("waiver.ended", actor.person_id, f"waiver:{waiver_id}"))
            return store.to_waiver(row)

    def waivers(self, *, issuer: str | None = None) -> list[tuple[str, Waiver]]:
        """Return the public register of waivers as everybody may read it: with issuers' names, the newest first."""
        with self._record.read() as session:
            found = [store.to_waiver(row) for row in store.waivers(session, issuer=issuer)]
            return [(self._issuer_name(session, each.issuer), self._public(session, each)) for each in found]

    def _public(self, session: Session, waiver: Waiver) -> Waiver:
        """Return a waiver as everybody may read it: small counts of people as the strictest of its custodians shows."""
        custodians = [part.custodian_id for part in access.part_rows(session, waiver.application_id)]
        terms = [alliance.current_terms(session, each) for each in custodians]
        minimum = max((each.minimum_count for each in terms if each is not None), default=DEFAULT_MINIMUM)
        return replace(waiver, reason=protected(waiver.reason, minimum=minimum))

    def _reliefs(self, session: Session, issuer: str, application_id: str, on: date) -> list[Relief]:
        """Return what is let off for an application on a day, as pricing sees it."""
        rows = store.waivers(session, issuer=issuer, application_id=application_id, on=on) if application_id else []
        return [_relief(row) for row in rows]

    def _month_reliefs(
        self, session: Session, issuer: str, application_id: str, first: date, after: date
    ) -> list[Relief]:
        """Return what is let off in a month: by waivers granted before its end that last beyond its first day.

        A waiver that was ended early counts for the months that were over by then.
        """
        return [
            _relief(row)
            for row in store.waivers(session, issuer=issuer, application_id=application_id)
            if row.until >= first
            and row.granted_at.date() < after
            and (row.ended_at is None or row.ended_at.date() >= after)
        ]


def _relief(row: WaiverRow) -> Relief:
    return Relief(
        waiver_id=row.waiver_id,
        percent=row.percent,
        lines=tuple(row.lines),
        says=f"{row.reason.rstrip('.')}, until {day_in_words(row.until)}",
    )


def _check_known(lists: Sequence[PriceList], answers: Mapping[str, Answer]) -> None:
    for name in answers:
        if name not in WORDS and name not in COUNTS and all(prices.ask(name) is None for prices in lists):
            raise Invalid(f"No price depends on “{name}”; look at the questions of the price lists.", field=name)


def own_answers(prices: PriceList, answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Return the answers that a list understands: its own questions and those of every list."""
    return {
        name: answer
        for name, answer in answers.items()
        if name in WORDS or name in COUNTS or prices.ask(name) is not None
    }
