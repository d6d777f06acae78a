"""The group `github` with its commands."""

from __future__ import annotations

from reconciler.cli.github.approvals import approved_plan
from reconciler.cli.github.comments import comment, drift_issue
from reconciler.cli.github.side import github
from reconciler.cli.github.verdict import verdict

for command in (comment, drift_issue, approved_plan, verdict):
    github.add_command(command)
