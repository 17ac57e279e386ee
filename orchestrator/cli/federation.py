"""`tre federation`: what hubs tell one another by signed documents, and whose word counts here."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.core.errors import Invalid, NotPossible

from .arguments import DryRunOption, OutputOption, ReasonOption, YesOption, identifier, mapping_file
from .audit import parse_keys
from .call import begin, begin_public, confirm, say
from .hub_words import add_to_federation
from .output import Output, Shape, show, show_all

if TYPE_CHECKING:
    from datetime import datetime

    from orchestrator.transparency.federation.model import Document, Feed, Hub, Word

__all__ = ["app"]

app = typer.Typer(help="Other hubs: trusted by key, heard by signed documents.", no_args_is_help=True)
CARD = Shape(name="origin", columns=())
HUB = Shape(name="hub_id", columns=("hub_id", "name", "origin", "state", "waits_for_confirmation"))
HEARD = Shape(name="hub_id", columns=("hub_id", "name", "state", "waits_for_confirmation", "says", "heard"))
DOCUMENT = Shape(name="kind", columns=("hub_id", "kind", "sequence", "items", "issued_at", "valid_until"))
ITEM = Shape(name="title", columns=("hub", "title", "custodian", "said_at"))

HubArgument = Annotated[str, typer.Argument(help="A hub's identifier.", callback=identifier)]
KindArgument = Annotated[str, typer.Argument(help="What to tell: catalogue, register or people.")]
_LARGEST = 64 * 1024 * 1024


@app.command("card")
def card(context: typer.Context, *, output: OutputOption = Output.JSON) -> None:
    """Show who this installation is to other hubs: give it to their operators, and read them the fingerprint."""
    house = begin_public(context)
    made = house.federation.card(house.settings.portal.name, house.settings.portal.public_url.rstrip("/"))
    keys = [{"version": version, "key": key} for version, key in sorted(made.keys.items())]
    said = {"origin": made.origin, "name": made.name, "address": made.address, "keys": keys}
    show({**said, "fingerprint": made.fingerprint}, CARD, output)


@app.command("trust")
def trust(
    context: typer.Context,
    *,
    card_file: Annotated[
        Path, typer.Argument(metavar="CARD", help="Another hub's card, as “tre federation card” wrote it.")
    ],
    address: Annotated[
        str | None, typer.Option("--address", help="Where its documents are fetched instead; “-” for nowhere.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="What it is called here instead of what its card says.")] = "",
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Propose to trust a hub, or its new keys; a second operator compares the fingerprint and confirms."""
    said = mapping_file(card_file, field="CARD")
    if not isinstance(said.get("origin"), str) or not isinstance(said.get("name"), str):
        raise Invalid(f"{card_file} is no card as “tre federation card” writes it.", field="CARD")
    keys = parse_keys(said.get("keys"), file=card_file, field="CARD")
    from orchestrator.transparency.federation.trusting import card_of  # noqa: PLC0415 - heavy

    theirs = card_of(said["origin"], name or said["name"], keys)
    call = begin(context, dry_run=dry_run)
    say(f"The fingerprint of this card is {theirs.fingerprint}.")
    confirm("Did the hub's operator read you the same?", yes=yes, dry_run=dry_run)
    place = address if address is not None else str(said.get("address") or "")
    made = call.house.federation.trust(
        call.actor, origin=theirs.origin, name=theirs.name, keys=keys, address="" if place == "-" else place
    )
    show(_hub(made), HUB, output)


