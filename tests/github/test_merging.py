"""The workflows, played for teams that merge several pull requests a day, with forks, Dependabot and a merge queue."""

from __future__ import annotations

import yaml

from tests.github.player import PlayedJob
from tests.github.world import DEPENDABOT, TEAM, Company

QUEEN = TEAM.replace("title: Chief", "title: Queen")
EVE = "users:\n  eve: {userName: eve@example.com, displayName: Eve, title: Guest}\n"
KIM = "users:\n  kim: {userName: kim@example.com, displayName: Kim, title: Guest}\n"


def results(jobs: dict[str, PlayedJob]) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def title(acme: Company, key: str = "ann") -> object:
    return acme.users()[key].get("title")


def test_two_pull_requests_side_by_side_are_both_applied(acme: Company) -> None:
    """The second was planned before the first was merged, and is not up to date: each merge carries out its own."""
    first, second = acme.open_pull(QUEEN), acme.open_pull(EVE, "desired-state/eve.yaml")
    assert ["success", "success"] == [acme.plan(number)["reconciler"].result for number in (first, second)]

    one = acme.apply(acme.squash(first))
    assert ("success", "Queen", False) == (one["apply qa"].result, title(acme), "eve" in acme.users())
    two = acme.apply(acme.merge(second))

    assert ("success", "Guest") == (two["apply qa"].result, title(acme, "eve"))
    outcomes = [acme.comments(number)[1] for number in (first, second)]
    assert ["### Applied to `qa`: 1 applied"] * 2 == [text.partition("\n")[0][:30] for text in outcomes]


def test_an_edit_of_a_merged_pull_request_leaves_its_comments_as_they_were(acme: Company) -> None:
    """They show what was approved; a new plan would show that nothing is left to do."""
    number = acme.open_pull(QUEEN)
    acme.plan(number)
    acme.apply(acme.merge(number))
    before = acme.comments(number)

    edited = acme.plan(number, "edited")

    assert {"reconciler": "success"} == results(edited)
    assert "Merged already, so nothing was planned" in edited["reconciler"].summary
    assert before == acme.comments(number)


def test_two_merges_before_an_apply_are_one_apply(acme: Company) -> None:
    """The later run carries out both and comments on both; the earlier one, late, has nothing to do and is green."""
    first, second = acme.open_pull(QUEEN), acme.open_pull(EVE, "desired-state/eve.yaml")
    for number in (first, second):
        acme.plan(number)
    early, late = acme.squash(first), acme.rebase(second)

    both = acme.apply(late)
    assert ("success", "Queen", "Guest") == (both["apply qa"].result, title(acme), title(acme, "eve"))
    assert all(len(acme.comments(number)) == 2 for number in (first, second))

    before = acme.users()
    assert "success" == acme.apply(early)["apply qa"].result
    assert before == acme.users()


def test_a_merge_that_changes_no_desired_state_is_green(acme: Company) -> None:
    """A README by a pull request, a README by a push, a workflow: the account's token is not even used."""
    number = acme.open_pull("# People\n", "README.md")
    assert "success" == acme.plan(number)["reconciler"].result
    workflow = (acme.clone / ".github" / "workflows" / "plan.yml").read_text()
    other = acme.open_pull(f"# ours\n{workflow}", ".github/workflows/plan.yml")
    assert "success" == acme.plan(other)["reconciler"].result

    acme.player.secrets["qa"]["SCIM_TOKEN"] = "wrong"
    assert "success" == acme.apply(acme.squash(number))["apply qa"].result
    assert "success" == acme.apply(acme.push("# Us\n", "README.md"))["apply qa"].result
    assert "success" == acme.apply(acme.squash(other))["apply qa"].result
    assert "Chief" == title(acme)


def test_forks_and_dependabot_pass_and_are_told_that_nothing_is_approved(acme: Company) -> None:
    """No job sees a secret; what a merge brings is refused, until another pull request shows it."""
    fork, bot = acme.open_pull(QUEEN, fork=True), acme.open_pull(EVE, "desired-state/eve.yaml", author=DEPENDABOT)
    for number, origin in ((fork, "a fork"), (bot, "Dependabot")):
        played = acme.plan(number)
        assert {"validate": "success", "reconciler": "success"} == results(played)
        assert not any(job.holds_secrets for job in played.values())
        assert f"Valid, but not planned, because it comes from {origin}" in played["reconciler"].summary
        assert "merging approves no change" in played["reconciler"].summary
        assert [] == acme.comments(number)

    refused = acme.apply(acme.squash(fork))
    assert ("failure", "Chief") == (refused["apply qa"].result, title(acme))
    assert "user/ann" in refused["apply qa"].said

    shown = acme.open_pull(QUEEN.replace("Clerk", "Head Clerk"))
    acme.plan(shown)
    assert "Queen" in acme.comments(shown)[0]
    assert "success" == acme.apply(acme.squash(shown))["apply qa"].result
    assert ("Queen", "Head Clerk") == (title(acme), title(acme, "bob"))


