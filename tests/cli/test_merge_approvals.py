"""`apply --approvals`: merges without "up to date" run what the union of their plans shows, and nothing else."""

from __future__ import annotations

import json
import re
from itertools import permutations

import pytest

from tests.cli.merging import PullRequests
from tests.cli.project import SANDBOX, TEAM, Project, Ran

BASE = "tenants: {sandbox: {url: sandbox, scope: all}}\n"
PEOPLE = {name: f"desired-state/{name}.yaml" for name in ("ann", "bob", "cid", "dan", "eve", "groups", "roles", "top")}
WHERE = "desired-state/all.yaml"


def user(name: str, **more: str) -> str:
    """The file of one user."""
    extra = "".join(f"\n    {key}: {value}" for key, value in more.items())
    return f"users:\n  {name}:\n    userName: {name}@example.com\n    displayName: {name.title()}{extra}\n"


def group(*members: str, **more: str) -> str:
    """The file of the group of the staff."""
    extra = "".join(f"\n    {key}: {value}" for key, value in more.items())
    listed = "".join(f"\n      - {one}" for one in members) or " []"
    return f"groups:\n  staff:\n    displayName: Staff\n    membership: authoritative{extra}\n    members:{listed}\n"


def commit_start(project: Project) -> None:
    """Three users and a group, each in a file, applied."""
    project.write(BASE, WHERE)
    for name in ("ann", "bob", "cid"):
        project.write(user(name), PEOPLE[name])
    project.write(group("ann", "bob"), PEOPLE["groups"])
    project.commit()


@pytest.fixture
def pulls(project: Project) -> PullRequests:
    commit_start(project)
    assert 0 == project.run("apply", "--yes").code
    return PullRequests(project)


def titles(project: Project) -> dict[str, object]:
    return {key: one.get("title") for key, one in project.users().items()}


def members(project: Project) -> list[str]:
    names = {one["id"]: key for key, one in project.users().items()}
    with project.account() as store:
        [staff] = store.simulator().groups.values()
    listed = staff.get("members", [])
    assert isinstance(listed, list)
    return sorted(names[one["value"]] for one in listed)


def converges(pulls: PullRequests) -> bool:
    """Whether the account is as HEAD declares it."""
    return pulls.project.run("plan").out.startswith("Plan for sandbox: nothing to do\n")


def outcomes(ran: Ran) -> list[str]:
    return [f"{one['status']} {one['change']['key']} {one['change']['action']}" for one in ran.document["outcomes"]]


@pytest.mark.parametrize("order", list(permutations((11, 12, 13))))
@pytest.mark.parametrize("way", ["merge", "squash", "rebase"])
def test_pull_requests_side_by_side_run_together_in_any_order(
    pulls: PullRequests, order: tuple[int, ...], way: str
) -> None:
    """Each was planned on the same base, and none shows the effects of another."""
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief")})
    pulls.open(12, {PEOPLE["dan"]: user("dan")})
    pulls.open(13, {PEOPLE["groups"]: group("ann", "cid")})
    for number in order:
        pulls.merge(number, way)  # type: ignore[arg-type]  # one of the three

    ran = pulls.apply()

    assert 0 == ran.code, ran.said
    assert {"ann": "Chief", "bob": None, "cid": None, "dan": None} == titles(pulls.project)
    assert ["ann", "cid"] == members(pulls.project)
    assert ["whole", "whole"] == pulls.project.ends()
    assert converges(pulls)


def test_what_failed_or_was_killed_goes_on_with_the_next_merge(pulls: PullRequests) -> None:
    """A begin without an end leaves the window open."""
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief")})
    pulls.merge(11)
    assert 0 == pulls.project.run("ownership", "begin", "--approvals", pulls.gather()).code
    pulls.open(12, {PEOPLE["dan"]: user("dan")})
    pulls.merge(12)

    ran = pulls.apply()

    assert 0 == ran.code, ran.said
    assert "Chief" == titles(pulls.project)["ann"]
    assert "dan" in pulls.project.users()


def test_a_later_change_of_the_same_value_replaces_the_earlier_one(pulls: PullRequests) -> None:
    """The first value is approved, and HEAD no longer asks for it: only the second is written."""
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief")})
    pulls.merge(11)
    pulls.open(12, {PEOPLE["ann"]: user("ann", title="Queen")})
    pulls.merge(12)

    ran = pulls.apply("--format", "json")

    assert (0, ["applied user/ann update_user"]) == (ran.code, outcomes(ran))
    assert "Queen" == titles(pulls.project)["ann"]
    assert converges(pulls)


