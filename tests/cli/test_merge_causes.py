"""Why a merge's apply refuses or leaves an effect: the account changed, an apply was killed, a key was renamed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.merging import PullRequests
from tests.cli.project import Project, Ran
from tests.cli.test_merge_approvals import PEOPLE, commit_start, converges, group, members, outcomes, titles, user

DATES = """\
role_assignments:
  - {role: user, users: [ann, bob, cid]}
  - {role: auditor, users: [ann], expires: 2030-01-01}
"""


@pytest.fixture
def pulls(project: Project) -> PullRequests:
    commit_start(project)
    project.write(user("ann", title="Clerk"), PEOPLE["ann"])
    project.commit()
    assert 0 == project.run("apply", "--yes").code
    return PullRequests(project)


def by_hand(project: Project, name: str, **values: Any) -> None:
    with project.account() as store:
        store.seed([{**project.users()[name], **values}])


def details(ran: Ran) -> list[str]:
    return [one["detail"] for one in ran.document["outcomes"] if one["detail"]]


def merge_all(pulls: PullRequests) -> Ran:
    """The way out: the plan of the next pull request shows what was refused or left."""
    pulls.open(99, {"README.md": "the next one\n"})
    pulls.merge(99)
    return pulls.apply("--format", "json")


def test_a_value_that_was_changed_in_the_account_since_is_refused_with_that_reason(pulls: PullRequests) -> None:
    """Not because of a merge. The effect has one outcome, and the next plan shows it."""
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief")})
    pulls.merge(11)
    by_hand(pulls.project, "ann", title="by hand")

    ran = pulls.apply("--format", "json")

    assert (4, ["refused user/ann update_user"]) == (ran.code, outcomes(ran))
    assert details(ran)[0].startswith("#11 brought it: the account changed since this was approved")
    assert "Refused, because the account changed since it was approved: user/ann (update_user)" in ran.err
    assert "by hand" == titles(pulls.project)["ann"]
    assert 0 == merge_all(pulls).code
    assert "Chief" == titles(pulls.project)["ann"]


def test_what_an_apply_left_open_and_a_hand_changed_since_is_refused_with_that_reason(pulls: PullRequests) -> None:
    """Of an open effect only hashes are known. The plan of #12 was made before the hand."""
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief"), PEOPLE["bob"]: user("bob", title="Chief")})
    pulls.merge(11)
    assert 1 == pulls.apply("--only", "user/bob").code
    by_hand(pulls.project, "ann", title="by hand")
    pulls.push({"README.md": "one\n"})

    ran = pulls.apply("--format", "json")

    assert (4, ["refused user/ann update_user"]) == (ran.code, outcomes(ran))
    assert "the account changed since this was approved" in details(ran)[0]
    assert 0 == merge_all(pulls).code
    assert converges(pulls)


def test_what_a_killed_apply_wrote_and_git_took_back_is_refused_and_not_called_drift(pulls: PullRequests) -> None:
    """The revert was planned before the apply began, so its plan shows nothing."""
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief"), PEOPLE["cid"]: None})
    pulls.merge(11)
    assert 0 == pulls.project.run("ownership", "begin", "--approvals", pulls.gather()).code
    pulls.open(12, {PEOPLE["ann"]: user("ann", title="Clerk"), PEOPLE["cid"]: user("cid")})
    by_hand(pulls.project, "ann", title="Chief")
    by_hand(pulls.project, "cid", active=False)
    pulls.merge(12)

    ran = pulls.apply("--format", "json")

    assert 4 == ran.code
    assert {"refused user/ann update_user", "refused user/cid reactivate_user"} <= set(outcomes(ran))
    assert "left" not in {one["status"] for one in ran.document["outcomes"]}
    assert "partial" == pulls.project.ends()[-1]
    assert 0 == merge_all(pulls).code
    assert "Clerk" == titles(pulls.project)["ann"]
    assert converges(pulls)


def test_what_a_killed_apply_wrote_and_git_no_longer_declares_stays_and_is_named(pulls: PullRequests) -> None:
    """The line is gone, so that nothing says which value bob should have."""
    pulls.open(11, {PEOPLE["bob"]: user("bob", title="Chief")})
    pulls.merge(11)
    assert 0 == pulls.project.run("ownership", "begin", "--approvals", pulls.gather()).code
    by_hand(pulls.project, "bob", title="Chief")
    pulls.open(12, {PEOPLE["bob"]: user("bob")})
    pulls.merge(12)

    ran = pulls.apply("--format", "json")

    assert (0, ["withdrawn user/bob update_user"]) == (ran.code, outcomes(ran))
    assert "but the account has it already; git no longer declares the value, so it stays" in details(ran)[0]


def test_a_creation_that_is_drift_with_a_value_of_a_fork_is_refused(pulls: PullRequests) -> None:
    """bob was deleted in the account, #11 shows that, and the fork's #12 gives bob a title."""
    with pulls.project.account() as store:
        others = [one for key, one in pulls.project.users().items() if key != "bob"]
        store.reset()
        store.seed(others)
    pulls.open(11, {"README.md": "one\n"})
    pulls.open(12, {PEOPLE["bob"]: user("bob", title="Chief")})
    pulls.reasons[12] = "it comes from a fork"
    pulls.merge(11)
    pulls.merge(12)

    ran = pulls.apply("--format", "json")

    assert 4 == ran.code
    assert "refused user/bob create_user" in outcomes(ran)
    assert any(
        one.startswith("#12 brought it, and its plan does not count (it comes from a fork)") for one in details(ran)
    )
    assert 0 == merge_all(pulls).code
    assert converges(pulls)


def test_a_removal_of_somebody_whom_another_pull_request_renames_is_refused(pulls: PullRequests) -> None:
    """Its reviewers saw another key; it is no drift of the account."""
    renamed = {PEOPLE["ann"]: None, PEOPLE["dan"]: user("dan", was="ann", title="Clerk").replace("dan@", "ann@")}
    pulls.open(11, {PEOPLE["groups"]: group("bob")})
    pulls.open(12, {**renamed, PEOPLE["groups"]: group("dan", "bob")})
    pulls.merge(11)
    pulls.project.git("checkout", "--quiet", "-B", "pull-12", "main")
    pulls.commit(renamed)
    pulls.project.git("checkout", "--quiet", "main")
    pulls.merge(12)

    ran = pulls.apply("--format", "json")

    assert 4 == ran.code
    assert "refused group/staff remove_members" in outcomes(ran)
    assert 0 == merge_all(pulls).code
    assert ["bob"] == members(pulls.project)


def test_a_role_that_ended_overnight_is_left_and_not_called_a_change_of_the_account(pulls: PullRequests) -> None:
    """No commit causes it; the date does. The next plan shows it."""
    pulls.push({PEOPLE["roles"]: DATES})
    assert 0 == pulls.project.run("apply", "--yes").code
    pulls.line = []
    pulls.open(11, {PEOPLE["bob"]: user("bob", title="Chief")})
    pulls.merge(11)

    ran = pulls.apply("--as-of", "2030-01-02", "--format", "json")

    assert (0, ["applied user/bob update_user", "left user/ann revoke_roles"]) == (ran.code, outcomes(ran))
    assert ["this was given in the account, or a date of git has passed"] == [
        one.partition(", and no")[0] for one in details(ran)
    ]
