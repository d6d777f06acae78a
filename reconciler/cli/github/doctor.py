"""The command `github doctor`."""

from __future__ import annotations

import click

from reconciler.cli.github.side import Side
from reconciler.cli.output import print_result
from reconciler.core.declarations.tenant import SANDBOX
from reconciler.desired.records.branch import NAMESPACE
from reconciler.github.doctor.examine import examine
from reconciler.github.doctor.read import DoctorSubject
from reconciler.pipeline.desired.current_state import choose_tenant, load_tenants
from reconciler.pipeline.pull_requests.comments import summarise
from reconciler.pipeline.record.applies import open_repository
from reconciler.pipeline.record.tenant_record import find_branch
from reconciler.report.doctor import render_protections

NO_GAP, GAPS = 0, 3


@click.command()
@click.option("--exit-code", is_flag=True, help="Exit with 3 if a protection is lacking or not known.")
@click.option("--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True)
@click.pass_obj
def doctor(side: Side, form: str, *, exit_code: bool) -> int:
    """Ask GitHub which protections the repository has, and explain what each lacking one leaves open.

    Nothing is changed. A protection that the token may not see is reported as not known. The token of an administrator
    sees all of them; the token of a workflow does not.
    """
    workspace = side.workspace
    repository = open_repository(workspace)
    declarations = load_tenants(workspace, repository).declarations
    tenants = declarations.tenants
    chosen = tuple(tenants) if workspace.tenant is None else (choose_tenant(declarations, workspace.tenant),)
    named = [name for name in chosen if tenants[name].tenant.url != SANDBOX]  # it lives where the command runs
    branches = {name: f"{NAMESPACE}/{find_branch(repository, name, tenants).name}" for name in named}
    with side.connect() as client:
        report = examine(client, DoctorSubject(branches, repository.folder))
    print_result(render_protections(report, form))
    if form == "markdown":
        summarise(workspace.settings.job(), render_protections(report, form))
    return GAPS if exit_code and report.has_gaps else NO_GAP
