"""`tre catalogue search|similar|compare|reindex|demand`, and `tre saved-search`: find data, and be told of news."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.core.errors import Invalid

from .arguments import DryRunOption, OutputOption, YesOption, identifier
from .call import begin, begin_public, confirm, say
from .output import Output, Shape, plain, show, show_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.discovery.search.model import Asked, Facet, Listed, Results

__all__ = ["add_to_catalogue", "app", "explain"]

app = typer.Typer(help="Saved searches: be told when what they find changes.", no_args_is_help=True)
HIT = Shape(name="entry_id", columns=("entry_id", "title", "publisher", "origin", "state", "found_in"))
SIDE = Shape(name="label", columns=("section", "label"))
SAVED = Shape(name="search_id", columns=("search_id", "name", "state", "hits", "unseen", "made_at"))
DEMAND = Shape(name="dataset_id", columns=("dataset_id", "title", "enquiries", "applications"))
COUNT = Shape(name="descriptions", columns=("descriptions",))

WordsArgument = Annotated[
    list[str] | None, typer.Argument(help="Words; “phrases” in quotes, -word, title:word, column:word.")
]
FacetOption = Annotated[
    list[str] | None,
    typer.Option("--facet", help="Narrow: a facet and a value, such as publisher=NHS or hub=South; repeat."),
]
PeopleOption = Annotated[int | None, typer.Option("--people", min=0, help="At least so many people.")]
SinceOption = Annotated[int | None, typer.Option("--since", help="Has data from this year or later.")]
UntilOption = Annotated[int | None, typer.Option("--until", help="Has data up to this year or before.")]
EntryArgument = Annotated[str, typer.Argument(metavar="ENTRY", help="An entry's identifier.", callback=identifier)]
SearchArgument = Annotated[
    str, typer.Argument(metavar="SEARCH", help="A saved search's identifier.", callback=identifier)
]


def search(
    context: typer.Context,
    *,
    words: WordsArgument = None,
    facets: FacetOption = None,
    people: PeopleOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many, 200 at once.")] = 20,
    offset: Annotated[int, typer.Option("--offset", help="Leave out so many of the best.")] = 0,
    output: OutputOption = Output.TABLE,
) -> None:
    """Search all descriptions, best first; JSON and YAML add counts by facet. Nobody needs to be signed in."""
    whole = output in (Output.JSON, Output.YAML)
    house = begin_public(context)
    hubs = house.federation.names()
    asked = _asked(words, facets, people, since, until, hubs=hubs, limit=limit, offset=offset, counted=whole)
    results = house.search.find(asked)
    explain(results)
    rows = [_row(each) for each in results.listed]
    if not whole:
        show_all(rows, HIT, output)
        return
    found = results.found
    show(
        {
            "total": found.total,
            "at_least": found.at_least,
            "loosened": found.loosened,
            "behind": results.behind,
            "read": found.read,
            "results": rows,
            "facets": {
                facet.value: [{**vars(each), "label": _label(facet, each.value, hubs)} for each in counts]
                for facet, counts in found.facets.items()
            },
            "populations": [{"from": least, "count": count} for least, count in found.populations],
        },
        HIT,
        output,
    )


def similar(context: typer.Context, *, entry: EntryArgument, output: OutputOption = Output.TABLE) -> None:
    """List the datasets that are described most like one; nobody needs to be signed in."""
    show_all([_row(each) for each in begin_public(context).search.similar(entry, limit=10)], HIT, output)


def compare(
    context: typer.Context,
    *,
    entries: Annotated[list[str], typer.Argument(metavar="ENTRY…", help="Two to four entries.", callback=identifier)],
    output: OutputOption = Output.TABLE,
) -> None:
    """Put datasets side by side: fields, terms, prices, columns, linking. Nobody needs to be signed in."""
    chosen = list(dict.fromkeys(entries))
    from orchestrator.discovery.comparison import check_number  # noqa: PLC0415 - heavy
    from orchestrator.discovery.comparison import compare as put_side_by_side  # noqa: PLC0415

    check_number(len(chosen))
    house = begin_public(context)
    from orchestrator.assembly.together.beside import beside  # noqa: PLC0415 - heavy

    found = put_side_by_side([beside(house, house.catalogue.entry(each)) for each in chosen])
    if output in (Output.JSON, Output.YAML):
        titles = [{"entry_id": entry.entry_id, "title": entry.title} for entry in found.entries]
        rest = {"sections": found.sections, "columns": found.columns, "links": found.links}
        show({"entries": titles, **rest}, SIDE, output)
        return
    rows = [
        {
            "section": section.title,
            "label": row.label,
            **{f"{number}": value or "not told" for number, value in enumerate(row.values, start=1)},
            "in_short": row.agreement.value,
        }
        for section in found.sections
        for row in section.rows
    ]
    for number, entry in enumerate(found.entries, start=1):
        say(f"{number}: {entry.title}")
    numbers = tuple(str(number) for number in range(1, len(chosen) + 1))
    show_all(rows, Shape(name="label", columns=("section", "label", *numbers, "in_short")), output)
    for link in found.links:
        for fact in link.facts:
            say(f"{link.one} – {link.other}: {fact.name}: {fact.known.value}. {fact.words}")


def reindex(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """Build the search index anew from the record; it is a cache, so nothing can be lost."""
    show({"descriptions": begin_public(context).search.rebuild()}, COUNT, output)


def demand(
    context: typer.Context,
    *,
    months: Annotated[int, typer.Option("--months", min=1, max=12, help="This month and those before it.")] = 3,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what is wanted: searches in vain, enquiries and applications by dataset, wished-for data."""
    call = begin(context)
    from orchestrator.assembly.together.demanded import demanded  # noqa: PLC0415 - heavy

    found = demanded(call.house, call.actor, months=months)
    if output in (Output.JSON, Output.YAML):
        show(found, DEMAND, output)
        return
    show_all(found.datasets, DEMAND, output)
    for missed in found.unmet.missed:
        say(f"{missed.month}: at least {missed.people} people looked in vain for “{missed.words}”.")
    if found.unmet.others:
        say(f"At least {found.unmet.others} other searches in vain were too rare to be told.")
    for wish in found.wishes:
        say(f"Wished for: {wish.topic}.")


