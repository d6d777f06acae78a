"""The player decides as GitHub does which jobs and steps run, on small workflows of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.github.player import Event, PlayedJob, Player
from tests.github.standin import StandIn, Token

TOP = "permissions: {}\n"


def job(name: str, *lines: str, run: str = "true") -> str:
    """Returns a job with one step."""
    more = "".join(f"    {line}\n" for line in lines)
    usual = "    runs-on: x\n    timeout-minutes: 1\n    permissions: {contents: write}\n"
    return f"  {name}:\n{usual}{more}    steps:\n      - {{id: it, run: '{run}'}}\n"


ACTION = """\
name: it
description: it
inputs: {code: {description: code}}
outputs: {}
runs:
  using: composite
  steps:
    - {run: exit $CODE, shell: bash, env: {CODE: '${{ inputs.code }}'}}
    - {run: echo second, shell: bash}
    - {run: echo last, shell: bash, if: always()}
"""


class Repository:
    """A repository at GitHub with one workflow, and the player."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "clone"
        for arguments in (["init", "--quiet", "--bare", "at-github.git"], ["init", "--quiet", "clone"]):
            subprocess.run(["git", *arguments], cwd=folder, check=True)  # noqa: S603, S607
        self.standin = StandIn()
        secrets = {"qa": {"SCIM_TOKEN": "secret"}}
        self.player = Player(self.standin, folder / "at-github.git", folder / "jobs", secrets, folder / "none", "")

    def commit(self, text: str) -> str:
        path = self.clone / ".github" / "workflows" / "it.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.git("add", "--all")
        self.git("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "--message", "it")
        self.git("push", "--quiet", "--force", str(self.player.origin), "HEAD:main")
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.clone, check=True, capture_output=True, text=True)  # noqa: S603, S607
        return done.stdout.strip()

    def play(self, *jobs: str, on: str = "push", name: str = "push", **about: Any) -> dict[str, PlayedJob]:
        sha = self.commit(f"on: {on}\n{TOP}jobs:\n{''.join(jobs)}")
        return self.player.play("it.yml", Event(name, sha, **about))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def results(jobs: dict[str, PlayedJob]) -> dict[str, str]:
    return {name: one.result for name, one in jobs.items()}


CHAIN = (
    job("after", "needs: first"),
    job("always", "needs: first", "if: always()"),
    job("failed", "needs: first", "if: failure()"),
    job("stopped", "needs: first", "if: cancelled()"),
    job("unless", "needs: first", "if: ${{ !cancelled() }}"),
)


@pytest.mark.parametrize(
    ("run", "killed", "cancelled_in", "ran"),
    [
        ("true", {}, None, {"after", "always", "unless"}),
        ("false", {}, None, {"always", "failed", "unless"}),
        ("true", {"first": "failure"}, None, {"always", "failed", "unless"}),
        ("true", {"first": "cancelled"}, None, {"always", "unless"}),
        ("true", {}, "first", {"always", "stopped"}),
    ],
    ids=["well", "failed", "its machine died", "it took too long", "a person stopped the run"],
)
def test_a_job_runs_after_the_ends_that_its_condition_names(
    run: str, killed: dict[str, str], cancelled_in: str | None, ran: set[str], repository: Repository
) -> None:
    """A job that died did nothing before: no step of it ran."""
    repository.player.killed = killed
    repository.player.cancelled_in = cancelled_in

    jobs = repository.play(job("first", run=run), *CHAIN)

    assert {"first", *ran} == set(jobs)
    assert (killed == {} and cancelled_in is None) == bool(jobs["first"].steps)


def test_a_skipped_job_holds_up_all_jobs_after_it(repository: Repository) -> None:
    """Also those that do not name it: for success(), all jobs before a job count."""
    jobs = repository.play(
        job("first", "if: github.event_name == 'schedule'"),
        job("second", "needs: first", "if: always()"),
        job("third", "needs: second"),
        job("fourth", "needs: second", "if: ${{ !cancelled() && needs.second.result == 'success' }}"),
    )

    assert {"second", "fourth"} == set(jobs)


