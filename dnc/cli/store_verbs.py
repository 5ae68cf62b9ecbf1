"""The verbs that look into a store and after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dnc.cli.options import DAY, FILE, REGION, both, print_csv, print_rows, say, store_of
from dnc.errors import StoreError, printable

if TYPE_CHECKING:
    from dnc.store.audit_log import Entry
    from dnc.store.snapshots import Snapshot


# Objections, forgetting


@click.command("object")
@click.argument("numbers", nargs=-1, required=True)
@click.option("--on", required=True, type=DAY, help="Day the person said it.")
@REGION
@click.option("--reason", help="What was said; compulsory with --lift.")
@click.option("--lift", is_flag=True, help="Take objections back.")
@both
@click.pass_context
def object_(
    ctx: click.Context, /, *, numbers: tuple[str, ...], on: date, region: str | None, reason: str | None, lift: bool
) -> None:
    """Record that people told this caller not to call again, or lift it."""
    if lift and not reason:
        raise click.UsageError("--lift asks for a --reason")
    count = store_of(ctx).object(numbers, on, region=region, reason=reason, lift=lift)
    say(f"{count} {'lifted' if lift else 'recorded'} on {on}")


@click.command()
@click.option("--before", type=DAY, help="Forget what is of an earlier day.")
@click.option("--registry", help="Snapshots of this registry only.")
@click.option("--decisions", is_flag=True, help="With --before: decisions that checks kept, and no snapshots.")
@click.option("--number", "numbers", multiple=True, help="Forget what is said of a number; may be repeated.")
@REGION
@click.option("--due", is_flag=True, help="Forget what is older than dnc retain says.")
@both
@click.pass_context
def forget(
    ctx: click.Context,
    /,
    *,
    before: date | None,
    registry: str | None,
    decisions: bool,
    numbers: tuple[str, ...],
    region: str | None,
    due: bool,
) -> None:
    """Delete old snapshots or decisions, or what is said of a number; oppositions are kept."""
    if sum((before is not None, bool(numbers), due)) != 1:
        raise click.UsageError("say one of --before, --number and --due")
    if decisions and (not before or registry):
        raise click.UsageError("--decisions goes with --before, and not with --registry")
    store = store_of(ctx)
    if numbers:
        gone = store.forget_numbers(numbers, region=region, registry=registry)
        say(f"forgot {gone.listings:,} listings and {gone.decisions:,} decisions; oppositions are kept")
    elif due:
        _say_gone(*store.forget_due())
    elif decisions and before:
        _say_gone((), store.forget_decisions(before))
    elif before:
        _say_gone(store.forget(before, registry), ())


def _say_gone(snapshots: Sequence[Snapshot], checks: Sequence[int]) -> None:
    for one in snapshots:
        say(f"forgot snapshot {one.id}: {one.registry} as of {one.as_of}")
    for seq in checks:
        say(f"forgot the decisions of check {seq}")
    kept = f", decisions of {len(checks)} checks" if checks else ""
    say(f"{len(snapshots)} snapshots forgotten{kept}")


@click.command()
@click.argument("kind", required=False, metavar="[REGISTRY|decisions]")
@click.option("--months", type=click.IntRange(1, 1200), help="How long it is kept.")
@click.option("--for-ever", is_flag=True, help="Until it is forgotten by hand.")
@both
@click.pass_context
def retain(ctx: click.Context, kind: str | None, months: int | None, for_ever: bool) -> None:
    """Say how long a registry's snapshots or kept decisions are kept, or list it; dnc forget --due acts on it."""
    store = store_of(ctx)
    if kind is None:
        print_rows(store.retention(), ("kind", "months", "first_day_kept"))
    elif (months is None) != for_ever:
        raise click.UsageError("say one of --months and --for-ever")
    else:
        store.retain(kind, months)
        say(f"{kind}: kept {'until it is forgotten by hand' if for_ever else f'{months} months'}")


# Looking


@click.command()
@click.option("--diff", nargs=2, type=int, metavar="A B", help="Compare two snapshots of one registry, by their ids.")
@click.option("--numbers", is_flag=True, help="With --diff: the numbers themselves.")
@both
@click.pass_context
def snapshots(ctx: click.Context, /, *, diff: tuple[int, int] | None, numbers: bool) -> None:
    """List the snapshots of the store as CSV, or what changed from one to another."""
    if numbers and not diff:
        raise click.UsageError("--numbers goes with --diff")
    if diff:
        print_csv(store_of(ctx).diff(*diff, numbers=numbers))
        return
    counts = ("rows", "listed", "clear", "unknown", "unread")
    columns = ("id", "registry", "as_of", "campaign", *counts, "prefixes", "loaded_at", "sha256")
    rows = [
        [
            *(getattr(one, name) for name in columns),
            "; ".join(f"{told.rows} {told.what}: {told.reason}" for told in one.accepted),
        ]
        for one in store_of(ctx).snapshots()
    ]
    print_rows(rows, (*columns, "accepted"))