def test_a_plan_job_that_dies_leaves_no_comment_standing_as_if_true(acme: Company) -> None:
    """Killed on its machine, or out of time: the comment says that there is no plan, the check fails, nothing runs."""
    number = acme.open_pull(QUEEN)
    acme.plan(number)
    assert "Queen" in acme.comments(number)[0]

    for result in ("failure", "cancelled"):
        acme.push_again(number, QUEEN.replace("Queen", f"Queen {result}"))
        acme.player.killed = {"plan qa": result}
        played = acme.plan(number)
        assert ("success", "failure") == (played["comment qa"].result, played["reconciler"].result)
        [comment] = acme.comments(number)
        assert comment.startswith("### There is no plan for `qa`")
        assert "Queen" not in comment

    acme.player.killed = {}
    applied = acme.apply(acme.squash(number))
    assert ("failure", "Chief") == (applied["apply qa"].result, title(acme))


def test_a_comment_job_that_dies_leaves_the_earlier_comment_marked(acme: Company) -> None:
    """The check fails, because the plan was not shown; the comment on the earlier head is marked as outdated."""
    number = acme.open_pull(QUEEN)
    acme.plan(number)
    acme.push_again(number, QUEEN.replace("Queen", "King"))
    acme.player.killed = {"comment qa": "failure"}

    played = acme.plan(number)

    assert "failure" == played["reconciler"].result
    assert "A job `comment TENANT` failed: that plan was not shown" in played["reconciler"].summary
    [comment] = acme.comments(number)
    assert "Queen" not in comment
    acme.player.killed = {}
    assert ("failure", "Chief") == (acme.apply(acme.squash(number))["apply qa"].result, title(acme))


def test_a_run_of_an_old_merge_undoes_nothing(acme: Company) -> None:
    """Run again after a later merge was applied, it changes nothing."""
    first = acme.open_pull(QUEEN)
    acme.plan(first)
    old = acme.squash(first)
    acme.apply(old)
    second = acme.open_pull(QUEEN.replace("Queen", "King"))
    acme.plan(second)
    acme.apply(acme.squash(second))
    assert "King" == title(acme)

    acme.apply(old, attempt=2)

    assert "King" == title(acme)


def test_a_queue_of_three_is_checked_and_applied_as_one(acme: Company) -> None:
    """Each was planned alone; the group changes what they show, and one push applies it."""
    numbers = [
        acme.open_pull(QUEEN),
        acme.open_pull(EVE, "desired-state/eve.yaml"),
        acme.open_pull(KIM, "desired-state/kim.yaml"),
    ]
    for number in numbers:
        acme.plan(number)

    head, checked = acme.queue(*numbers)
    assert {"validate": "success", "plan qa": "success", "group qa": "success", "reconciler": "success"} == results(
        checked
    )
    acme.land_group(head, *numbers)
    applied = acme.apply(head)

    assert "success" == applied["apply qa"].result
    assert ("Queen", "Guest", "Guest") == (title(acme), title(acme, "eve"), title(acme, "kim"))
    assert all(len(acme.comments(number)) == 2 for number in numbers)


def test_a_queue_with_a_fork_names_what_nobody_saw(acme: Company) -> None:
    """The check of the group fails, and with it the merge."""
    seen, unseen = acme.open_pull(QUEEN), acme.open_pull(EVE, "desired-state/eve.yaml", fork=True)
    for number in (seen, unseen):
        acme.plan(number)

    _head, checked = acme.queue(seen, unseen)

    assert ("failure", "failure") == (checked["group qa"].result, checked["reconciler"].result)
    assert "user/eve" in checked["group qa"].printed
    assert f"#{unseen}" in checked["group qa"].printed
    assert "A job `group TENANT` failed" in checked["reconciler"].summary


def test_without_an_account_every_workflow_ends_well(acme: Company) -> None:
    """A sandbox lives on one machine: no matrix is made of it, and a matrix without jobs would fail the run."""
    tenants = yaml.safe_dump({"tenants": {"play": {"url": "sandbox", "scope": "all"}}})
    number = acme.open_pull(tenants, "desired-state/tenants.yaml")

    planned = acme.plan(number)
    assert {"validate": "success", "reconciler": "success"} == results(planned)
    assert "Valid, and no account to plan for" in planned["reconciler"].summary
    applied = acme.apply(acme.squash(number))
    assert [{"validate": "success"}] * 3 == [
        results(jobs) for jobs in (applied, acme.apply_by_hand(), acme.look_for_drift())
    ]
