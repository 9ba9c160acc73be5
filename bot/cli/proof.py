"""``steadyhand verify``, ``keys``, ``checkpoint``, ``erase`` and ``retention``: proof and privacy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.shared import NUMBER, a_house, actor, look, say_which, table
from bot.settings import load_settings

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.record.notes import Note
    from bot.record.verify import Verdict

_file = click.Path(path_type=Path, exists=True, dir_okay=False)


# --- verify -----------------------------------------------------------------------------------


@click.command()
@click.argument("incident", required=False)
@click.option("--checkpoints", type=_file, help="File with checkpoints that were kept elsewhere.")
@click.option("--key", type=_file, help="File with the public key that you trust.")
@click.pass_context
def verify(
    ctx: click.Context, incident: str | None, checkpoints: Path | None, key: Path | None
) -> None:
    """Prove that nobody changed, cut or moved the record.

    Reads every entry, or only those of INCIDENT: hashes, links, commitments to private values, and
    for the whole record also every signed checkpoint, those of --checkpoints, and that the
    database refuses changes. Exit code 1 names the first entry that is wrong.
    """
    if incident is not None:
        if checkpoints or key:
            raise click.UsageError("--checkpoints and --key are about the whole record.")
        say_which()
        _say(ctx, _one(incident), f"INC-{_number(incident)}")
        return
    say_which()
    verdict = _whole(checkpoints, key)
    _say(ctx, verdict, "The record")
    _say_keys(verdict)


def _one(incident: str) -> Verdict:
    from bot.errors import NotFound
    from bot.record.verify import verify_incident

    number = _number(incident)
    verdict = look(lambda session: verify_incident(session, number))
    if verdict.whole and not verdict.entries:  # nothing was looked at: that proves nothing
        raise NotFound(
            f"There is no INC-{number} on the record.",
            instead="`/incident list` shows what is open.",
        )
    return verdict


def _whole(checkpoints: Path | None, key: Path | None) -> Verdict:
    from bot.record.verify import Fault, Verdict, verify_record
    from db import guards

    outside, trusted = _outside(checkpoints), _trusted(key)

    def job(session: Session) -> tuple[Verdict, list[str]]:
        return verify_record(session, outside, trusted), guards.missing(session.connection())

    verdict, gone = look(job)
    if verdict.whole and gone:
        what = f"the database no longer refuses changes: {', '.join(gone)} missing"
        return Verdict(verdict.entries, verdict.head, Fault(verdict.entries, what))
    return verdict


def _outside(path: Path | None) -> list[Note]:
    from bot.record.verify import read_outside

    return read_outside(_text_of(path)) if path else []


def _text_of(path: Path) -> str:
    """What stands in a file; signs that are no text do not matter, since nothing is found in them."""
    return path.read_text(encoding="utf-8", errors="replace")


def _trusted(path: Path | None) -> list[str]:
    """Ids of keys to trust: the file's, else the one that this machine signs with."""
    from bot.record.keys import Signer
    from bot.record.notes import read_public

    if path is not None:
        lines = [line for line in _text_of(path).splitlines() if line.strip()]
        return [read_public(line).id for line in lines or [""]]  # an empty file trusts nobody
    own = Signer(load_settings().key_file).key()
    return [own.public.id] if own else []


def _say(ctx: click.Context, verdict: Verdict, what: str) -> None:
    if verdict.fault is not None:
        click.echo(f"{what} is broken at {verdict.fault}", err=True)
        ctx.exit(1)
    head = f", head {verdict.head}" if verdict.head else ""
    signed = f", {verdict.checkpoints} checkpoints" if verdict.checkpoints else ""
    click.echo(f"{what} is whole: {verdict.entries} entries{signed}{head}")


def _say_keys(verdict: Verdict) -> None:
    if verdict.keys:
        last = verdict.keys[-1]
        click.echo(f"Signed last with the key {last.id}, SHA-256 {last.fingerprint}")
    else:
        click.echo("Nothing is signed: somebody with the database could have rewritten it all.")