@app.command("list")
def list_saved(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List the searches that you keep."""
    call = begin(context)
    show_all(call.house.saved_searches.mine(call.actor), SAVED, output)


@app.command("keep")
def keep(
    context: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="What to call it.")],
    words: WordsArgument = None,
    facets: FacetOption = None,
    people: PeopleOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Keep a search; you are told when it finds something new, changed or no longer."""
    call = begin(context, dry_run=dry_run)
    asked = _asked(words, facets, people, since, until, hubs=call.house.federation.names())
    show(call.house.saved_searches.keep(call.actor, name, asked), SAVED, output)


@app.command("show")
def show_saved(context: typer.Context, *, search: SearchArgument, output: OutputOption = Output.TABLE) -> None:
    """Show a search that you keep, with its news."""
    call = begin(context)
    kept, news = call.house.saved_searches.news(call.actor, search)
    found = plain(kept)
    if not isinstance(found, dict):
        raise TypeError("a saved search has fields")
    show({**found, "news": news}, SAVED, output)


@app.command("end")
def end(
    context: typer.Context,
    *,
    search: SearchArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Keep a search no longer."""
    confirm("Its words and news are forgotten.", yes=yes, dry_run=dry_run)
    call = begin(context, dry_run=dry_run)
    show(call.house.saved_searches.end(call.actor, search), SAVED, output)


def add_to_catalogue(catalogue: typer.Typer) -> None:
    """Add the commands about finding to ``tre catalogue``."""
    catalogue.command("search")(search)
    catalogue.command("similar")(similar)
    catalogue.command("compare")(compare)
    catalogue.command("reindex")(reindex)
    catalogue.command("demand")(demand)


def _asked(
    words: list[str] | None,
    facets: list[str] | None,
    people: int | None,
    since: int | None,
    until: int | None,
    *,
    hubs: Mapping[str, str],
    limit: int = 20,
    offset: int = 0,
    counted: bool = False,
) -> Asked:
    from orchestrator.discovery.search.model import Asked, Facet  # noqa: PLC0415 - with its room

    chosen: dict[Facet, tuple[str, ...]] = {}
    for each in facets or ():
        name, mark, value = each.partition("=")
        known = [facet.value for facet in Facet]
        if not mark or name not in known or not value:
            raise Invalid(f"--facet: write FACET=VALUE with one of {', '.join(known)}.", field="--facet")
        if name == Facet.HUB:
            value = next((hub_id for hub_id, called in hubs.items() if called.casefold() == value.casefold()), value)
        chosen[Facet(name)] = (*chosen.get(Facet(name), ()), value)
    return Asked(
        words=" ".join(words or ()),
        chosen=chosen,
        people=people,
        since=since,
        until=until,
        limit=limit,
        offset=offset,
        counted=counted,
    )


def _label(facet: Facet, value: str, hubs: Mapping[str, str]) -> str:
    """Return how people read one value of a facet: a hub by its name."""
    return hubs.get(value, value) if facet.value == "hub" else value


def _row(each: Listed) -> dict[str, object]:
    return {
        "entry_id": each.entry.entry_id,
        "title": each.entry.title,
        "publisher": each.entry.publisher,
        "origin": each.entry.origin,
        "state": each.entry.state,
        "confirmed_at": each.entry.confirmed_at,
        "score": round(each.score, 3),
        "found_in": [f"{where.place}: {where.text}" for where in each.where],
    }


def explain(results: Results) -> None:
    """Say how the words were read, apart from the data."""
    for word in results.found.read:
        if word.corrected:
            say(f"No description has “{word.typed}”; searched for “{word.corrected}”.")
        if word.likely:
            say(f"Did you mean “{word.likely}” instead of “{word.typed}”?")
    if results.found.loosened:
        say("No description has all of these words; these have some of them.")
    say(f"{'At least ' if results.found.at_least else ''}{results.found.total:,} found.")
    if results.behind:
        say(f"{results.behind} changes of the catalogue are still being read; search again in a minute.")