@pytest.mark.parametrize(
    ("files", "back", "taken"),
    [
        ({PEOPLE["ann"]: user("ann", title="Chief")}, {PEOPLE["ann"]: user("ann")}, "user/ann update_user"),
        ({PEOPLE["dan"]: user("dan")}, {PEOPLE["dan"]: None}, "user/dan create_user"),
        ({PEOPLE["cid"]: None}, {PEOPLE["cid"]: user("cid")}, "user/cid deactivate_user"),
        ({PEOPLE["groups"]: group("ann")}, {PEOPLE["groups"]: group("ann", "bob")}, "group/staff remove_members"),
    ],
)
def test_what_a_later_pull_request_takes_back_is_no_failure(
    pulls: PullRequests, files: dict[str, str | None], back: dict[str, str | None], taken: str
) -> None:
    """A value, a creation, a deactivation, a removal: nothing is done, one outcome says so, and the apply is whole."""
    before = pulls.project.users()
    pulls.open(11, files)
    pulls.merge(11)
    pulls.open(12, back)
    pulls.merge(12)

    ran = pulls.apply("--format", "json")

    assert 0 == ran.code, ran.said
    assert [f"withdrawn {taken}"] == outcomes(ran)
    assert "a later commit took this back" in ran.document["outcomes"][0]["detail"]
    assert before == pulls.project.users()
    assert ["whole", "whole"] == pulls.project.ends()
    assert converges(pulls)


def test_an_approved_removal_that_its_own_merge_did_not_ask_for_is_no_success(pulls: PullRequests) -> None:
    """#11 and #12 meet in git without a conflict: cid stays by #11, and #12's reviewers saw cid removed."""
    nested = "groups:\n  core: {displayName: Core, membership: authoritative, members: [cid]}\n"
    whole = group("ann", "bob", "group/core").replace("group/core", '"group/core"')
    pulls.push({PEOPLE["top"]: nested, PEOPLE["groups"]: whole})
    assert 0 == pulls.project.run("apply", "--yes").code
    pulls.line = []
    pulls.open(11, {PEOPLE["groups"]: whole.replace("members:", "members:\n      - cid")})
    pulls.open(12, {PEOPLE["top"]: nested.replace("[cid]", "[]")})
    pulls.merge(11)
    pulls.merge(12)

    ran = pulls.apply("--format", "json")

    assert ["applied group/core remove_members", "withdrawn group/staff remove_members"] == sorted(outcomes(ran))
    assert 1 == ran.code
    assert "partial" == pulls.project.ends()[-1]


def test_a_creation_in_one_and_its_title_in_the_next(pulls: PullRequests) -> None:
    """The second plan shows the creation with the title; the first shows the creation alone."""
    pulls.open(11, {PEOPLE["dan"]: user("dan")})
    pulls.merge(11)
    pulls.open(12, {PEOPLE["dan"]: user("dan", title="Clerk")})
    pulls.merge(12)

    ran = pulls.apply("--format", "json")

    assert (0, ["applied user/dan create_user"]) == (ran.code, outcomes(ran))
    assert "Clerk" == titles(pulls.project)["dan"]


def test_a_creation_whose_title_comes_from_a_plan_that_does_not_count_is_refused_with_its_name(
    pulls: PullRequests,
) -> None:
    """A creation runs whole or not at all, and the reason names who brought the title."""
    pulls.open(11, {PEOPLE["dan"]: user("dan")})
    pulls.merge(11)
    pulls.open(12, {PEOPLE["dan"]: user("dan", title="Clerk")})
    pulls.merge(12)
    pulls.reasons[12] = "it comes from a fork"

    ran = pulls.apply("--format", "json")

    assert (4, ["refused user/dan create_user"]) == (ran.code, outcomes(ran))
    assert ran.document["outcomes"][0]["detail"].startswith(
        "#12 brought it, and its plan does not count (it comes from a fork): no approved plan shows this creation"
    )
    assert "The plan of #12 does not count: it comes from a fork" in ran.err
    assert "dan" not in pulls.project.users()