# --- keys -------------------------------------------------------------------------------------


@click.group()
def keys() -> None:
    """Make, list, rotate and retire the keys that sign checkpoints."""


@keys.command("make")
@click.option("--lost", is_flag=True, help="Although there was one: its file is lost for good.")
def make_key(lost: bool) -> None:
    """Make the key, write its file, put its public half on the record."""
    from bot.record import keys as room

    with a_house() as house:
        made = house.change_sync(actor(), lambda tx: room.make(tx, anew=lost))
        click.echo(f"Made the key {made.id} in {house.env.signer.path}. Back this file up.")
    _say_public(made)


@keys.command("list")
def list_keys() -> None:
    """List every key of the record."""
    from bot.record import keys as room

    rows = look(lambda session: list(room.known(session).values()))
    if not rows:
        click.echo("There is none. `steadyhand keys make` makes one.")
        return
    own = room.Signer(load_settings().key_file).key()
    table(
        ("KEY", "FROM ENTRY", "UNTIL", "FILE HERE", "SHA-256"),
        [
            (
                row.public.id, str(row.since), str(row.until or "-"),
                "yes" if own and own.public == row.public else "no", row.public.fingerprint,
            )
            for row in rows
        ],
    )  # fmt: skip


@keys.command()
@click.option("--reason", required=True, help="Why; it goes on the record.")
def rotate(reason: str) -> None:
    """Replace the key: the old one signs the introduction of the new one, then it is deleted."""
    from bot.record import keys as room

    with a_house() as house:
        path = house.env.signer.path
        old, new = house.change_sync(actor(), lambda tx: room.rotate(tx, reason))
        house.read_sync(lambda session: room.settle(session, path))
    click.echo(f"The key {new.id} takes over from {old.id}, whose file is gone.")
    _say_public(new)