def test_later_jobs_see_results_and_outputs(repository: Repository) -> None:
    """As one text in JSON too."""
    script = 'echo "number=7" >>"$GITHUB_OUTPUT"'
    first = job("first", "outputs: {number: '${{ steps.it.outputs.number }}'}", run=script)
    steps = "      - {run: 'printenv NEEDS', env: {NEEDS: '${{ toJSON(needs) }}'}}\n"

    jobs = repository.play(first, job("second", "needs: [first]") + steps)

    assert '"result": "success"' in jobs["second"].printed
    assert '"number": "7"' in jobs["second"].printed


def test_a_step_may_fail_where_that_is_said(repository: Repository) -> None:
    """The next step sees both ends of it; without it, only steps with a status function run."""
    told = "{OUTCOME: '${{ steps.it.outcome }}', CONCLUSION: '${{ steps.it.conclusion }}'}"
    steps = f"      - {{if: always(), run: 'echo $OUTCOME $CONCLUSION', env: {told}}}\n      - run: echo then\n"
    tolerant = job("tolerant", run="false").replace("run: 'false'", "continue-on-error: true, run: 'false'") + steps

    jobs = repository.play(tolerant, job("strict", run="false") + steps)

    assert {"tolerant": "success", "strict": "failure"} == results(jobs)
    assert "failure success\nthen\n" == jobs["tolerant"].printed
    assert "failure failure\n" == jobs["strict"].printed


def test_steps_of_an_action_have_a_success_of_their_own(repository: Repository) -> None:
    """An action that runs after a failure runs all its steps; its own failure stops them, and fails the job."""
    action = repository.clone / "action.yml"
    action.write_text(ACTION)
    steps = "".join(f"      - {{uses: ./, if: always(), with: {{code: {code}}}}}\n" for code in (3, 0))

    jobs = repository.play(job("one", run=f"cp {action} .") + steps)

    assert {"one": "failure"} == results(jobs)
    assert "last\nsecond\nlast\n" == jobs["one"].printed


@pytest.mark.parametrize(
    ("on", "name", "action", "ref"),
    [
        ("push", "push", None, "other"),
        ("{push: {branches: [main]}}", "push", None, "main"),
        ("{push: {branches: ['release/*']}}", "push", None, "release/7"),
        ("[push, merge_group]", "merge_group", "checks_requested", "gh-readonly-queue/main/pr-7"),
        ("pull_request", "pull_request", "synchronize", "main"),
        ("{pull_request: {types: [edited]}}", "pull_request", "edited", "main"),
        ("{schedule: [{cron: '3 3 * * *'}]}", "schedule", None, "main"),
        ("workflow_dispatch", "workflow_dispatch", None, "other"),
    ],
)
def test_a_workflow_starts_on_what_it_names(
    on: str, name: str, action: str | None, ref: str, repository: Repository
) -> None:
    """The event, its activity and its branch."""
    assert {"one": "success"} == results(repository.play(job("one"), on=on, name=name, **happening(action, ref)))


@pytest.mark.parametrize(
    ("on", "name", "action", "ref"),
    [
        ("{push: {branches: [main]}}", "push", None, "other"),
        ("{push: {branches: [trunk]}}", "push", None, "main"),
        ("[push, merge_group]", "merge_group", "destroyed", "gh-readonly-queue/main/pr-7"),
        ("[push, merge_group]", "schedule", None, "main"),
        ("pull_request", "pull_request", "edited", "main"),
        ("{pull_request: {branches: [main]}}", "pull_request", "opened", "other"),
    ],
)
def test_a_workflow_does_not_start_on_anything_else(
    on: str, name: str, action: str | None, ref: str, repository: Repository
) -> None:
    """A test that plays it then fails."""
    with pytest.raises(AssertionError, match=f"does not run on {name}"):
        repository.play(job("one"), on=on, name=name, **happening(action, ref))


