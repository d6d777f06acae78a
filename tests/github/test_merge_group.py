"""`github merge-group`: green exactly if the apply right after the merge refuses nothing and exceeds no guardrail."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.project import Project, Ran
from tests.github.queued import Method, Queue, person, start
from tests.github.standin import StandIn, Token, UndescribedReply, standing_in

AUDITORS = {"roles.yaml": "role_assignments: [{role: auditor, groups: [staff]}]\n"}
CID_JOINS = {"staff.yaml": "groups: {staff: {displayName: Staff, members: [ann, bob, cid]}}\n"}
CHIEF, CLERK = person("ann", ", title: Chief"), person("bob", ", title: Clerk")
LEAVE = {key: {f"{key}.yaml": ""} for key in ("eli", "fay", "gus", "hal")}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company that was applied once."""
    root = tmp_path_factory.mktemp("queue") / "project"
    with pytest.MonkeyPatch.context() as monkeypatch:
        project = Project(root, monkeypatch)
        for name, text in start(", guardrails: {max_deactivations: {count: 3, percent: 0}}").items():
            project.write(text, f"desired-state/{name}")
        project.commit()
        assert 0 == project.run("apply", "--yes").code
    return root


@pytest.fixture
def queue(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    project = Project(Path(shutil.copytree(template, tmp_path / "project")), monkeypatch)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH", "GITHUB_SHA", "GITHUB_REF"):
        monkeypatch.delenv(name, raising=False)
    with standing_in(StandIn()) as standin:
        made = Queue(project, standin)
        made.push()
        yield made


def told(ran: Ran) -> str:
    """What the check says, on one line, without the marks of Markdown."""
    return " ".join(ran.out.replace("`", "").replace("**", "").split())


METHODS: list[list[Method]] = [["merge"] * 3, ["squash"] * 3, ["rebase"] * 3, ["squash", "rebase", "merge"]]


@pytest.mark.parametrize("methods", METHODS, ids=["merge", "squash", "rebase", "mixed"])
def test_a_queue_of_three_is_green_and_its_apply_refuses_nothing(methods: list[Method], queue: Queue) -> None:
    """Each group is checked on top of those ahead of it; then one push merges all three."""
    queue.open_pull(7, CHIEF)
    queue.open_pull(8, CLERK, CID_JOINS)
    queue.open_pull(9, LEAVE["hal"])
    for number, method in zip((7, 8, 9), methods, strict=True):
        ran = queue.check(queue.enter(number, method))

        assert (0, True) == (ran.code, "Merge group for sandbox: approved" in told(ran)), ran.said
        assert all(f"#{ahead} (in this queue): its plan counts" in ran.out for ahead in range(7, number + 1))
    queue.land()

    applied = queue.apply()

    assert 0 == applied.code, applied.said
    assert False is queue.project.users()["hal"]["active"]


def test_what_two_pull_requests_cause_together_is_red_and_both_are_named(queue: Queue) -> None:
    """One adds a member to a group, the other gives the group a role: no plan shows that member's role."""
    queue.open_pull(8, CID_JOINS)
    queue.open_pull(9, AUDITORS)
    first, second = queue.enter(8), queue.enter(9)

    assert 0 == queue.check(first).code
    ran = queue.check(second)

    assert 4 == ran.code
    assert "Merge group for sandbox: not approved" in told(ran)
    assert "Cid (user/cid) gains roles: auditor<br>It comes from #8 and #9 together." in told(ran)
    assert "user/ann" not in ran.out
    assert "Take #9 out of the queue. When all ahead is merged, update its branch" in told(ran)
    queue.land()
    applied = queue.apply()
    assert 4 == applied.code
    assert "user/cid (grant_roles)" in applied.err


def test_a_value_that_a_person_changed_in_the_account_since_the_plan_is_named_as_that(queue: Queue) -> None:
    """The apply would refuse it, for its reviewers saw another value before."""
    queue.open_pull(7, CHIEF)
    with queue.project.account() as store:
        store.seed([{**queue.project.users()["ann"], "title": "by hand"}])

    ran = queue.check(queue.enter(7))

    assert 4 == ran.code
    assert "title: by hand → Chief<br>#7 brought it.<br>The account changed since this was approved" in told(ran)
    assert "does not show it" not in told(ran)
    queue.land()
    applied = queue.apply()
    assert 4 == applied.code
    assert "Refused, because the account changed since it was approved: user/ann (update_user)" in applied.err


def test_a_changed_mapping_is_named_with_the_pull_request_that_changed_it(queue: Queue) -> None:
    """The line of the user is old, and its commit is not in the queue."""
    queue.open_pull(
        8,
        {"mapping.yaml": "attribute_mappings: {users: [{target: title, expression: '{{ displayName }}'}]}\n"},
        plan=False,
    )
    queue.open_pull(9, {"README.md": "Read me\n"})
    queue.enter(8)

    ran = queue.check(queue.enter(9, "merge"))

    assert 4 == ran.code
    assert "Ann (user/ann) changes: title: nothing → Ann<br>#8 brought it, and its plan does not count" in told(ran)
    assert "#8 (in this queue): no plan of it counts: no run of plan.yml planned its head" in told(ran)
    assert "#9 (in this queue): its plan counts" in told(ran)


def test_a_group_in_the_middle_fails_and_the_others_merge_without_it(queue: Queue) -> None:
    """Those behind it fail with it; GitHub takes it out and builds them again."""
    queue.open_pull(7, CHIEF)
    queue.open_pull(8, CLERK, plan=False)
    queue.open_pull(9, LEAVE["hal"])
    first, middle, last = queue.enter(7), queue.enter(8, "rebase"), queue.enter(9)

    assert [0, 4, 4] == [queue.check(one).code for one in (first, middle, last)]
    ran = queue.check(last)
    assert "Bob (user/bob) changes: title: nothing → Clerk<br>#8 brought it, and its plan does not count" in told(ran)
    assert "user/hal" not in ran.out
    queue.drop(middle)
    again = queue.check(queue.enter(9))
    assert 0 == again.code, again.said
    assert "#8" not in again.out
    queue.land()
    assert 0 == queue.apply().code


def test_limits_that_are_exceeded_together_are_red_with_what_each_brings(queue: Queue) -> None:
    queue.open_pull(8, LEAVE["eli"], LEAVE["fay"])
    queue.open_pull(9, {**LEAVE["gus"], **LEAVE["hal"]}, CHIEF)
    first, second = queue.enter(8, "rebase"), queue.enter(9)

    assert 0 == queue.check(first).code
    ran = queue.check(second)

    assert 4 == ran.code
    assert "max_deactivations: 4 is above" in told(ran)
    assert "Brought by #8: 2 deactivations; #9: 2 deactivations" in told(ran)
    assert "Take a pull request out of the queue" in told(ran)
    queue.land()
    assert 4 == queue.apply().code


def test_drift_that_no_plan_shows_is_listed_and_left(queue: Queue) -> None:
    queue.open_pull(8, CHIEF)
    with queue.project.account() as store:
        bob = next(user for user in store.simulator().users.values() if user.get("externalId") == "bob")
        store.seed([{**bob, "displayName": "Robert"}])

    ran = queue.check(queue.enter(8))

    assert 0 == ran.code, ran.said
    assert "The change that it applies is in approved plans" in told(ran)
    assert "Drift that no plan shows, left as it is" in ran.out
    assert "Bob (user/bob) changes: displayName: Robert → Bob" in told(ran)
    queue.land()
    applied = queue.apply()
    assert 0 == applied.code
    assert "Robert" == queue.project.users()["bob"]["displayName"]


def test_a_group_without_a_plan_is_red_with_the_reason(queue: Queue, tmp_path: Path) -> None:
    """The reason goes to the summary of the job too."""
    queue.open_pull(8, CHIEF)
    group = queue.enter(8)
    queue.project.write("Reading\nError: qa.example.com refuses the token\nRefused, because of it\n", "said.txt")
    queue.project.environment["GITHUB_STEP_SUMMARY"] = str(tmp_path / "summary")

    ran = queue.look(group)

    assert 4 == ran.code
    assert "There is no plan of this group to compare: > > - Error: qa.example.com refuses the token" in told(ran)
    assert "Reading" not in ran.out
    assert ran.out.strip() == (tmp_path / "summary").read_text().strip()
    (queue.project.root / "said.txt").unlink()
    assert "stored no plan: read its log" in told(queue.look(group))


def test_a_group_that_changes_no_desired_state_is_green_without_a_plan(queue: Queue) -> None:
    """Nothing is asked of GitHub for it."""
    queue.open_pull(8, {"README.md": "Read me\n"}, plan=False)

    ran = queue.look(queue.enter(8))

    assert (0, []) == (ran.code, queue.standin.calls)
    assert "It changes nothing in the desired state" in told(ran)


def test_a_pull_request_without_a_plan_that_changes_nothing_is_named_only(queue: Queue) -> None:
    queue.open_pull(7, {"README.md": "Read me\n"}, plan=False)
    queue.open_pull(8, CHIEF)
    queue.enter(7)

    ran = queue.check(queue.enter(8))

    assert 0 == ran.code, ran.said
    assert "Pull requests compared</b> (2, 1 without a plan that counts)" in told(ran)


def test_a_commit_of_no_group_is_named_and_its_effects_are_not_approved(queue: Queue) -> None:
    """Also between two groups, where a rebase would have its commits."""
    queue.open_pull(7, CHIEF)
    queue.open_pull(8, CLERK, LEAVE["hal"])
    queue.enter(7, "rebase")
    unknown = queue.commit(CID_JOINS, "nobody knows whose")
    queue.groups[-1].head = unknown

    ran = queue.check(queue.enter(8, "rebase"))

    assert 4 == ran.code
    name = f"ommit {unknown[:12]}"
    assert f"Staff (group/staff) gains members: user/cid<br>C{name} was pushed without" in told(ran)
    assert f"c{name} (in this queue): no plan of it counts: it belongs to no pull request of the queue" in told(ran)
    assert "user/hal" not in ran.out


def test_a_base_with_a_slash_and_another_queue_that_starts_alike(queue: Queue) -> None:
    """GitHub lists the refs of the queue of `main/next` with those of `main`."""
    queue.git("branch", "--force", "keep", "main")
    queue.git("switch", "--quiet", "keep")
    queue.git("branch", "--delete", "--force", "main")
    queue.base = "release/1.x"
    queue.push()
    queue.open_pull(8, CHIEF)
    group = queue.enter(8)
    queue.standin.refs[f"refs/heads/gh-readonly-queue/release/1.x/y/pr-9-{group.built_on}"] = group.head

    ran = queue.check(group)

    assert 0 == ran.code, ran.said
    assert "#9" not in ran.out


def test_what_was_merged_and_not_applied_yet_approves_too(queue: Queue) -> None:
    """Its plan counts if it was reviewed; a push has none."""
    queue.open_pull(7, CHIEF)
    queue.enter(7, "rebase")
    queue.land()
    queue.open_pull(8, CLERK, plan=False)
    queue.open_pull(9, LEAVE["hal"])
    queue.enter(8)
    queue.land()
    pushed = queue.push_directly(CID_JOINS)

    ran = queue.check(queue.enter(9))

    assert 4 == ran.code
    assert "#7 (merged before, not applied yet): its plan counts" in told(ran)
    assert "Bob (user/bob) changes: title: nothing → Clerk<br>#8 brought it, and its plan does not count" in told(ran)
    assert f"Commit {pushed[:12]} was pushed without a pull request" in told(ran)
    assert "user/ann" not in ran.out


def test_an_apply_that_ends_between_plan_and_check_takes_no_approval_away(queue: Queue) -> None:
    """The plan of the group still shows what that apply did."""
    queue.open_pull(7, CHIEF)
    queue.enter(7)
    queue.land()
    queue.open_pull(8, CLERK)
    group = queue.enter(8)
    queue.plan(group)
    assert 0 == queue.apply().code

    ran = queue.look(group)

    assert 0 == ran.code, ran.said
    queue.land()
    assert 0 == queue.apply().code


def test_a_group_that_was_merged_meanwhile_is_found_by_its_commit(queue: Queue) -> None:
    """Its ref is gone, and this clone has the base branch of before."""
    queue.open_pull(7, CHIEF)
    queue.open_pull(8, CLERK)
    ahead, group = queue.enter(7), queue.enter(8)
    queue.plan(group)
    queue.standin.merge(7, ahead.head)
    del queue.standin.refs[queue.ref_of(ahead)]

    ran = queue.look(group)

    assert 0 == ran.code, ran.said
    assert "#7 (in this queue): its plan counts" in ran.out


def test_a_disabled_tenant_is_green(queue: Queue) -> None:
    queue.open_pull(8, start(", enabled: false"), CHIEF)

    ran = queue.look(queue.enter(8))

    assert 0 == ran.code
    assert "Provisioning to this tenant is disabled in git" in told(ran)


def test_a_plan_of_another_commit_is_no_plan(queue: Queue) -> None:
    queue.open_pull(7, CHIEF)
    queue.open_pull(8, CLERK)
    queue.plan(queue.enter(7))

    ran = queue.look(queue.enter(8))

    assert 4 == ran.code
    assert "the stored plan is not that of this group: it was made from" in told(ran)


def test_an_edited_plan_is_no_plan(queue: Queue) -> None:
    queue.open_pull(8, CHIEF)
    group = queue.enter(8)
    queue.plan(group)
    path = queue.project.root / "plan.json"
    path.write_text(path.read_text().replace("Chief", "Owner"))

    ran = queue.look(group)

    assert 4 == ran.code
    assert "not a plan file that can be trusted" in told(ran)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"head_ref": "refs/heads/gh-readonly-queue/main/pr-x"}, "is not of the form gh-readonly-queue/main/pr-NUMBER"),
        ({"head_ref": "refs/heads/main"}, "is not of the form"),
        ({"base_ref": "refs/heads/other"}, "is not of the form gh-readonly-queue/other/pr-NUMBER-COMMIT"),
        ({"head_sha": "--all"}, "is not of the form"),
        ({"head_sha": "e" * 40}, "the head of the merge group is eeeeeeeeeeee, and"),
        ({"head_sha": None}, "this is not the event of a merge group"),
    ],
)
def test_an_event_that_does_not_fit_is_refused(edit: dict[str, str | None], words: str, queue: Queue) -> None:
    queue.open_pull(8, CHIEF)
    group = queue.enter(8)
    queue.say(group)
    event = json.loads((queue.project.root / "event.json").read_text())
    event["merge_group"] |= edit
    queue.project.write(json.dumps(event), "event.json")

    ran = queue.project.run("github", "merge-group", "plan.json")

    assert 2 == ran.code
    assert words in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("{", "is not JSON"),
        ('{"pull_request": {"number": 7}}', "run this command on merge_group"),
        ("[]", "is not a JSON object"),
    ],
)
def test_another_event_is_refused(event: str, words: str, queue: Queue) -> None:
    queue.project.environment["GITHUB_EVENT_PATH"] = str(queue.project.write(event, "event.json"))

    ran = queue.project.run("github", "merge-group", "plan.json")

    assert 2 == ran.code
    assert words in " ".join(ran.err.split())


