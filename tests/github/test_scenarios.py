"""Played whole: one head into two bases, a lagging list, an old run again, an app's token, a Team plan.

After each: the account, the comments, the checks and the exit codes; and nothing ran that no reviewer saw.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from tests.github.calls import Reply, Token
from tests.github.player import PlayedJob
from tests.github.standin import REPOSITORY
from tests.github.witness import Witness, codes, outcomes, plans, results
from tests.github.world import TEAM, Company, company

QUEEN = TEAM.replace("title: Chief", "title: Queen")
EVE = "users:\n  eve: {userName: eve@example.com, displayName: Eve, title: Guest}\n"
EVE_CAME = {("eve", "active", None, True), ("eve", "title", None, "Guest")}
KING = TEAM.replace("title: Chief", "title: King")
GREEN_PLAN = {"validate": "success", "plan qa": "success", "comment qa": "success", "reconciler": "success"}
GREEN_APPLY = {"validate": "success", "apply qa": "success", "outcome qa": "success"}
RED_APPLY = GREEN_APPLY | {"apply qa": "failure"}
APPLY_STEPS = ("Gather the approved plans", "Begin the apply", "Apply", "Push the record of the apply")


def title(acme: Company, key: str = "ann") -> object:
    return acme.users()[key].get("title")


def assert_green(planned: Mapping[str, PlayedJob]) -> None:
    assert GREEN_PLAN == results(dict(planned))
    assert [0, 0, 0] == codes(dict(planned), "Plan", "Comment", "Judge the run")


def test_one_head_into_two_bases_approves_nothing_and_the_next_push_does(acme: Company) -> None:
    """A run of the other base may have planned with another workflow; another head is not in doubt."""
    witness = Witness(acme)
    number = acme.open_pull(QUEEN)
    acme.standin.pulls[-1]["head"]["ref"] = f"change-{number}"
    twin = acme.open_twin(number, "release")
    for one in (number, twin):
        assert_green(acme.plan(one))
        assert 1 == len(plans(acme, one))
    assert ['"base": "main"' in plans(acme, number)[0], '"base": "release"' in plans(acme, twin)[0]] == [True, True]

    refused = acme.apply(acme.squash(number))

    assert RED_APPLY == results(refused)
    assert [0, 0, 4, 0] == codes(refused, *APPLY_STEPS)
    assert "Chief" == title(acme)
    assert set() == witness.judge()
    assert f"#{twin} has the same head and goes into release" in refused["apply qa"].said
    assert ["### Applied to `qa`: 1 refused"] == outcomes(acme, number)
    assert [] == outcomes(acme, twin)

    other = acme.open_pull(QUEEN.replace("Clerk", "Head Clerk"))
    acme.standin.pulls[-1]["head"]["ref"] = f"change-{other}"
    assert_green(acme.plan(other))
    witness.read(other)
    applied = acme.apply(acme.squash(other))

    assert (GREEN_APPLY, [0, 0, 0, 0]) == (results(applied), codes(applied, *APPLY_STEPS))
    assert ("Queen", "Head Clerk") == (title(acme), title(acme, "bob"))
    assert 2 == len(witness.judge())


def test_a_list_of_pull_requests_that_lags_is_asked_for_again(acme: Company) -> None:
    """GitHub does not list the pull request of a commit that was pushed just now."""
    witness = Witness(acme)
    number = acme.open_pull(QUEEN)
    assert_green(acme.plan(number))
    witness.read(number)
    before = acme.git("rev-parse", "origin/main")
    commit = acme.squash(number)
    asked = f"GET /repos/{REPOSITORY}/commits/{commit}/pulls"
    acme.standin.faults.append((asked, Reply(200, [])))

    applied = acme.apply(commit, before=before)

    assert (GREEN_APPLY, [0, 0, 0, 0]) == (results(applied), codes(applied, *APPLY_STEPS))
    assert 2 == sum(str(call) == asked for call in acme.standin.calls)
    assert "Queen" == title(acme)
    assert {("ann", "title", "Chief", "Queen")} == witness.judge()
    assert ["### Applied to `qa`: 1 applied"] == outcomes(acme, number)


def test_an_old_run_that_is_repeated_after_a_later_merge_undoes_nothing(acme: Company) -> None:
    """Before the later merge is applied it is refused, and afterwards it has nothing to do and is green."""
    witness = Witness(acme)
    first, second = acme.open_pull(QUEEN), acme.open_pull(EVE, "desired-state/eve.yaml")
    for number in (first, second):
        assert_green(acme.plan(number))
        witness.read(number)
    old = acme.squash(first)
    acme.player.killed = {"apply qa": "cancelled"}
    assert "cancelled" == acme.apply(old)["apply qa"].result
    acme.player.killed = {}
    run, later, record = acme.player.last_run["id"], acme.squash(second), acme.applies()

    again = acme.apply_again(old, run)
    assert (RED_APPLY, [0, 4, None, 0]) == (results(again), codes(again, *APPLY_STEPS))
    assert "attempt 2 of a run, so it may be an old one" in again["apply qa"].said
    assert (set(), record, []) == (witness.judge(), acme.applies(), outcomes(acme, second))
    assert ["### Nothing was applied to `qa`"] == outcomes(acme, first)

    assert GREEN_APPLY == results(acme.apply(later))
    assert EVE_CAME | {("ann", "title", "Chief", "Queen")} == witness.judge()
    assert [["### Applied to `qa`: 2 applied"]] * 2 == [outcomes(acme, number) for number in (first, second)]
    said, record = [acme.comments(number) for number in (first, second)], acme.applies()

    once_more = acme.apply_again(old, run, attempt=3)
    assert (GREEN_APPLY, [0, 0, 0, 0]) == (results(once_more), codes(once_more, *APPLY_STEPS))
    assert "a later commit that contains HEAD" in once_more["apply qa"].said
    assert (set(), record) == (witness.judge(), acme.applies())
    assert said == [acme.comments(number) for number in (first, second)]


def test_a_team_moves_to_an_app_of_its_own(acme: Company) -> None:
    """What the bot of workflows wrote is hidden, and the app's comment stands alone and is edited from then on."""
    witness = Witness(acme)
    number = acme.open_pull(QUEEN)
    assert_green(acme.plan(number))
    acme.player.make_token = lambda permissions: Token(permissions, app="acme-sync[bot]")

    for text in (KING, TEAM.replace("title: Chief", "title: Duke")):
        acme.push_again(number, text)
        assert_green(acme.plan(number))
        [plan] = plans(acme, number)
        assert acme.heads[number] in plan
    assert ["github-actions[bot]", "acme-sync[bot]"] == [one["user"]["login"] for one in acme.standin.comments[number]]

    witness.read(number)
    applied = acme.apply(acme.merge(number))

    assert (GREEN_APPLY, [0, 0, 0, 0]) == (results(applied), codes(applied, *APPLY_STEPS))
    assert {("ann", "title", "Chief", "Duke")} == witness.judge()
    assert (1, ["### Applied to `qa`: 1 applied"]) == (len(plans(acme, number)), outcomes(acme, number))


