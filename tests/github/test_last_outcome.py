"""The outcome of a commit's last apply: of that workflow, that commit and this repository, or none."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import Refused
from reconciler.github.client import GitHub
from reconciler.github.runs.last_outcome import OutcomeQuery, StoredOutcome, fetch_last_outcome
from tests.github.standin import StandIn

COMMIT = "c" * 40
PATH = ".github/workflows/apply.yml"
ASKED = OutcomeQuery("qa", COMMIT, "apply.yml")


def applied(standin: StandIn, name: str = "outcome-qa", **about: str) -> dict[str, Any]:
    """Adds a finished run with its artifact."""
    run = standin.start_run(COMMIT, **{"event": "push", "path": PATH, **about})
    standin.store(run, name, {"outcome.json": f"{run['id']}", "said.txt": "said", "approvals.json": "{}"})
    standin.finish_run(run, {})
    return run


def test_the_newest_finished_apply_counts(standin: StandIn, github: GitHub) -> None:
    """One of another tenant says nothing of this one; one that still runs has stored nothing yet."""
    applied(standin)
    run = applied(standin, event="workflow_dispatch")
    applied(standin, "outcome-production")
    standin.start_run(COMMIT, event="push", path=PATH)

    assert StoredOutcome(run["id"], f"{run['id']}", "said") == fetch_last_outcome(github, ASKED)


@pytest.mark.parametrize(
    "edit",
    [
        {"event": "pull_request"},
        {"path": ".github/workflows/other.yml"},
        {"head_sha": "d" * 40},
        {"repository": {"full_name": "mallory/people"}},
        {"head_repository": {"full_name": "mallory/people"}},
        {"head_repository": None},
    ],
    ids=["a pull request", "another workflow", "another commit", "elsewhere", "a fork", "a fork that is gone"],
)
def test_what_answers_another_question_is_not_believed(edit: dict[str, Any], standin: StandIn, github: GitHub) -> None:
    """Whoever may push a branch can make a run, and let it store anything."""
    applied(standin)
    standin.runs[-1] |= edit
    standin.ignores_filters = True

    assert None is fetch_last_outcome(github, ASKED)


def test_what_is_gone_or_something_else_is_refused(standin: StandIn, github: GitHub) -> None:
    """With the reason, for whoever looks at the log."""
    run = applied(standin)
    standin.artifacts[-1]["expired"] = True
    with pytest.raises(Refused, match=f"outcome-qa of the run {run['id']} has expired"):
        fetch_last_outcome(github, ASKED)

    standin.store(run, "outcome-qa", {"outcome.json": "{}", "surprise": "x"})
    with pytest.raises(Refused, match="does not hold"):
        fetch_last_outcome(github, ASKED)
