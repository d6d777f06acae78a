"""`sandbox`: the embedded 4me on a port, filled, emptied."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from reconciler.sandbox.store import Store


@click.group()
def sandbox() -> None:
    """The embedded 4me: no account, no token, no network. Each `url: sandbox` tenant has one of its own."""


@sandbox.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option("--port", type=click.IntRange(0, 65535), default=4004, show_default=True, help="0 takes a free one.")
@click.option("--token", default="sandbox", show_default=True, help="The bearer token to ask for.")
@click.option("--client-secret", default="sandbox", show_default=True, help="What /token gives tokens of /v1 for.")
@click.option("--account", default="sandbox", show_default=True, help="The account that /v1 answers for.")
@click.option("--requests-an-hour", type=click.IntRange(min=1), help="Answer 429 to more, as 4me does. Default: all.")
@click.pass_obj
def serve(
    workspace: Workspace,
    host: str,
    port: int,
    *,
    token: str,
    client_secret: str,
    account: str,
    requests_an_hour: int | None,
) -> None:
    """Put the embedded 4me on a port of this machine, until Ctrl-C: SCIM, and REST with a token of its own."""
    from reconciler.core.simulator.tokens import Issuer
    from reconciler.pipeline.clock import now_in_utc
    from reconciler.sandbox.app import RestSide, make_app
    from reconciler.sandbox.serve import serve as serve_on_port

    with _store(workspace) as store:
        rest = RestSide(account, Issuer(client_secret))
        app = make_app(store, now=now_in_utc, token=token, rest=rest, requests_an_hour=requests_an_hour)
        serve_on_port(app, host, port)


@sandbox.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def seed(workspace: Workspace, file: Path) -> None:
    """Put the users and groups of a saved live state (JSON) into the embedded 4me, beside what it holds.

    The people behind the users come with it where it has `people`; else they are those whom 4me's rules would make.
    """
    from reconciler.core.declarations.tenant import SANDBOX
    from reconciler.core.model.amounts import count
    from reconciler.core.scim.people import to_records
    from reconciler.live.snapshot import read_snapshot_file

    snapshot = read_snapshot_file(file)
    with _store(workspace) as store:
        if snapshot.people is None:
            store.seed(snapshot.users, snapshot.groups)
        else:
            store.seed(snapshot.users, snapshot.groups, {"People": to_records(snapshot.people, SANDBOX)})
    users, groups = count(len(snapshot.users), "user"), count(len(snapshot.groups), "group")
    click.echo(f"{users} and {groups} put into the sandbox")


@sandbox.command()
@click.pass_obj
def reset(workspace: Workspace) -> None:
    """Empty the embedded 4me."""
    with _store(workspace) as store:
        store.reset()
    click.echo("The sandbox is empty")


def _store(workspace: Workspace) -> Store:
    """The account of the tenant that was named, or of the one whose url is `sandbox`."""
    from reconciler.core.declarations.tenant import SANDBOX
    from reconciler.desired.git.repository import find_repository
    from reconciler.errors import InvalidInput, UsageError
    from reconciler.pipeline.account.embedded import open_store
    from reconciler.pipeline.desired.current_state import load_folder

    loaded = load_folder(workspace, find_repository(workspace.folder))
    declared = loaded.declarations.tenants
    if not declared and loaded.problems:
        raise InvalidInput(loaded.problems)
    names = [name for name, one in declared.items() if one.tenant.url == SANDBOX and workspace.tenant in {None, name}]
    if len(names) != 1:
        known = ", ".join(names) or "none"
        raise UsageError(f"which tenant with `url: {SANDBOX}`? Name one with --tenant (there is: {known})")
    return open_store(workspace, names[0])
