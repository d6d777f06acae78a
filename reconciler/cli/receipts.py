"""`receipts`: what this clone and another remember of applies is put together. Git's credentials, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.main import Options

if TYPE_CHECKING:
    from reconciler.desired.git import Repository

remote_option = click.option("--remote", default="origin", show_default=True, help="The other repository.")


@click.group()
def receipts() -> None:
    """Fetch and push receipts: git moves no notes by itself. Nothing that was written on either side is lost."""


@receipts.command()
@remote_option
@click.pass_obj
def fetch(options: Options, remote: str) -> None:
    """Add the receipts that the remote has to those here, of the tenant that was named or of all."""
    from reconciler.desired.receipts import fetch_receipts

    _tell("Fetched from", remote, fetch_receipts(open_repository(options), remote, options.tenant))


@receipts.command()
@remote_option
@click.pass_obj
def push(options: Options, remote: str) -> None:
    """Add the receipts here to those that the remote has, however many others do so now."""
    from reconciler.desired.receipts import publish_receipts

    _tell("Pushed to", remote, publish_receipts(open_repository(options), remote, options.tenant))


def _tell(done: str, remote: str, tenants: list[str]) -> None:
    from reconciler.cli.output import print_result
    from reconciler.report.quote import plain

    named = ", ".join(map(plain, tenants))
    print_result(f"{done} {plain(remote)}: the receipts of {named}\n" if tenants else f"{done} {remote}: nothing new\n")


def open_repository(options: Options) -> Repository:
    """The repository of the desired state; raises UsageError where there is none."""
    from reconciler.desired.git import explain_absence, find_repository
    from reconciler.errors import UsageError

    repository = find_repository(options.folder)
    if repository is None:
        raise UsageError(f"receipts are kept in git, and {explain_absence()}: run this where it is")
    return repository
