"""The command `sandbox`: serves, fills and empties the embedded 4me."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.pipeline.workspace import Workspace

if TYPE_CHECKING:
    from reconciler.sandbox.store import Store


@click.group()
def sandbox() -> None:
    """Run the embedded 4me: no account, no token, no network.

    Each tenant with `url: sandbox` has an embedded 4me of its own.
    """


@sandbox.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=4004, show_default=True, help="The port; 0 chooses a free port."
)
@click.option("--token", default="sandbox", show_default=True, help="The bearer token that SCIM requests need.")
@click.option(
    "--client-secret", default="sandbox", show_default=True, help="The OAuth client secret, for tokens of REST (/v1)."
)
@click.option("--account", default="sandbox", show_default=True, help="The name of the account over REST (/v1).")
@click.option(
    "--requests-an-hour", type=click.IntRange(min=1), help="Answer 429 to more requests, as 4me does. Default: none."
)
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
    """Serve the embedded 4me on a local port until Ctrl-C. It answers SCIM, and REST with tokens of its own."""
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
    """Add users and groups of FILE to the embedded 4me. FILE is a saved live state (JSON).

    The people behind the users are taken from `people` in FILE; without it, they are made by 4me's rules.
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
    click.echo(f"{users} and {groups} added to the sandbox")


@sandbox.command()
@click.pass_obj
def reset(workspace: Workspace) -> None:
    """Empty the embedded 4me."""
    with _store(workspace) as store:
        store.reset()
    click.echo("The sandbox is empty")


def _store(workspace: Workspace) -> Store:
    """Opens the account of the named tenant, or of the only tenant with `url: sandbox`."""
    from reconciler.core.declarations.tenant import SANDBOX
    from reconciler.desired.git.repository import find_repository
    from reconciler.errors import UsageError
    from reconciler.pipeline.account.embedded import open_store
    from reconciler.pipeline.desired.current_state import load_tenants

    declared = load_tenants(workspace, find_repository(workspace.folder)).declarations.tenants
    embedded = [name for name, declaration in declared.items() if declaration.tenant.url == SANDBOX]
    names = [name for name in embedded if workspace.tenant in {None, name}]
    if len(names) != 1:
        known = ", ".join(names) or "none"
        raise UsageError(f"which tenant with `url: {SANDBOX}`? Name one with --tenant (declared: {known})")
    return open_store(workspace, names[0])