def test_a_member_is_added_by_one_and_created_by_another(pulls: PullRequests) -> None:
    pulls.open(11, {PEOPLE["dan"]: user("dan")})
    pulls.merge(11)
    pulls.open(12, {PEOPLE["groups"]: group("ann", "bob", "dan")})
    pulls.merge(12)

    ran = pulls.apply()

    assert 0 == ran.code, ran.said
    assert ["ann", "bob", "dan"] == members(pulls.project)
    assert converges(pulls)


def test_a_member_goes_in_one_and_comes_back_after_the_apply(pulls: PullRequests) -> None:
    """The second plan was made after the first was applied, and shows the member added."""
    pulls.open(11, {PEOPLE["groups"]: group("ann")})
    pulls.merge(11)
    assert 0 == pulls.apply().code
    assert ["ann"] == members(pulls.project)
    pulls.open(12, {PEOPLE["groups"]: group("ann", "bob")})
    pulls.merge(12)

    assert 0 == pulls.apply().code
    assert ["ann", "bob"] == members(pulls.project)


def test_a_deactivation_takes_along_what_another_pull_request_gave(pulls: PullRequests) -> None:
    """#11 lets bob go; #12, beside it, puts cid into the group. bob's membership follows the deactivation."""
    pulls.open(11, {PEOPLE["bob"]: user("bob", active="false")})
    pulls.open(12, {PEOPLE["groups"]: group("ann", "bob", "cid")})
    pulls.merge(12)
    pulls.merge(11)

    ran = pulls.apply()

    assert 0 == ran.code, ran.said
    assert ["ann", "cid"] == members(pulls.project)
    assert pulls.project.users()["bob"]["active"] is False
    assert converges(pulls)


def test_an_exchange_of_names_that_is_split_over_two_pull_requests(pulls: PullRequests) -> None:
    """#11 gives ann's name up, #12 gives it to bob; both run in one apply, in the order of the names."""
    free = user("ann").replace("ann@example", "ann.lee@example")
    taken = user("bob").replace("bob@example", "ann@example")
    pulls.open(11, {PEOPLE["ann"]: free})
    pulls.merge(11)
    pulls.open(12, {PEOPLE["bob"]: taken})
    pulls.merge(12)

    ran = pulls.apply()

    assert 0 == ran.code, ran.said
    names = {key: one["userName"] for key, one in pulls.project.users().items()}
    assert ("ann.lee@example.com", "ann@example.com") == (names["ann"], names["bob"])
    assert converges(pulls)


def test_a_name_that_a_plan_which_does_not_count_frees_is_not_taken(pulls: PullRequests) -> None:
    """Of #11, which frees the name, only a fork's plan is known; #12 was planned after #11's apply ran by hand."""
    pulls.open(11, {PEOPLE["ann"]: user("ann").replace("ann@example", "ann.lee@example")})
    pulls.merge(11)
    pulls.open(12, {PEOPLE["bob"]: user("bob").replace("bob@example", "ann@example")})
    shown = json.loads(pulls.plans[12])
    shown["changes"] = [one for one in shown["changes"] if one["key"] == "user/bob"]
    del shown["digest"], shown["summary"]
    pulls.plans[12] = json.dumps({**shown, "digest": "", "summary": {}})
    pulls.merge(12)
    pulls.reasons[11] = "it comes from a fork"

    ran = pulls.apply("--format", "json")

    assert 4 == ran.code
    assert ["refused user/ann update_user", "refused user/bob update_user"] == sorted(outcomes(ran))
    assert {"ann@example.com", "bob@example.com", "cid@example.com"} == {
        one["userName"] for one in pulls.project.users().values()
    }


def test_the_effect_of_two_pull_requests_together_is_refused_and_named_as_that(pulls: PullRequests) -> None:
    """#11 gives a role to the group, #12 puts cid into it; cid's role is in neither plan."""
    pulls.open(11, {PEOPLE["roles"]: "role_assignments:\n  - {role: specialist, groups: [staff]}\n"})
    pulls.open(12, {PEOPLE["groups"]: group("ann", "bob", "cid")})
    pulls.merge(11)
    pulls.merge(12)

    ran = pulls.apply("--format", "json")

    assert 4 == ran.code
    [refused] = [one for one in ran.document["outcomes"] if one["status"] == "refused"]
    assert ("user/cid", "grant_roles") == (refused["change"]["key"], refused["change"]["action"])
    assert refused["detail"].startswith("it comes from #11 and #12 together: no approved plan shows this")
    assert ["ann", "bob", "cid"] == members(pulls.project)
    assert not pulls.project.users()["cid"].get("roles")


