"""`github comment` and `github mark-outdated`: what stands on a pull request is true, or says that it is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.project import SANDBOX, TEAM, Project
from tests.cli.test_github import CHIEF, TOKEN, Reviewed
from tests.github.standin import FULL, StandIn, Token, standing_in

NEW = "b" * 40
MERGES = {"contents": "read", "pull_requests": "write"}


@pytest.fixture
def reviewed(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reviewed]:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH", "GITHUB_SHA"):
        monkeypatch.delenv(name, raising=False)
    assert 0 == project.run("apply", "--yes").code
    with standing_in(StandIn()) as standin:
        yield Reviewed(project, standin)


def emit(reviewed: Reviewed, number: int = 7) -> None:
    """Sets the event of the pull request as it is now."""
    pull = next(pull for pull in reviewed.standin.pulls if pull["number"] == number)
    reviewed.project.write(json.dumps({"pull_request": pull}), "event.json")


UNCOUNTED = "> **Merging this approves nothing of this plan:** "


@pytest.mark.parametrize(
    ("files", "base", "reason"),
    [
        (
            ["desired-state/all.yaml", ".github/workflows/plan.yml"],
            "main",
            "it changes `.github/workflows/plan.yml`, so",
        ),
        ([".github/actions/x/run.sh"], "main", "it changes `.github/actions/x/run.sh`, so"),
        (["desired-state/all.yaml"], "release", "it goes into release, and only pull requests into main approve"),
        (["desired-state/all.yaml", "README.md"], "main", None),
    ],
)
def test_a_reviewer_learns_before_the_merge_that_the_plan_will_not_count(
    files: list[str], base: str, reason: str | None, reviewed: Reviewed
) -> None:
    """Below the first line, and in the summary of the job; a plan without changes needs no approval."""
    summary = reviewed.project.write("", "summary.md")
    reviewed.project.environment["GITHUB_STEP_SUMMARY"] = str(summary)
    for text, warned in ((SANDBOX + CHIEF, reason is not None), (SANDBOX + TEAM, False)):
        reviewed.propose(text)
        reviewed.standin.pulls[-1]["base"]["ref"] = base
        reviewed.standin.files[7] = [{"filename": one} for one in files]
        summary.write_text("")

        assert 0 == reviewed.run("comment", "plan.json").code

        body = reviewed.bodies()[0]
        assert warned == body.partition("\n\n")[2].startswith(f"{UNCOUNTED}{reason}"), body
        assert [warned, warned] == [UNCOUNTED in page for page in (body, summary.read_text())]


def push(reviewed: Reviewed, head: str = NEW, base: str = "main") -> None:
    """Somebody pushes, or changes the base; the event of a run that has begun stays."""
    pull = reviewed.standin.pulls[0]
    pull["head"]["sha"], pull["base"]["ref"] = head, base


@pytest.fixture
def planned(reviewed: Reviewed) -> Reviewed:
    """A pull request whose plan is shown."""
    reviewed.propose(SANDBOX + CHIEF)
    emit(reviewed)
    assert 0 == reviewed.run("comment", "plan.json").code
    return reviewed


def test_a_plan_comment_hides_its_head_and_base_before_the_mark(planned: Reviewed) -> None:
    """The mark stays the last line."""
    *_, hidden, mark = planned.bodies()[0].splitlines()

    assert "<!-- reconciler:plan:sandbox -->" == mark
    assert f'<!-- of: {{"base": "main", "head": "{planned.standin.pulls[0]["head"]["sha"]}"}} -->' == hidden


@pytest.mark.parametrize(("head", "base"), [(NEW, "main"), (None, "release"), (NEW, "release")])
def test_a_superseded_run_writes_nothing_and_says_so(head: str | None, base: str, planned: Reviewed) -> None:
    """A newer push, or another base, has a run of its own."""
    written = len(planned.standin.written)
    push(planned, head or planned.standin.pulls[0]["head"]["sha"], base)

    for arguments in (("comment", "plan.json"), ("mark-outdated",)):
        ran = planned.run(*arguments)

        assert 0 == ran.code
        assert "this run is superseded" in ran.err
        assert f"and #7 is now {planned.standin.pulls[0]['head']['sha'][:7]} into {base}" in ran.err
    assert written == len(planned.standin.written)


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        (None, "- Its job stored nothing: it was cancelled, ran out of time, or failed before the command began"),
        ("reading users\n", "- It reported no error, so it was stopped before it was done: cancelled, killed or"),
        ("Error: 2 guardrails\nError: 2 guardrails\n", "- Error: 2 guardrails\n\n"),
        (
            "desired-state/all.yaml:4: users.ann.titel: this key is unknown\nError: 1 problem in the desired state\n",
            "- `desired-state/all.yaml:4`: `users.ann.titel`: this key is unknown\n- Error: 1 problem in the desired",
        ),
    ],
    ids=["nothing", "killed", "refused", "invalid"],
)
def test_where_the_plan_job_died_the_comment_says_that_there_is_no_plan(
    stderr: str | None, sentence: str, planned: Reviewed
) -> None:
    """For this head, and why, as far as it is known; the earlier plan is gone."""
    push(planned)
    emit(planned)
    if stderr is not None:
        planned.project.write(stderr, "gone/said.txt")

    ran = planned.project.run("--tenant", "sandbox", "github", "comment", "gone/plan.json", "--said", "gone/said.txt")

    assert (0, "The comment on #7 for sandbox was edited\n") == (ran.code, ran.err)
    [body] = planned.bodies()
    assert body.startswith(f"### There is no plan for `sandbox`\n\n{sentence}")
    assert "Chief" not in body
    assert "\nCommit: `bbbbbbb`. More: https://github.example/acme/people/pull/7/checks\n" in body
    assert f'"head": "{NEW}"' in body
    assert "No comment on #7 is out of date\n" == planned.run("mark-outdated").err


OUTDATED = """\
### Out of date: the plan for `sandbox` was of `{earlier}`