def test_outside_of_a_workflow_it_is_refused(queue: Queue) -> None:
    assert "GITHUB_EVENT_PATH is not set" in queue.project.run("github", "merge-group", "plan.json").err


def test_it_takes_read_permissions_only_and_names_the_one_that_lacks(queue: Queue) -> None:
    queue.open_pull(8, CHIEF)
    group = queue.enter(8)
    reads = {"actions": "read", "contents": "read", "pull_requests": "read"}
    queue.standin.tokens = {"ghs_workflow": Token(reads)}
    assert 0 == queue.check(group).code
    assert [] == queue.standin.written
    queue.standin.tokens = {"ghs_workflow": Token({**reads, "contents": "none"})}

    ran = queue.look(group)

    assert 5 == ran.code
    assert "contents: read" in ran.err


def test_a_clone_without_the_base_branch_asks_github_for_each_commit(queue: Queue) -> None:
    """Then also a group without changes is compared."""
    queue.open_pull(8, CHIEF)
    group = queue.enter(8)
    queue.plan(group)
    queue.git("update-ref", "-d", "refs/remotes/origin/main")

    ran = queue.look(group)

    assert 0 == ran.code, ran.said
    assert "#8 (in this queue): its plan counts" in ran.out


def test_without_the_record_it_is_red(queue: Queue) -> None:
    queue.open_pull(8, CHIEF)
    group = queue.enter(8)
    queue.plan(group)
    for ref in queue.git("for-each-ref", "--format=%(refname)", "refs/heads/reconciler").split():
        queue.git("update-ref", "-d", ref)

    ran = queue.look(group)

    assert 4 == ran.code
    assert "the record of applies here lacks the last apply that the plan knows: fetch it" in told(ran)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("tenant", "production", "it is for the tenant production, not sandbox"),
        ("url", "https://qa.example.com", "it is for https://qa.example.com, and sandbox is at sandbox"),
        ("commit", None, "it was made from files that were not committed"),
    ],
)
def test_a_plan_of_another_account_is_no_plan(name: str, value: str | None, words: str, queue: Queue) -> None:
    queue.open_pull(8, CHIEF)
    group = queue.enter(8)
    queue.plan(group)
    path = queue.project.root / "plan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))

    ran = queue.look(group)

    assert 4 == ran.code
    assert words in told(ran)


def test_of_a_pull_request_that_is_hidden_no_plan_counts(queue: Queue) -> None:
    """And no commit before it is taken for its copy."""
    queue.open_pull(7, CHIEF)
    queue.open_pull(8, CLERK, LEAVE["hal"])
    group = queue.enter(8, "rebase")
    queue.plan(group)
    queue.standin.faults.append(("GET /repos/acme/people/git/matching-refs", UndescribedReply(200, {})))
    assert (1, True) == ((ran := queue.look(group)).code, "is not a list" in ran.err)
    queue.standin.pulls.clear()

    ran = queue.look(group)

    assert 4 == ran.code
    assert f"commit {queue.git('rev-parse', f'{group.head}^')[:12]} (in this queue): no plan of it counts" in told(ran)
