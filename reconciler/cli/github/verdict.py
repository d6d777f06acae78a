"""The command `github verdict`."""

from __future__ import annotations

import click

from reconciler.cli.github.side import Side
from reconciler.cli.output import print_result
from reconciler.pipeline.pull_requests.comments import summarise
from reconciler.pipeline.pull_requests.plan_check import judge_plan_run
from reconciler.report.pull_requests.plan_check import render_plan_check


@click.command()
@click.option("--needs", metavar="JSON", required=True, help="The results of the jobs: GitHub's `toJSON(needs)`.")
@click.pass_obj
def verdict(side: Side, needs: str) -> int:
    """Report the one check of a plan run, for branch protection. It asks GitHub nothing.

    The exit code is 0 if the pull request or the group may be merged, and 1 if not. The text names each job that
    failed or did not run. It says so if a fork or Dependabot got no plan. The summary of the job has the same text.
    """
    job = side.workspace.settings.job()
    check = judge_plan_run(job, needs)
    text = render_plan_check(check.headline, check.sentences, passes=check.passes)
    print_result(text)
    summarise(job, text)
    return 0 if check.passes else 1