No plan for `{head}` into `{base}` is shown, because its job failed or did not run, or the tenant is no longer \
declared: see the [checks](https://github.example/acme/people/pull/7/checks).

"""


@pytest.mark.parametrize("base", ["main", "release"])
def test_a_plan_of_another_head_or_base_is_marked_once(base: str, planned: Reviewed) -> None:
    """The plan job of the next push died, or its tenant is gone; nobody reads the earlier plan as if it were true."""
    earlier = planned.standin.pulls[0]["head"]["sha"]
    head = NEW if base == "main" else earlier
    push(planned, head, base)
    emit(planned)

    first, again = planned.run("mark-outdated"), planned.run("mark-outdated")

    assert (0, "Marked as out of date on #7: the plan for sandbox\n") == (first.code, first.err)
    assert (0, "No comment on #7 is out of date\n") == (again.code, again.err)
    [body] = planned.bodies()
    assert body.startswith(OUTDATED.format(earlier=earlier[:7], head=head[:7], base=base))
    assert "Chief" not in body
    assert 2 == len(planned.standin.written)

    assert "was edited" in planned.run("comment", "plan.json").err
    assert "Chief" in planned.bodies()[0]


def test_every_plan_comment_of_ours_is_looked_at_and_no_other(planned: Reviewed) -> None:
    """Of tenants that are gone, of other bots, from before heads were kept; not an outcome, not a person's."""
    kept = [
        planned.standin.comment(7, "applied\n\n<!-- reconciler:outcome:sandbox -->"),
        planned.standin.comment(7, "forged\n\n<!-- reconciler:plan:sandbox -->", login="mallory"),
        planned.standin.comment(7, "talk"),
    ]
    told = [dict(one) for one in kept]
    older = planned.standin.comment(7, "older\n\n<!-- reconciler:plan:vanished -->")
    foreign = planned.standin.comment(7, "app\n\n<!-- reconciler:plan:sandbox -->", login="acme[bot]")
    push(planned)
    emit(planned)

    ran = planned.run("mark-outdated")

    assert (0, "Marked as out of date on #7: the plan for sandbox, vanished\n") == (ran.code, ran.err)
    assert older["body"].startswith("### Out of date: the plan for `vanished` was of an earlier commit")
    assert {foreign["node_id"]} == planned.standin.hidden, "it can't be edited, so it is hidden"
    assert told == kept


@pytest.mark.parametrize("permissions", [{"pull_requests": "read", "issues": "read"}, {}])
def test_a_token_that_only_reads_says_so_and_fails_nothing(permissions: dict[str, str], planned: Reviewed) -> None:
    """That of a fork or of Dependabot."""
    push(planned)
    emit(planned)
    planned.standin.tokens[TOKEN] = Token(permissions)

    ran = planned.run("mark-outdated")

    assert 0 == ran.code
    assert "Resource not accessible by integration" in ran.err
    assert "Chief" in planned.bodies()[0]


@pytest.mark.parametrize("event", ["", "{}", '{"merge_group": {}}', '{"pull_request": {"number": 7}}'])
def test_without_a_pull_request_nothing_is_marked(event: str, planned: Reviewed) -> None:
    """A merge queue runs the same workflow."""
    planned.project.write(event, "event.json")

    ran = planned.run("mark-outdated")

    assert (0, "Nothing was marked: this is not the event of a pull request\n") == (ran.code, ran.err)


def test_github_out_of_reach_is_no_success(planned: Reviewed) -> None:
    """Exit code 5: an earlier plan may still stand."""
    push(planned)
    emit(planned)
    planned.standin.tokens = {}

    assert 5 == planned.run("mark-outdated").code


# the outcome of several pull requests


def gather(reviewed: Reviewed, *pulls: dict[str, Any], **more: Any) -> Path:
    """The folder of approvals, as the step before the apply writes it."""
    document = {"tenant": "sandbox", "commit": "c" * 40, "pulls": list(pulls), **more}
    reviewed.project.write(json.dumps(document), "approvals/approvals.json")
    return reviewed.project.root / "approvals"


def report(reviewed: Reviewed, folder: Path) -> Any:
    outcome = reviewed.project.run("apply", "--yes", "--format", "json").out
    reviewed.project.write(outcome, "outcome.json")
    return reviewed.run("comment", "--outcome", "outcome.json", "--approvals", folder)


def heads(reviewed: Reviewed) -> dict[int, str]:
    return {number: "\n".join(one["body"] for one in many) for number, many in reviewed.standin.comments.items()}


def test_the_outcome_is_on_every_pull_request_of_the_apply(reviewed: Reviewed) -> None:
    """With the others, and why a plan did not count."""
    reviewed.project.commit(SANDBOX + CHIEF)
    folder = gather(
        reviewed,
        {"number": 7, "plan": "plan-7.json"},
        {"number": 8, "reason": "it comes from a fork, @everyone"},
        by_hand=[{"review": "approvals/x.yaml", "reason": "not merged"}],
    )

    ran = report(reviewed, folder)

    assert 0 == ran.code
    bodies = heads(reviewed)
    assert {7, 8} == set(bodies)
    assert bodies[7] == bodies[8]
    assert bodies[7].startswith("### Applied to `sandbox`: 1 applied\n\n")
    assert (
        "This apply was for #7, #8.\n\n- The plan of #8 did not count: it comes from a fork, `@everyone`\n" in bodies[7]
    )
    assert "- The plan by hand (`approvals/x.yaml`) did not count: not merged\n" in bodies[7]
    assert 2 == ran.err.count("for sandbox was created")


def test_one_pull_request_whose_plan_counts_reads_as_before(reviewed: Reviewed) -> None:
    """Nothing is added."""
    reviewed.project.commit(SANDBOX + CHIEF)

    report(reviewed, gather(reviewed, {"number": 7, "plan": "plan-7.json"}))

    assert "This apply was for" not in heads(reviewed)[7]


def test_a_run_that_had_nothing_to_do_leaves_the_outcome_of_the_one_that_did(reviewed: Reviewed) -> None:
    """A job that is run again must not replace the only account of what was done."""
    reviewed.project.commit(SANDBOX + CHIEF)
    folder = gather(reviewed, {"number": 7, "plan": "plan-7.json"})
    report(reviewed, folder)
    before = heads(reviewed)
    assert "Done: 1 person" in before[7]

    again = report(reviewed, folder)

    assert (0, before) == (again.code, heads(reviewed))
    assert "The comment on #7 for sandbox stays as it is: it shows what an earlier run did" in again.err


def test_a_first_outcome_with_nothing_to_do_names_no_plan(reviewed: Reviewed) -> None:
    """Its digest would be empty. The next outcome replaces it."""
    reviewed.project.commit(SANDBOX)
    folder = gather(reviewed, {"number": 7, "plan": "plan-7.json"})
    nothing = {"format": 1, "tenant": "sandbox", "commit": "c" * 40, "digest": "", "outcomes": [], "requests": 0}
    reviewed.project.write(json.dumps(nothing), "outcome.json")
    ran = reviewed.run("comment", "--outcome", "outcome.json", "--approvals", folder)
    assert 0 == ran.code, ran.err
    assert heads(reviewed)[7].startswith("### Applied to `sandbox`: nothing to do\n\n<sub>0 requests.</sub>\n")

    reviewed.project.commit(SANDBOX + CHIEF)
    report(reviewed, folder)

    assert "Done: 1 person" in heads(reviewed)[7]


def test_a_window_without_pull_requests_has_nowhere_to_post(reviewed: Reviewed) -> None:
    """A direct push."""
    ran = report(reviewed, gather(reviewed))

    assert (0, {}) == (ran.code, reviewed.standin.comments)
    assert "No comment was written: no pull request was merged since the last apply\n" == ran.err


def test_an_apply_that_refused_is_on_each_with_a_line_for_each_reason(reviewed: Reviewed) -> None:
    """And names the plans that did not count."""
    folder = gather(reviewed, {"number": 7, "plan": "p"}, {"number": 8, "plan": "q"})
    reviewed.project.write("Error: one\nError: two\n", "said.txt")
    reviewed.project.write("", "outcome.json")

    ran = reviewed.project.run(
        "--tenant", "sandbox", "github", "comment", "--outcome", "outcome.json", "--said", "said.txt",
        "--approvals", folder,
    )  # fmt: skip

    assert 0 == ran.code
    assert heads(reviewed)[8].startswith("### Nothing was applied to `sandbox`\n\n- Error: one\n- Error: two\n\nMore: ")
    assert "\n\nThis apply was for #7, #8.\n" in heads(reviewed)[8]


def test_at_most_thirty_get_it_the_last_ones(reviewed: Reviewed) -> None:
    """Each costs two requests."""
    ran = report(reviewed, gather(reviewed, *({"number": number, "plan": "p"} for number in range(1, 42))))

    assert set(range(12, 42)) == set(reviewed.standin.comments)
    assert "41 pull requests were applied: the last 30 get a comment" in ran.err


def test_one_that_can_not_be_written_stops_no_other(reviewed: Reviewed) -> None:
    """A locked conversation; the job fails, and says which."""
    reviewed.standin.fail_next("POST /repos/acme/people/issues/7", 403, message="the issue is locked")

    ran = report(reviewed, gather(reviewed, {"number": 7, "plan": "p"}, {"number": 8, "plan": "q"}))

    assert (5, {8}) == (ran.code, set(reviewed.standin.comments))
    assert "No comment was written on #7: " in ran.err
    assert "(the issue is locked)" in ran.err


@pytest.mark.parametrize("text", ["{", "[]", '{"tenant": "sandbox"}', '{"tenant": "s", "commit": "c", "pulls": 7}'])
def test_approvals_that_are_damaged_are_named(text: str, reviewed: Reviewed) -> None:
    """Exit code 2, with the file."""
    reviewed.project.write(text, "approvals/approvals.json")

    ran = report(reviewed, reviewed.project.root / "approvals")

    assert 2 == ran.code
    assert "approvals/approvals.json is damaged (" in ran.err
    assert [] == reviewed.standin.written


def test_without_gathered_approvals_the_commit_names_the_pull_request(reviewed: Reviewed) -> None:
    """The step that gathers failed, and its reason has to be shown somewhere."""
    reviewed.propose(SANDBOX + CHIEF)
    reviewed.merge()

    ran = report(reviewed, reviewed.project.root / "approvals")

    assert 0 == ran.code
    assert "No approvals were gathered, so the pull request is found by the commit" in ran.err
    assert {7} == set(reviewed.standin.comments)


def test_approvals_go_with_an_outcome(reviewed: Reviewed) -> None:
    """A plan is of one pull request."""
    ran = reviewed.run("comment", "plan.json", "--approvals", "approvals")

    assert (2, True) == (ran.code, "--approvals FOLDER goes with --outcome" in ran.err)


# refusals and issues


def test_a_refusal_has_a_line_for_each_reason(project: Project) -> None:
    """Two guardrails are two lines, each with what to do."""
    assert 0 == project.run("apply", "--yes").code
    limits = "guardrails: {max_deactivations: {count: 0}, max_updates: {count: 0}}\n"
    project.commit(SANDBOX + limits + "users:\n  ann: {userName: ann@example.com, displayName: Anna}\n")

    ran = project.run("apply", "--yes")

    errors = [line for line in ran.err.splitlines() if line.startswith("Error: ")]
    assert 4 == ran.code
    assert len(errors) == len(set(errors)) > 1
    assert all("max_" in line for line in errors)


def test_further_issues_are_closed_and_named(reviewed: Reviewed) -> None:
    """One remains."""
    reviewed.drift(title="Queen")
    reviewed.run("drift-issue", "drift.json")
    first = reviewed.standin.issues[0]
    reviewed.standin.issues.append({**first, "number": first["number"] + 5})

    ran = reviewed.run("drift-issue", "drift.json")

    assert ["open", "closed"] == [one["state"] for one in reviewed.standin.issues]
    assert f"Closed #{first['number'] + 5}, a second issue on sandbox\n" in ran.err


def test_disabled_issues_are_said_in_github_s_words(reviewed: Reviewed) -> None:
    """Exit code 1, and what to do."""
    reviewed.drift(title="Queen")
    reviewed.standin.fail_next(
        "GET /repos/acme/people/issues", 410, message="Issues has been disabled in this repository."
    )

    ran = reviewed.run("drift-issue", "drift.json")

    assert 1 == ran.code
    assert "(410: Issues has been disabled in this repository.): enable Issues in the settings" in ran.err


def test_an_app_of_its_own_keeps_one_comment_seen(planned: Reviewed) -> None:
    """Through the command: to the app, and back."""
    planned.standin.tokens["ghs_app"] = Token({**FULL}, app="acme[bot]")
    planned.project.environment["GITHUB_TOKEN"] = "ghs_app"
    push(planned)
    emit(planned)
    assert "was created" in planned.run("comment", "plan.json").err
    assert 1 == len(planned.standin.shown(7))

    planned.project.environment["GITHUB_TOKEN"] = TOKEN
    push(planned, "d" * 40)
    emit(planned)
    assert "was edited" in planned.run("comment", "plan.json").err
    [seen] = planned.standin.shown(7)
    assert seen == planned.bodies()[0]
