"""The group `github` with its commands."""

from __future__ import annotations

from reconciler.cli.github.approvals import approved_plans
from reconciler.cli.github.comments import comment, drift_issue
from reconciler.cli.github.doctor import doctor
from reconciler.cli.github.side import github

for command in (comment, drift_issue, approved_plans, doctor):
    github.add_command(command)