def test_a_push_without_a_pull_request_is_refused_with_its_commit(pulls: PullRequests) -> None:
    """And does not stop the pull request beside it."""
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief")})
    pulls.merge(11)
    commit = pulls.push({PEOPLE["bob"]: user("bob", title="Clerk")})

    ran = pulls.apply("--format", "json")

    assert 4 == ran.code
    assert ["applied user/ann update_user", "refused user/bob update_user"] == outcomes(ran)
    assert f"commit {commit[:12]} was pushed without a pull request: no approved plan" in ran.out
    assert ("Chief", None) == (titles(pulls.project)["ann"], titles(pulls.project)["bob"])


def test_without_any_plan_nothing_but_open_effects_runs(pulls: PullRequests) -> None:
    """Never everything: the folder says that nothing was approved."""
    pulls.push({PEOPLE["bob"]: user("bob", title="Clerk"), PEOPLE["dan"]: user("dan")})

    ran = pulls.apply("--format", "json")

    assert (4, {"refused"}) == (ran.code, {one["status"] for one in ran.document["outcomes"]})
    assert 0 == ran.document["requests"]
    assert {"ann", "bob", "cid"} == set(pulls.project.users())


def test_drift_that_a_plan_shows_is_put_back_and_other_drift_is_left(pulls: PullRequests) -> None:
    """Also by the merge of a README, after which the folder is as it was."""
    pulls.push({PEOPLE["ann"]: user("ann", title="Chief")})
    assert 0 == pulls.project.run("apply", "--yes").code
    pulls.line = []
    found = pulls.project.users()["ann"]
    with pulls.project.account() as store:
        store.seed([{**found, "title": "by hand"}])
    pulls.open(11, {"README.md": "one\n"})
    pulls.merge(11)

    ran = pulls.apply("--format", "json")

    assert (0, ["applied user/ann update_user"]) == (ran.code, outcomes(ran)), ran.said
    with pulls.project.account() as store:
        store.seed([{**found, "title": "again"}])
    pulls.open(12, {PEOPLE["bob"]: user("bob", title="Clerk")})
    pulls.merge(12)
    shown = json.loads(pulls.plans[12])
    pulls.plans[12] = json.dumps(
        {**shown, "digest": "", "changes": [one for one in shown["changes"] if one["key"] == "user/bob"]}
    )
    left = pulls.apply("--format", "json")

    assert (0, ["applied user/bob update_user", "left user/ann update_user"]) == (left.code, outcomes(left))


def test_a_plan_of_another_account_does_not_stop_the_others(pulls: PullRequests) -> None:
    """Nor does one that was not applyable, nor one that an earlier apply used; each is named with its reason."""
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief")})
    pulls.open(12, {PEOPLE["bob"]: user("bob", title="Clerk")})
    pulls.open(13, {PEOPLE["cid"]: user("cid", title="Guide")})
    for number in (11, 12, 13):
        pulls.merge(number)
    pulls.plans[11] = json.dumps({**json.loads(pulls.plans[11]), "url": "https://elsewhere.example/scim/v2"})
    pulls.plans[12] = json.dumps({**json.loads(pulls.plans[12]), "applyable": False})

    ran = pulls.apply("--format", "json")

    assert 4 == ran.code
    assert [
        "applied user/cid update_user",
        "refused user/ann update_user",
        "refused user/bob update_user",
    ] == outcomes(ran)
    assert re.search(
        r"The plan of #11 does not count: its plan is for another account: it is for https://elsewhere\.example",
        ran.err,
    )
    assert "#12 brought it, and its plan does not count (its plan was not applyable when it was made)" in ran.out


def test_a_plan_by_hand_of_another_account_is_still_refused(pulls: PullRequests) -> None:
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief")})
    pulls.merge(11)
    file = pulls.project.write(
        json.dumps({**json.loads(pulls.plans[11]), "url": "https://elsewhere.example"}), ".reconciler/one.json"
    )

    ran = pulls.project.run("apply", file)

    assert (4, "") == (ran.code, ran.out)
    assert "the approved plan is for another account: it is for https://elsewhere.example, and" in ran.err