@app.command("confirm")
def confirm_hub(
    context: typer.Context,
    *,
    hub: HubArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Confirm as the second operator that a hub's keys are its own: what it signs counts from now."""
    call = begin(context, dry_run=dry_run)
    from orchestrator.transparency.federation.trusting import waiting_fingerprint  # noqa: PLC0415 - heavy

    fingerprint = waiting_fingerprint(call.house.federation.hub(hub))
    say(f"The fingerprint of the keys that wait is {fingerprint or 'none: no keys wait'}.")
    confirm("Did the hub's operator read you the same? Take its word from now on?", yes=yes, dry_run=dry_run)
    show(_hub(call.house.federation.confirm(call.actor, hub, fingerprint=fingerprint)), HUB, output)


@app.command("revoke")
def revoke(
    context: typer.Context,
    *,
    hub: HubArgument,
    reason: ReasonOption,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Stop trusting a hub at once: nothing that it signed is shown any more."""
    call = begin(context, dry_run=dry_run)
    confirm("Stop trusting this hub now?", yes=yes, dry_run=dry_run)
    show(_hub(call.house.federation.revoke(call.actor, hub, reason)), HUB, output)


@app.command("move")
def move(
    context: typer.Context,
    *,
    hub: HubArgument,
    address: Annotated[str, typer.Argument(help="Such as https://south.example.org; “-” for nowhere.")],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say where a hub's documents are fetched from now on; only what its keys signed is taken, wherever it lies."""
    call = begin(context, dry_run=dry_run)
    show(_hub(call.house.federation.move(call.actor, hub, "" if address == "-" else address)), HUB, output)


@app.command("ask")
def ask(
    context: typer.Context, *, hub: HubArgument, dry_run: DryRunOption = False, output: OutputOption = Output.TABLE
) -> None:
    """Have the controller ask a hub for its documents within seconds; “list” shows what came of it."""
    call = begin(context, dry_run=dry_run)
    show(_hub(call.house.federation.ask_now(call.actor, hub)), HUB, output)


@app.command("export")
def export(
    context: typer.Context,
    *,
    kind: KindArgument,
    wait: Annotated[int, typer.Option("--wait", min=0, max=600, help="Seconds to wait for the log's signature.")] = 20,
) -> None:
    """Seal what stands now and write it with its proof to standard output: put it into a file for other hubs."""
    from orchestrator.transparency.federation.model import Kind  # noqa: PLC0415 - heavy

    wanted = Kind(_known(kind))
    call = begin(context)
    federation = call.house.federation
    made = federation.export(call.actor, wanted, name=call.house.settings.portal.name)
    until = time.monotonic() + wait
    while True:
        try:
            document = federation.signed(wanted)
            break
        except NotPossible:
            if time.monotonic() >= until:
                raise
            time.sleep(0.5)
    sys.stdout.buffer.write(document + b"\n")
    say(f"Document {made.sequence}; it counts until {made.valid_until:%Y-%m-%d %H:%M} UTC.")


@app.command("take")
def take(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="A file that another hub's “tre federation export” wrote.")],
    dry_run: DryRunOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Take in what a trusted hub says; an older, ended or forged document is refused."""
    raw = _read(file)
    call = begin(context, dry_run=dry_run)
    show(_document(call.house.federation.take(call.actor, raw)), DOCUMENT, output)


@app.command("list")
def list_hubs(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List every hub that is or was trusted, what of it counts and how hearing it goes; nobody need be signed in."""
    house = begin_public(context)
    federation = house.federation
    now = house.record.clock()
    found = []
    for hub in federation.hubs():
        feeds = federation.feeds(hub.hub_id)
        found.append(
            {
                **_hub(hub),
                "says": [_said(each) for each in federation.words(hub.hub_id)],
                "heard": [_heard(feed, now) for feed in feeds] if hub.address else ["brought as files"],
            }
        )
    show_all(found, HEARD, output)
    for each in federation.mistakable():
        say(f"A hub that is proposed or trusted has a name that would be refused today. {each}")


@app.command("documents")
def documents(context: typer.Context, *, hub: HubArgument, output: OutputOption = Output.TABLE) -> None:
    """List what a hub says that counts now, with its age."""
    found = [{"hub_id": hub, **_word(each)} for each in begin_public(context).federation.words(hub)]
    show_all(found, DOCUMENT, output)


@app.command("catalogue")
def catalogue(context: typer.Context, *, output: OutputOption = Output.TABLE) -> None:
    """List the datasets of other hubs, as they say; nobody needs to be signed in."""
    from orchestrator.transparency.federation.model import Kind  # noqa: PLC0415 - heavy

    said = begin_public(context).federation.said(Kind.CATALOGUE)
    show_all(
        ({"hub": hub.name, **item, "said_at": each.issued_at} for hub, each in said for item in each.items),
        ITEM,
        output,
    )


@app.command("share-accreditation")
def share_accreditation(
    context: typer.Context,
    *,
    agree: Annotated[bool, typer.Option("--agree/--stop", help="Let it be told to trusted hubs, or no longer.")],
    dry_run: DryRunOption = False,
) -> None:
    """Let your own accreditation be told to other hubs, under a code in place of your name; or no longer."""
    call = begin(context, dry_run=dry_run)
    call.house.federation.let_travel(call.actor, agree=agree)
    say("It travels with the next document." if agree else "It is left out from now, and fades elsewhere in a week.")


def _known(kind: str) -> str:
    if kind not in ("catalogue", "register", "people"):
        raise Invalid("Say what to tell: catalogue, register or people.", field="KIND")
    return kind


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > _LARGEST:
            raise Invalid(f"{file} is larger than {_LARGEST} bytes; that is no document of a hub.", field="FILE")
        return file.read_bytes()
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", field="FILE") from error


def _hub(hub: Hub) -> dict[str, object]:
    return {
        "hub_id": hub.hub_id,
        "name": hub.name,
        "origin": hub.origin,
        "state": hub.state,
        "address": hub.address,
        "waits_for_confirmation": hub.pending is not None,
        "proposed_at": hub.proposed_at,
        "confirmed_at": hub.confirmed_at,
        "revoked_at": hub.revoked_at,
        "reason": hub.reason,
    }


def _word(word: Word) -> dict[str, object]:
    return {
        "kind": word.kind,
        "sequence": word.sequence,
        "items": word.count,
        "issued_at": word.issued_at,
        "valid_until": word.valid_until,
    }


def _said(word: Word) -> str:
    return f"{word.kind.value}: {word.count}, said {word.issued_at:%Y-%m-%d %H:%M}, until {word.valid_until:%Y-%m-%d}"


def _heard(feed: Feed, now: datetime) -> str:
    """Return how hearing one kind goes, in words."""
    last = f"last heard {feed.heard_at:%Y-%m-%d %H:%M}" if feed.heard_at else "never heard"
    silent = "silent; " if feed.silent(now) else ""
    left_out = f" {feed.left_out} of its datasets cannot be read." if feed.left_out else ""
    return f"{feed.kind.value}: {silent}{last}{f'. {feed.problem}' if feed.problem else '.'}{left_out}"


def _document(document: Document) -> dict[str, object]:
    return {
        "hub_id": document.hub_id,
        "kind": document.kind,
        "sequence": document.sequence,
        "items": len(document.items),
        "issued_at": document.issued_at,
        "valid_until": document.valid_until,
        "taken_at": document.taken_at,
        "sha256": document.sha256,
    }


add_to_federation(app)