def test_on_a_team_plan_a_merged_file_approves_what_was_planned_by_hand(acme: Company) -> None:
    """Without reviewers the run prints a file; another person approves its pull request, and its merge applies it."""
    witness = Witness(acme)
    assert RED_APPLY == results(acme.apply(acme.push(QUEEN, "desired-state/team.yaml")))
    held = acme.apply_by_hand("qa")
    assert "failure" == held["apply qa"].result
    assert [0, 4, None] == codes(held, "Plan", "Ask for the review of the plan", "Begin the apply")
    assert (set(), "Chief") == (witness.judge(), title(acme))

    [path] = set(re.findall(r"approvals/[0-9a-f]{64}-qa\.yaml", held["apply qa"].summary))
    text = held["apply qa"].summary.partition("```yaml\n")[2].partition("```")[0]
    assert f"run: {acme.player.last_run['id']}" in text
    number = acme.open_pull(text, path)
    assert_green(acme.plan(number))
    acme.standin.review(number, "grace", acme.heads[number])
    witness.seen |= {("ann", "title", "Chief", "Queen")}  # the summary of the run shows the plan
    assert "`title`: `Chief` → `Queen`" in held["apply qa"].summary
    applied = acme.apply(acme.squash(number))

    assert (GREEN_APPLY, [0, 0, 0, 0]) == (results(applied), codes(applied, *APPLY_STEPS)), applied["apply qa"].said
    assert f"-qa.yaml, merged with #{number}, which grace approved) is approved" in applied["apply qa"].said
    assert {("ann", "title", "Chief", "Queen")} == witness.judge()
    assert ["### Applied to `qa`: 1 applied"] == outcomes(acme, number)


def test_one_pull_request_approves_the_same_first_plan_of_two_tenants(tmp_path: Path, program: Path) -> None:
    """Two accounts get the same users, so both plans have one digest; each has a file, a review and one apply."""
    with company(tmp_path, {"qa": "", "production": ""}, program) as acme:
        held = {tenant: acme.apply_by_hand(tenant)[f"apply {tenant}"].summary for tenant in acme.stores}
        files = {
            tenant: (
                re.findall(r"approvals/[0-9a-f]{64}-\w+\.yaml", page)[0],
                page.partition("```yaml\n")[2].partition("```")[0],
            )
            for tenant, page in held.items()
        }
        assert 1 == len({path.partition("-")[0] for path, _text in files.values()}), "one digest"
        number = acme.open_pull(files["qa"][1], files["qa"][0])
        acme.push_again(number, files["production"][1], files["production"][0])
        acme.plan(number)
        for body in plans(acme, number):
            assert 1 == body.count("### Merging this also approves the plan of run")
        acme.standin.review(number, "grace", acme.heads[number])

        applied = acme.apply(acme.squash(number))

        for tenant in acme.stores:
            assert "success" == applied[f"apply {tenant}"].result, applied[f"apply {tenant}"].said
            assert f"-{tenant}.yaml, merged with #{number}, which grace approved" in applied[f"apply {tenant}"].said
            assert {"ann", "bob"} == set(acme.users(tenant))
            [user] = [one for one in acme.users(tenant).values() if one["externalId"] == "ann"]
            acme.stores[tenant].seed([{**user, "title": "Drifted"}])
            assert "failure" == acme.apply_by_hand(tenant)[f"apply {tenant}"].result, "a file approves no other plan"