@keys.command()
@click.option("--reason", required=True, help="Why; it goes on the record.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def retire(reason: str, yes: bool) -> None:
    """Retire the key without another one: no more checkpoints until `keys make`."""
    from bot.record import keys as room

    if not yes:
        click.confirm("From then on a rewritten record would not be noticed. Go on?", abort=True)
    with a_house() as house:
        old = house.change_sync(actor(), lambda tx: room.retire(tx, reason))
    click.echo(f"The key {old.id} signs no more. Delete its file.")


@keys.command()
def public() -> None:
    """Print the public key in use, for whoever verifies; nothing else is written to the output."""
    from bot.errors import NotFound
    from bot.record import keys as room

    found = look(room.current)
    if found is None:
        raise NotFound("No key is in use.", instead="`steadyhand keys make`")
    click.echo(str(found.public))


def _say_public(public: object) -> None:
    click.echo(f"Public key, to hand out by another way than bundles:\n{public}")


# --- checkpoints ------------------------------------------------------------------------------


@click.command()
@click.option(
    "--list", "listed", is_flag=True, help="Print all of them, newest last; sign nothing."
)
@click.option(
    "--tsa-request", type=click.Path(path_type=Path, dir_okay=False),
    help="Also write an RFC 3161 timestamp query for it to this file.",
)  # fmt: skip
@click.option("--tsa-response", type=_file, help="Keep the answer beside the checkpoint it is for.")
def checkpoint(listed: bool, tsa_request: Path | None, tsa_response: Path | None) -> None:
    """Sign the record as it stands, and print the checkpoint: copy it to where nobody rewrites it."""
    from bot.record import checkpoint as room
    from bot.record import timestamp

    if listed:
        for row in look(lambda session: room.at_or_after(session, 0)):
            click.echo(row.note)
        return
    if tsa_response is not None:
        rows = look(lambda session: room.at_or_after(session, 0))
        folder = load_settings().data_dir
        kept = timestamp.keep(folder, tsa_response.read_bytes(), [row.note for row in rows])
        click.echo(f"Kept as {kept}. To check it: {timestamp.how(kept)}")
        return
    with a_house() as house:
        made = house.change_sync(actor(), lambda tx: room.sign_now(tx))
    click.echo(made, nl=False)
    if tsa_request is not None:
        tsa_request.write_bytes(timestamp.query(made))
        click.echo(f"Written {tsa_request}; send it as application/timestamp-query.", err=True)


# --- privacy ----------------------------------------------------------------------------------


@click.command()
@click.option("--person", default="", help="Slack user id (U…), or cli:NAME.")
@click.option("--incident", help="Only in this incident (INC-7, or 7).")
@click.option(
    "--entry", "numbers", type=NUMBER, multiple=True, metavar="N",
    help="The words of this entry of --incident, whoever wrote them. Repeatable.",
)  # fmt: skip
@click.option("--reason", required=True, help="Why; it goes on the record. Do not name the person.")
@click.option("--text", "phrase", default="", help="Also every value that holds this exact phrase.")
@click.option(
    "--names-only", is_flag=True, help="Keep what the person wrote, unless it names them."
)
@click.option("--dry-run", is_flag=True, help="Change nothing; say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(
    person: str, incident: str | None, numbers: tuple[int, ...], reason: str, phrase: str,
    names_only: bool, dry_run: bool, yes: bool,
) -> None:  # fmt: skip
    """Delete words and identities from the record. The chain still holds afterwards.

    Name a person, entries, or a phrase. This does not reach Slack itself, backups, exported
    documents, or notices that were published.
    """
    from bot.incident.names import ref
    from bot.record import erase as room

    wish = room.Wish(person, phrase, not names_only, numbers)
    number = _number(incident) if incident else None
    with a_house() as house:
        found = house.change_sync(
            actor(), lambda tx: room.erase(tx, wish, reason, number, dry_run=True)
        )
        for where, touched in found.entries.items():
            place = ref(where) if where else "The house"
            click.echo(f"{place}: entries {', '.join(map(str, touched))}")
        click.echo(f"{found.values} values in all.")
        if dry_run:
            return
        if not yes:
            click.confirm("They cannot be brought back. Go on?", abort=True)
        done = house.change_sync(actor(), lambda tx: room.erase(tx, wish, reason, number))
    _say_erased(done.receipts)


def _say_erased(receipts: dict[int, str]) -> None:
    if receipts:
        click.echo("Erased. Receipts (entry: salt), to prove later whom it was about:")
    else:
        click.echo("Erased.")
    for seq, salt in receipts.items():
        click.echo(f"  {seq}: {salt}")
    click.echo("Not reached: Slack, backups, exported documents, published notices.")


@click.command()
@click.option("--dry-run", "what", flag_value="look", help="List what is over its time.")
@click.option("--apply", "what", flag_value="apply", help="Delete it, and put that on the record.")
def retention(what: str | None) -> None:
    """Delete private values of closed incidents that are over the time of `retention.yaml`."""
    from bot.incident.names import ref
    from bot.record import retention as room

    if what is None:
        raise click.UsageError("Say --dry-run or --apply.")
    with a_house() as house:
        rules, now = house.env.content.retention, house.clock.now()
        found = house.read_sync(lambda session: room.due(session, rules, now))
        for one in found:
            since = f"{one.since:%Y-%m-%d}"
            click.echo(f"{ref(one.incident)}: {one.values} values, {one.rule.id}, since {since}")
            if what == "apply":
                house.change_sync(actor(), lambda tx, one=one: room.apply(tx, one))  # type: ignore[misc]
    click.echo(f"{len(found)} incidents {'were cleared' if what == 'apply' else 'are over time'}.")


def _number(incident: str) -> int:
    from bot.errors import BadInput
    from bot.incident.names import parse_ref

    number = parse_ref(incident)
    if number is None:
        raise BadInput(
            f"«{incident}» is not the name of an incident.", instead="Write INC-7, or 7."
        )
    return number