def test_a_plan_that_an_earlier_apply_used_approves_nothing_again(pulls: PullRequests) -> None:
    """The window still has it, because the apply that used it was about one key."""
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief")})
    pulls.merge(11)
    file = pulls.project.write(pulls.plans[11], ".reconciler/one.json")
    assert 0 == pulls.project.run("apply", file, "--only", "user/ann").code
    found = pulls.project.users()["ann"]
    with pulls.project.account() as store:
        store.seed([{**found, "title": "by hand"}])

    ran = pulls.apply()

    assert "The plan of #11 does not count: apply #2 used its plan already" in ran.err
    assert "by hand" == titles(pulls.project)["ann"]


def test_merges_that_touch_no_desired_state_are_green_and_read_nothing(pulls: PullRequests) -> None:
    """A README in a pull request, a workflow pushed directly: no begin, no request, no record."""
    before = pulls.project.applies()
    pulls.open(11, {"README.md": "one\n"})
    pulls.merge(11)
    pulls.push({".github/workflows/x.yml": "on: push\n"})
    folder = pulls.gather()
    pulls.project.root.joinpath(".reconciler/sandbox.sqlite").unlink()

    begun = pulls.project.run("ownership", "begin", "--approvals", folder)
    applied = pulls.project.run("apply", "--approvals", folder)

    reason = "no plan approves a change, and the desired state is as in the last apply, which was complete\n"
    assert (0, f"No apply was begun: {reason}") == (begun.code, begun.out)
    assert (0, "Applied to sandbox: nothing to do") == (applied.code, applied.out.splitlines()[0])
    assert f"Nothing to do: {reason}" in applied.err
    assert not pulls.project.root.joinpath(".reconciler/sandbox.sqlite").exists()
    assert before == pulls.project.applies()


def test_after_a_partial_apply_a_readme_s_merge_goes_on(pulls: PullRequests) -> None:
    """What was refused is refused again by name, for it is still not in the account."""
    pulls.push({PEOPLE["bob"]: user("bob", title="Clerk")})
    assert 4 == pulls.apply().code
    pulls.open(11, {"README.md": "one\n"})
    pulls.merge(11)
    shown = json.loads(pulls.plans[11])["changes"]

    ran = pulls.apply()

    assert ["user/bob"] == [one["key"] for one in shown], "the next plan shows it"
    assert (0, "Clerk") == (ran.code, titles(pulls.project)["bob"])


def test_the_first_apply_of_a_repository_refuses_by_name_and_nothing_else_is_red(project: Project) -> None:
    """No apply is on record, and the first commit was pushed."""
    pulls = PullRequests(project)
    pulls.push({WHERE: SANDBOX + TEAM + "\n"})

    ran = pulls.apply("--format", "json")

    assert 4 == ran.code
    assert {"refused"} == {one["status"] for one in ran.document["outcomes"]}
    assert ["group/staff", "user/ann", "user/bob", "user/cid"] == sorted(
        {one["change"]["key"] for one in ran.document["outcomes"]}
    )
    assert {} == project.users()


def test_the_steps_with_credentials_apart_agree(pulls: PullRequests) -> None:
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief")})
    pulls.merge(11)
    folder = pulls.gather()

    fetched = pulls.project.run("ownership", "fetch")
    begun = pulls.project.run("ownership", "begin", "--approvals", folder)
    applied = pulls.project.run("apply", "--approvals", folder, "--record", "local")

    assert (0, 0, 0) == (fetched.code, begun.code, applied.code), applied.said
    assert "Chief" == titles(pulls.project)["ann"]
    assert ["whole", "whole"] == pulls.project.ends()


def test_an_apply_of_one_key_by_hand_keeps_what_is_open_of_the_others(pulls: PullRequests) -> None:
    """The service refuses bob's title; ann is then applied by hand, and bob's title is still approved."""
    pulls.open(11, {PEOPLE["ann"]: user("ann", title="Chief"), PEOPLE["bob"]: user("bob", title="Clerk")})
    pulls.merge(11)
    folder = pulls.gather()
    assert 0 == pulls.project.run("ownership", "begin", "--approvals", folder).code
    ran = pulls.project.run("apply", "--approvals", folder, "--only", "user/cid")
    assert 1 == ran.code, "the two titles are approved, needed, and not of this key"
    assert 0 == pulls.project.run("apply", "--yes", "--only", "user/ann").code
    pulls.merged, pulls.line = [], []

    last = pulls.apply()

    assert (0, "Clerk") == (last.code, titles(pulls.project)["bob"]), last.said
