"""What a reviewer with two minutes reads: ten stories as they are rendered.

New stories are here; the new hire, the leaver, the mass leave that a guardrail refuses and the conflict are in
`comments`. `--update-cases` writes the comments anew. Look at them as rendered pages, at 400 pixels too.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.changes.outcome import Outcome, Run
from reconciler.core.changes.plan import DeactivateUser, Plan, UpdateUser
from reconciler.report.pull_requests.outcome_comment import UncountedPlan, render_outcome_comment, render_together
from reconciler.report.pull_requests.outdated import render_outdated
from reconciler.report.pull_requests.plan_comment import render_comment
from reconciler.report.refusal import Absence, render_refusal
from tests.report.doubt_plans import DOUBTS
from tests.report.plans import STORIES, attribute, somebody, story

STORED = Path(__file__).parent / "reviewer"
CASES = Path(__file__).parents[1] / "cases"
CHECKS = "https://github.com/acme/access/pull/12/checks"
INVALID = """\
desired-state/users/people.yaml:14: users.ada.lee.titel: this key is unknown (did you mean "title"?)
desired-state/users/people.yaml:31: users.gita.shrestha.manager: no user has the key gita.shreshta
Error: 2 problems in the desired state: nothing was done
"""
REFUSED = """\
Error: max_deactivations: 30 is above 5 and 2 % of 1204: user/ada.lee, user/bram.hendriks and 28 more (raise \
guardrails.max_deactivations in git and have it reviewed, or make the change smaller)
Error: administrators: no account administrator would be left (assign the role to another user)
"""
UNSEEN = (
    "no approved plan shows this, so it was not done; the plan of the next pull request shows it, or make a plan file "
    "and apply that"
)


def retitled(number: int, before: str, after: str) -> UpdateUser:
    """A title that this change edits."""
    return UpdateUser(**somebody(number), attributes=(attribute("title", before, after),), reason="holds user")


def title_and_drift() -> Plan:
    """One title is edited, and merging also reverts what somebody did by hand."""
    return story(retitled(1, "Analyst", "Senior Analyst"), *STORIES["only-drift"].changes)


def apply_of_three() -> Run:
    """An apply of three pull requests: one effect of two of them together was seen by no reviewer."""
    outcomes = (
        Outcome(change=retitled(1, "Analyst", "Senior Analyst"), status="applied"),
        Outcome(change=retitled(2, "Clerk", "Controller"), status="applied"),
        Outcome(change=retitled(3, "King", "Clerk"), status="left", detail="it comes from a change in the account"),
        Outcome(change=retitled(4, "Buyer", "Head of Purchasing"), status="refused", detail=UNSEEN),
        Outcome(change=DeactivateUser(**somebody(5), reason="passes no filter"), status="refused", detail=UNSEEN),
    )
    return Run(tenant="production", commit="1" * 40, digest="sha256:0", outcomes=outcomes, requests=2)


TOGETHER = render_together([31, 32, 35], [UncountedPlan(35, "", "it comes from a fork, and forks get no plan")])
PAGES = {
    "title-change": render_comment(story(retitled(1, "Analyst", "Senior Analyst")), full_plan=CHECKS),
    "drift-put-back": render_comment(title_and_drift(), full_plan=CHECKS),
    "adoption": render_comment(
        Plan.model_validate_json((CASES / "adopt-what-entra-created" / "plan.json").read_text()), full_plan=CHECKS
    ),
    "doubts-named": render_comment(DOUBTS["one-unaccounted"], full_plan=CHECKS),
    "invalid-yaml": render_refusal(Absence("There is no plan for", "production", CHECKS, "9f8e7d6c"), INVALID),
    "plan-job-died": render_refusal(Absence("There is no plan for", "production", CHECKS, "9f8e7d6c"), None),
    "out-of-date": render_outdated("production", "1a2b3c4d5e", "9f8e7d6c5b", "main", CHECKS),
    "partial-outcome": render_outcome_comment(apply_of_three(), together=TOGETHER),
    "apply-refused": render_refusal(Absence("Nothing was applied to", "production", CHECKS), REFUSED) + f"\n{TOGETHER}",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_story_reads_as_written(name: str, *, update_cases: bool) -> None:
    """Golden bytes."""
    golden = STORED / f"{name}.md"
    if update_cases:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(PAGES[name], encoding="utf-8")

    assert golden.read_text(encoding="utf-8") == PAGES[name]


def test_losses_stand_first_and_drift_is_put_back_by_the_merge() -> None:
    """The heading counts both; the drift has a section of its own, with who and what."""
    rendered = PAGES["drift-put-back"]
    heading = rendered.splitlines()[0]

    assert heading.startswith(
        "### Plan for `production`: **1 person loses roles**, 1 person gets access, 2 people change"
    )
    assert "; puts back drift (3 people), nothing blocks it" in heading
    section = rendered.partition("<b>Merging this also puts back what was changed in the account</b>")[2]
    assert section
    for name in ("Femke Jansen", "Dalia Haddad", "Chidi Okafor"):
        assert name in section
    assert "Bram Hendriks" not in section


def test_outside_of_a_pull_request_the_apply_puts_it_back() -> None:
    """As in a plan that is made by hand."""
    assert "<b>Applying this also puts back" in render_comment(title_and_drift(), step="apply")


@pytest.mark.parametrize("pulls", [0, 1, 2, 31, 500])
def test_pull_requests_and_reasons_are_bounded(pulls: int) -> None:
    """A comment has 65,536 characters."""
    uncounted = [UncountedPlan(number, "", "x" * 2_000) for number in range(pulls)]
    told = render_together(range(pulls), uncounted)

    assert len(told) < 9_000
    assert (told == "") == (pulls == 0)
    assert ("more did not count" in told) == (pulls > 7)
