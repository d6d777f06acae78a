"""`log`: what was applied, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.main import Options

if TYPE_CHECKING:
    from reconciler.report.receipts import ReceiptFormat


@click.command()
@click.option("--receipts", is_flag=True, help="One line for each apply, beside its commit, newest first.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@click.pass_obj
def log(options: Options, form: ReceiptFormat, *, receipts: bool) -> None:
    """What was applied, and when. With --receipts, as git remembers it: one receipt for each apply, of every tenant."""
    from reconciler.errors import UsageError

    if not receipts:
        raise UsageError("say --receipts: what git remembers of each apply")
    _show_receipts(options, form)


def _show_receipts(options: Options, form: ReceiptFormat) -> None:
    from reconciler.cli.output import print_result
    from reconciler.cli.receipts import open_repository
    from reconciler.desired.receipts import list_tenants, read_receipts, record_receipts
    from reconciler.report.receipts import render_receipts

    repository = open_repository(options)
    tenants = [options.tenant] if options.tenant else list_tenants(repository)
    found = [receipt for tenant in tenants for receipt in read_receipts(repository, tenant)]
    newest_first = sorted(found, key=lambda one: (one.at, one.tenant), reverse=True)

    print_result(render_receipts(record_receipts(repository, newest_first), form))
