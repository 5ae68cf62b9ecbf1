"""The verbs of the desk: serve it, and manage the keys of programs that use it."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import click

from dnc.cli.help import language, option, verb
from dnc.cli.options import FILE, open_store, print_rows, rules_folder, store_verb, tell, tell_changes
from dnc.files.input_file import read_bounded
from dnc.messages import localized

_PORT = 8520


# What a program may do.
_MAY = option(
    "--may",
    metavar="RIGHTS",
    default="decide,record",
    show_default=True,
    callback=lambda ctx, param, rights: [right.strip() for right in rights.split(",")],
)


@verb()
@click.argument("path", metavar="[LIST]", required=False, type=FILE)
@option("--port", type=click.IntRange(0, 65535), metavar="PORT", default=_PORT, show_default=True)
@option("--no-browser", is_flag=True)
@option("--listen", metavar="ADDRESS")
@option("--user-header", metavar="NAME")
@option("--server-name", "server_names", multiple=True, metavar="HOST")
@option("--max-upload", type=click.IntRange(min=1), default=4000, show_default=True, metavar="MB")
@option("--key", type=FILE)
@store_verb
def desk(
    *,
    path: Path | None,
    port: int,
    no_browser: bool,
    listen: str | None,
    user_header: str | None,
    server_names: tuple[str, ...],
    max_upload: int,
    key: Path | None,
) -> None:
    if (listen is None) != (user_header is None):
        raise click.UsageError(localized("errors", "cli", "listen_header"))
    if server_names and not listen:
        raise click.UsageError(localized("errors", "cli", "server_name"))
    if path and user_header:
        raise click.UsageError(localized("errors", "cli", "desk_list"))
    if path:
        read_bounded(path, 1)  # a mistake in its name is said now
    from dnc.desk.app import LOOPBACK, bound, host_of, serve
    from dnc.desk.desk import Desk
    from dnc.files.signing import Signer

    sock = bound(listen or LOOPBACK, port)
    host = host_of(sock)
    hosts = {host, *server_names} if listen else {host, host.replace(LOOPBACK, "localhost")}
    desk_ = Desk(
        open_store(),
        frozenset(name.lower() for name in hosts),
        language=language(),
        rules=rules_folder(),
        user_header=user_header,
        max_upload=max_upload * 10**6,
        signer=Signer(key) if key else None,
        given=path,
    )
    tell_changes(desk_.book)  # reports a mistake in a rules file now

    def ready() -> None:
        address = f"http://{host}/{'checks/given' if path else ''}"
        click.echo(address if user_header else f"{address}?token={desk_.token}")
        if not (no_browser or user_header):
            import webbrowser

            opening = f"{address}?token={desk_.token_for_once()}"
            # In a thread, since it may wait for the browser.
            threading.Thread(target=webbrowser.open, args=(opening,), daemon=True).start()
        tell("store", "stop")

    with suppress(KeyboardInterrupt):  # the way to stop it
        serve(desk_, sock, ready)


@verb("key")
@click.argument("action", type=click.Choice(["add", "list", "remove"]))
@click.argument("name", required=False)
@_MAY
@store_verb
def key_(*, action: str, name: str | None, may: list[str]) -> None:
    from dnc.store import keys as stored

    if (name is None) != (action == "list"):
        raise click.UsageError(localized("errors", "cli", "key_name"))
    store = open_store()
    if name is None:
        rows = [(key.name, key.added_at, key.rights) for key in stored.in_store(store.journal)]
        print_rows(rows, ("name", "added_at", "may"))
    elif action == "add":
        click.echo(stored.add(store.journal, name, may))
        tell("store", "key_added")
    else:
        store.must_exist()
        stored.remove(store.journal, name)
        tell("store", "key_removed", name=name)


@verb()
@click.argument("action", type=click.Choice(["add", "list", "show", "remove"]))
@click.argument("name", required=False)
@option("--brief", type=FILE)
@store_verb
def campaign(*, action: str, name: str | None, brief: Path | None) -> None:
    from dnc.checks.campaign import keep_campaign
    from dnc.lists.brief import brief_source, read_brief
    from dnc.store import campaigns as stored

    if (name is None) != (action == "list") or (brief is None) != (action != "add"):
        raise click.UsageError(localized("errors", "cli", "campaign_name"))
    store = open_store()
    if name is None:
        found = stored.in_store(store.journal).values()
        rows = [(campaign.name, campaign.sha256, campaign.added_at) for campaign in found]
        print_rows(rows, ("name", "brief_sha256", "added_at"))
    elif brief is not None:
        read_brief(brief)
        keep_campaign(store, name, brief_source(brief)[0])
        tell("store", "campaign_added", name=name)
    elif action == "show":
        click.echo(stored.current(store.journal, name).text, nl=False)
    else:
        store.must_exist()
        stored.remove(store.journal, name)
        tell("store", "campaign_removed", name=name)
