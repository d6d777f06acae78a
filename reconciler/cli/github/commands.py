"""The group `github` with its commands."""

from __future__ import annotations

from reconciler.cli.github.approvals import approved_plans
from reconciler.cli.github.comments import comment, mark_outdated_plans
from reconciler.cli.github.doctor import doctor
from reconciler.cli.github.drift_issue import drift_issue
from reconciler.cli.github.merge_group import merge_group
from reconciler.cli.github.side import github
from reconciler.cli.github.verdict import verdict

for command in (comment, mark_outdated_plans, drift_issue, approved_plans, merge_group, verdict, doctor):
    github.add_command(command)