def happening(action: str | None, ref: str) -> dict[str, Any]:
    """Returns the payload of an event and its ref; the base of a pull request is that branch."""
    head = {"ref": "change", "repo": {"full_name": "acme/people"}}
    pull = {"number": 7, "head": head, "base": {"ref": ref}}
    return {"payload": {"action": action, "pull_request": pull} if action else {}, "ref": f"refs/heads/{ref}"}


def test_a_run_by_hand_has_its_inputs_and_its_branch(repository: Repository) -> None:
    """With the defaults of the workflow."""
    on = "{workflow_dispatch: {inputs: {tenant: {type: string, default: all}, dry: {type: string}}}}"
    told = "{TOLD: '${{ inputs.tenant }} ${{ inputs.dry }} ${{ github.ref }}'}"
    steps = f"      - {{run: 'echo $TOLD $GITHUB_REF', env: {told}}}\n"

    jobs = repository.play(
        job("one") + steps, on=on, name="workflow_dispatch", inputs={"dry": "yes"}, ref="refs/heads/other"
    )

    assert "all yes refs/heads/other refs/heads/other\n" == jobs["one"].printed


def test_a_run_that_is_repeated_is_the_same_run(repository: Repository) -> None:
    """Of the same commit, although the branch has moved; the attempt is another."""
    script = "echo $GITHUB_RUN_ID $GITHUB_RUN_ATTEMPT $GITHUB_SHA"
    first = repository.play(job("one", run=script))
    number, attempt, sha = first["one"].printed.split()
    repository.commit(f"on: push\n{TOP}jobs:\n{job('later')}")

    again = repository.player.play_again("it.yml", Event("push", sha, attempt=2))

    assert "1" == attempt
    assert f"{number} 2 {sha}\n" == again["one"].printed
    [run] = repository.standin.runs
    assert (2, "completed", sha) == (run["run_attempt"], run["status"], run["head_sha"])


@pytest.mark.parametrize(("about", "level", "secret"), [({}, "write", "secret"), ({"trusted": False}, "read", "")])
def test_a_run_of_a_fork_or_of_dependabot_reads_only(
    about: dict[str, Any], level: str, secret: str, repository: Repository
) -> None:
    """Its tokens may not write, and there are no secrets."""
    told = "{TOLD: '${{ secrets.SCIM_TOKEN }} ${{ github.actor }}'}"
    steps = f"      - {{run: 'echo \"$TOLD\"', env: {told}}}\n"

    jobs = repository.play(job("one", "environment: {name: qa}") + steps, actor="dependabot[bot]", **about)

    assert {"contents": level} == jobs["one"].permissions
    assert f"{secret} dependabot[bot]\n" == jobs["one"].printed


def test_a_job_may_have_the_token_of_an_app(repository: Repository) -> None:
    """A test decides whose tokens the jobs have."""
    repository.player.make_token = lambda permissions: Token(permissions, login="acme-sync[bot]")

    repository.play(job("one"))

    assert "acme-sync[bot]" == repository.standin.tokens["ghs_1"].login


def test_what_is_not_imitated_fails(repository: Repository) -> None:
    """A workflow can't use what was never tried; and an empty matrix fails, as at GitHub."""
    for line, found in (
        ("services: {}", "not known here: {'services'}"),
        ("strategy: {matrix: '${{ fromJSON(''{\"include\": []}'') }}'}", "Matrix must define at least one vector"),
    ):
        with pytest.raises(AssertionError, match=found):
            repository.play(job("one", line))


def test_a_matrix_is_lists_or_combinations(repository: Repository) -> None:
    """Each has its own name."""
    lists = "{matrix: {python: ['3.11', '3.x'], packages: [locked, newest]}}"
    named = ("name: 'one ${{ matrix.python }} ${{ matrix.packages }}'", f"strategy: {lists}")

    jobs = repository.play(job("one", *named))

    assert ["one 3.11 locked", "one 3.11 newest", "one 3.x locked", "one 3.x newest"] == list(jobs)