@click.command()
@click.option("--verify", "verifying", is_flag=True, help="Find rows that were changed, removed or reordered.")
@click.option("--head", metavar="ROW:HASH", help="With --verify: a head that was noted elsewhere must stand in it.")
@both
@click.pass_context
def log(ctx: click.Context, verifying: bool, head: str | None) -> None:
    """Print the log of loads, checks and objections as CSV, or follow its chain of hashes."""
    if head and not verifying:
        raise click.UsageError("--head goes with --verify")
    store = store_of(ctx)
    if not verifying:
        print_csv(store.log())
        return
    from dnc.store.verify import verify_log

    found = verify_log(store.ledger, _noted(head))
    for fault in found.faults:
        click.echo(fault)
    if found.faults:
        raise StoreError(
            f"{store.path}: faults in the log: {len(found.faults)}; dnc restore BACKUP puts a good one back"
        )
    say(f"{found.head.seq:,} rows, each follows on the one before; head {found.head}")


def _noted(head: str | None) -> Entry:
    from dnc.store.audit_log import NO_ENTRY, Entry

    if head is None:
        return NO_ENTRY
    seq, _, text = head.partition(":")
    if not text or not seq.isdecimal():
        raise click.UsageError(f"--head {head!r} is not written ROW:HASH, as reports print it")
    return Entry(int(seq), text.strip().lower())


@click.command()
@click.argument("number")
@click.option("--on", type=DAY, help="The day asked about; what was told later is left out.")
@REGION
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@both
@click.pass_context
def answer(ctx: click.Context, /, *, number: str, on: date | None, region: str | None, as_json: bool) -> None:
    """Say what registries and lists said of a number and when, its objections, and each decision kept about it."""
    from dnc.checks import subject_access

    told = subject_access.answer(store_of(ctx), number, region=region, on=on)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, default=str, indent=2))
        return
    for line in subject_access.as_text(told):
        click.echo(printable(line))


@click.command()
@click.argument("check", type=int)
@click.argument("files", metavar="[LIST]...", nargs=-1, type=FILE)
@click.option("--consents", type=FILE, help="The file of consents, if it lies elsewhere than then.")
@click.option("--out", multiple=True, type=click.Path(path_type=Path), help="Write the verdicts; as of dnc check.")
@both
@click.pass_context
def replay(
    ctx: click.Context, check: int, files: tuple[Path, ...], consents: Path | None, out: tuple[Path, ...]
) -> None:
    """Decide the list of a check again, with the rules and snapshots of then: 0 if all verdicts are the same, else 1.

    CHECK is its row in the log; LIST is what it decided, in the same order, if it lies elsewhere than then.
    """
    from dnc import api

    done = api.replay(store_of(ctx), check, files, out, consents=consents)
    for when, counts, version in zip(("then", "now"), (done.then, done.now), done.versions, strict=True):
        say(f"{when}: {', '.join(f'{rows:,} {word}' for word, rows in counts.items())} (version {version})")
    say(f"check {check}: " + ("every verdict is the same" if done.same else "the verdicts are NOT the same"))
    ctx.exit(0 if done.same else 1)


# Upkeep


@click.command()
@both
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Compare the store with its manifest, and every file with its checksum; print what is damaged."""
    from dnc.store import verify as verification

    store = store_of(ctx)
    found = verification.verify(store.ledger)
    for note in found.notes:
        say(note)
    for fault in found.faults:
        click.echo(fault)
    if found.faults:
        raise StoreError(f"{store.path}: faults: {len(found.faults)}; dnc restore BACKUP puts back what is damaged")
    say(f"whole: {found.files} files with {found.rows:,} rows; log head {found.head}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@both
@click.pass_context
def backup(ctx: click.Context, folder: Path) -> None:
    """Copy the store into a new folder, as it stands at one moment; loads may go on."""
    from dnc.store import backup as copies

    say(f"{folder}: log head {copies.backup(store_of(ctx).ledger, folder)}")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@both
@click.pass_context
def restore(ctx: click.Context, folder: Path) -> None:
    """Put back what is damaged or missing from a backup, and nothing else."""
    from dnc.store import backup as copies

    done = copies.restore(store_of(ctx).ledger, folder)
    say(f"{done.files} files put back" + (f", and the ledger as of row {done.after.seq}" if done.ledger else ""))
    if done.before.seq > done.after.seq:
        say(f"rows {done.after.seq + 1} to {done.before.seq} of the log were made after the backup: do them again")
    if done.aside:
        say(f"what was damaged lies in {done.aside}; it holds personal data, delete it when it is not needed")


VERBS = (object_, forget, retain, answer, replay, snapshots, log, verify, backup, restore)
