"""The commands `github approved-plan` and `github approved-plans`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.github.by_hand import approve_by_hand
from reconciler.cli.github.side import Side, commit_option
from reconciler.errors import Refused, UsageError
from reconciler.github.approved_plan import PlanQuery, fetch_approved_plan, refuse_moved_base
from reconciler.pipeline.private_files import write_private
from reconciler.pipeline.pull_requests.merged_commit import find_merged_commit
from reconciler.pipeline.saved_plans import read_plan


@click.command("approved-plan")
@commit_option
@click.option("-o", "output", type=click.Path(path_type=Path), required=True, help="Write the plan to this file.")
@click.option("--workflow", default="plan.yml", show_default=True, help="The workflow file that makes the plans.")
@click.pass_obj
def approved_plan(side: Side, output: Path, commit: str | None, workflow: str) -> None:
    """Fetch the plan that a merge approved. It is the stored plan of the pull request's last plan run.

    The exit code is 4 if no plan can be trusted. Then nothing must be applied.
    """
    merged = find_merged_commit(side.workspace, commit)
    with side.connect() as client:
        stored = fetch_approved_plan(client, PlanQuery(merged.tenant, merged.commit, workflow))
    try:
        plan = read_plan(stored.plan, f"the plan of #{stored.pull}")
    except UsageError as error:
        raise Refused(str(error)) from error
    refuse_moved_base(plan, stored, merged.tenant, merged.url, merged.tree)

    write_private(output, stored.plan)
    side.workspace.log(f"The plan of #{stored.pull} (run {stored.run}, {plan.digest[:19]}) was approved: {output}")


@click.command("approved-plans")
@click.option("--by-hand", "plan", type=click.Path(path_type=Path), required=True, help="The plan that this run made.")
@click.option("--environment", required=True, metavar="NAME", help="With --by-hand: the environment of the apply.")
@click.option(
    "-o", "output", type=click.Path(path_type=Path), required=True, help="Write the approvals to this folder."
)
@click.pass_obj
def approved_plans(side: Side, plan: Path, environment: str, output: Path) -> None:
    """Write what approves an apply by hand: the plan of this run, if a person reviewed it.

    The exit code is 4 without a review. Then nothing must be applied, and the output has the file that would
    approve the plan.
    """
    approve_by_hand(side, plan, environment, output)
