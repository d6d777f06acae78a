"""The Python API, as a script uses it: on the embedded 4me, in a git repository."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path

import pytest

import reconciler
from reconciler import api
from tests.cli.project import SANDBOX, TEAM, Project
from tests.cli.remote import PEOPLE, SECRETS, reaching

PAGE = Path(__file__).parent.parent / "docs" / "python.md"
WITHOUT_CID = "\n".join(line for line in TEAM.splitlines() if "cid" not in line) + "\n"
ONE_LEAVER = "guardrails: {max_deactivations: {count: 0}}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A repository with a small team for the embedded 4me, committed."""
    one = Project(tmp_path / "project", monkeypatch)
    one.commit(SANDBOX + TEAM)
    return one


def load(project: Project, **options: object) -> reconciler.CurrentState:
    return reconciler.load_desired_state(project.root / "desired-state", **options)  # type: ignore[arg-type]


def plan_of(project: Project) -> reconciler.Plan:
    state = load(project)
    return reconciler.make_plan(state, reconciler.read_live_state(state))


def apply(project: Project) -> reconciler.ApplyResult:
    return reconciler.apply_plan(plan_of(project), load(project))


def test_the_page_is_a_script_that_applies(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """The script runs twice, and the second run has nothing left to change."""
    [script] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert len(script.splitlines()) <= 25
    code = compile(script, str(PAGE), "exec")

    with chdir(project.root):
        exec(code, {})  # noqa: S102  # our own page
        exec(code, {})  # noqa: S102  # the same

    assert 1 == capsys.readouterr().out.count("Applied to sandbox: 4 applied")
    assert ["whole"] == project.ends()
    assert "nothing to do" in (project.root / "plan.md").read_text(encoding="utf-8")


def test_a_plan_has_the_digest_of_the_command(project: Project) -> None:
    """Covers an empty account, a leaver, and a plan that a guardrail refuses."""
    assert plan_of(project).digest == project.run("plan", "--format=json").document["digest"]

    apply(project)
    project.commit(SANDBOX + WITHOUT_CID)
    found, printed = plan_of(project), project.run("plan", "--format=json").document
    assert ["deactivate_user"] == [change.action for change in found.changes]
    assert printed["digest"] == found.digest
    assert printed["record"] == (found.record and found.record.model_dump(mode="json"))

    project.commit(SANDBOX + ONE_LEAVER + WITHOUT_CID)
    refused = plan_of(project)
    assert not refused.applyable
    printed = project.run("plan", "--format=json").document
    assert [problem["message"] for problem in printed["problems"]] == [problem.message for problem in refused.problems]


def test_roles_over_rest_are_planned_as_by_the_command(project: Project) -> None:
    """The secrets for the account and for git come from the mapping."""
    with reaching(project) as remote:
        remote.says(PEOPLE)
        state = load(project, environment=SECRETS)
        plan = reconciler.make_plan(state, reconciler.read_live_state(state))
        assert plan.digest == project.run("plan", "--format=json").document["digest"]
        assert reconciler.apply_plan(plan, state).settled

        remote.says(PEOPLE.replace("[ann, bob]", "[ann]"))
        state = load(project, environment=SECRETS)
        plan = reconciler.make_plan(state, reconciler.read_live_state(state))
        assert plan.digest == project.run("plan", "--format=json").document["digest"]


def test_an_apply_is_on_record_in_the_log_and_settled(project: Project) -> None:
    result = apply(project)

    assert result.settled
    assert {"applied"} == {outcome.status for outcome in result.run.outcomes}
    assert ["whole"] == project.ends()
    assert "user/cid" in project.run("log").out
    assert () == plan_of(project).changes


def test_an_apply_runs_what_the_plan_shows_and_refuses_what_git_asks_for_since(project: Project) -> None:
    plan = plan_of(project)
    project.commit(
        SANDBOX + TEAM.replace("Clerk", "Chief").replace("groups:", "  dan: {userName: d@example.com}\ngroups:")
    )

    result = reconciler.apply_plan(plan, load(project))

    assert {"user/bob", "user/dan"} == {change.key for change in result.refused}
    assert not result.settled
    with pytest.raises(reconciler.Refused, match="no approved plan shows"):
        reconciler.apply_plan(plan, load(project), all_or_nothing=True)


def test_a_state_of_another_commit_must_be_loaded_again(project: Project) -> None:
    """Record and history belong to the commit that is checked out."""
    state = load(project)
    live = reconciler.read_live_state(state)
    plan = reconciler.make_plan(state, live)
    project.commit(SANDBOX + WITHOUT_CID)

    with pytest.raises(reconciler.UsageError, match="load it again"):
        reconciler.make_plan(state, live)
    with pytest.raises(reconciler.UsageError, match="load it again"):
        reconciler.apply_plan(plan, state)
    assert {} == project.users()


def test_what_a_guardrail_refuses_is_raised_before_anything_is_sent(project: Project) -> None:
    apply(project)
    project.commit(SANDBOX + ONE_LEAVER + WITHOUT_CID)
    notes: list[str] = []

    with pytest.raises(reconciler.Refused, match="deactivat") as refused:
        reconciler.apply_plan(plan_of(project), load(project, log=notes.append))

    assert ["guardrail"] == [problem.code for problem in refused.value.problems]
    assert any("user/cid" in note for note in notes)  # the plan is shown first
    assert "active" not in project.users()["cid"] or project.users()["cid"]["active"]


def test_all_problems_of_a_desired_state_come_at_once(project: Project) -> None:
    assert () == reconciler.check_desired_state(project.root / "desired-state")
    project.write(SANDBOX + TEAM.replace("manager: ann", "manager: nobody").replace("[ann, bob]", "[ann, eve]"))

    problems = reconciler.check_desired_state(project.root / "desired-state", "sandbox")

    assert 2 == sum(problem.severity == "error" for problem in problems)
    with pytest.raises(reconciler.InvalidInput) as invalid:
        load(project)
    assert {problem.message for problem in problems} >= {problem.message for problem in invalid.value.problems}


def test_a_folder_or_tenant_that_is_not_there_is_a_usage_error(project: Project) -> None:
    with pytest.raises(reconciler.UsageError):
        reconciler.check_desired_state(project.root / "nowhere")
    with pytest.raises(reconciler.UsageError, match="no tenant"):
        load(project, tenant="moon")


def test_secrets_come_from_a_mapping_where_one_is_given(project: Project) -> None:
    """The account takes the right token; a missing one is named, and a wrong one refused."""
    with reaching(project) as account:
        project.commit(f'tenants: {{far: {{url: "{account.url}", token: {{env: FAR_TOKEN}}, scope: all}}}}\n' + TEAM)

        with pytest.raises(reconciler.Unreachable, match="FAR_TOKEN is not set"):
            reconciler.read_live_state(load(project, environment={}))
        with pytest.raises(reconciler.Unreachable, match="refuses the token"):
            reconciler.read_live_state(load(project, environment={"FAR_TOKEN": "wrong"}))
        live = reconciler.read_live_state(load(project, environment={"FAR_TOKEN": SECRETS["SCIM_TOKEN"]}))

    assert live.certificate.complete


def test_no_repr_shows_a_secret(project: Project) -> None:
    """A script may log the objects that it has."""
    assert "opensesame" not in repr(load(project, environment={"FAR_TOKEN": "opensesame"}))


def test_a_plan_is_about_some_keys_and_of_a_base(project: Project) -> None:
    state = load(project)
    live = reconciler.read_live_state(state)

    assert ["user/ann"] == [change.key for change in reconciler.make_plan(state, live, only=["user/ann"]).changes]
    assert state.commit == reconciler.make_plan(state, live, base="main").base


def test_saved_files_are_loaded(project: Project) -> None:
    """A plan from a saved live state has the same changes and can't be applied; a plan file can be applied."""
    project.run("plan", "--save-live", "live.json", "-o", "plan.json")
    state, plan = load(project), reconciler.load_plan(project.root / "plan.json")

    saved = reconciler.make_plan(state, reconciler.load_live_state(project.root / "live.json"))

    assert (plan.digest, False) == (saved.digest, saved.applyable)
    assert reconciler.apply_plan(plan, state).settled


def test_drift_is_found_and_rendered(project: Project) -> None:
    with pytest.raises(reconciler.Failed, match="no apply to sandbox is on record"):
        reconciler.find_drift(load(project))
    apply(project)
    with project.account() as store:
        [user] = [one for one in store.simulator().users.values() if one.get("externalId") == "bob"]
        store.answer("PATCH", f"/Users/{user['id']}", {"title": "Pirate"}, datetime(2026, 11, 25, tzinfo=UTC))

    drifted = reconciler.find_drift(load(project))

    assert [("user/bob", "drift")] == [(change.key, change.cause) for change in drifted.changes]
    assert "Pirate" in reconciler.render_plan(drifted, "markdown")


def test_an_apply_leaves_the_handlers_of_signals_and_works_in_a_thread(project: Project) -> None:
    """A second signal must not stop the end of an apply; a script that goes on is stopped by Ctrl-C again."""
    before = signal.getsignal(signal.SIGINT)
    apply(project)
    assert before is signal.getsignal(signal.SIGINT)

    project.commit(SANDBOX + TEAM.replace("Clerk", "Chief"))
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(apply, project).result().settled


def test_nothing_is_printed(project: Project, capfd: pytest.CaptureFixture[str]) -> None:
    apply(project)

    assert ("", "") == capfd.readouterr()


def test_the_package_has_the_names_of_the_api_and_no_others() -> None:
    assert {*api.__all__, "__version__"} == set(reconciler.__all__)
    assert reconciler.__all__ == dir(reconciler)
    assert all(getattr(reconciler, name) is getattr(api, name) for name in api.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = reconciler.nonsense  # type: ignore[attr-defined]


def test_importing_the_package_imports_nothing_else() -> None:
    """Importing the package imports no library, and no module of the API."""
    code = "import sys, reconciler; print(*sorted(m for m in sys.modules if m.startswith('reconciler')))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603

    assert ["reconciler", "reconciler.version"] == done.stdout.split()


def test_the_api_imports_no_command_line() -> None:
    code = "import sys, reconciler; reconciler.apply_plan; print({'click', 'rich', 'reconciler.cli'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603

    assert "set()" == done.stdout.strip()


def test_a_log_that_fails_never_leaves_an_apply_open(project: Project) -> None:
    """As where `print` writes to a closed pipe: what was sent is on record with its end."""

    def fail(text: str) -> None:
        if text.startswith("Each attempt is logged:"):
            raise BrokenPipeError

    plan = plan_of(project)
    with pytest.raises(BrokenPipeError):
        reconciler.apply_plan(plan, load(project, log=fail))

    assert ["whole"] == project.ends()
    assert () == plan_of(project).changes


def test_a_running_event_loop_is_an_error_before_anything_is_recorded(project: Project) -> None:
    """As in a notebook; another thread may call them."""
    state, plan = load(project), plan_of(project)

    async def call() -> reconciler.ApplyResult:
        for function in (reconciler.read_live_state, reconciler.find_drift):
            with pytest.raises(reconciler.UsageError, match=r"asyncio\.to_thread"):
                function(state)
        with pytest.raises(reconciler.UsageError, match=r"asyncio\.to_thread"):
            reconciler.apply_plan(plan, state)
        assert [] == project.ends()
        return await asyncio.to_thread(reconciler.apply_plan, plan, state)

    assert asyncio.run(call()).settled
    assert ["whole"] == project.ends()


def test_a_relative_folder_stays_the_same_after_a_change_of_directory(project: Project, tmp_path: Path) -> None:
    with chdir(project.root):
        state = reconciler.load_desired_state("desired-state")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    with chdir(elsewhere):
        plan = reconciler.make_plan(state, reconciler.read_live_state(state))
        assert reconciler.apply_plan(plan, state).settled

    assert [] == [*elsewhere.iterdir()]
    assert {"ann", "bob", "cid"} == set(project.users())


def test_an_unknown_form_is_an_error(project: Project) -> None:
    with pytest.raises(reconciler.UsageError, match='"pdf" is no form: use text, markdown, html, json'):
        reconciler.render_plan(plan_of(project), "pdf")  # type: ignore[arg-type]


def test_one_key_may_be_given_as_a_string(project: Project) -> None:
    """A string is a sequence of letters, which are no keys."""
    state = load(project)
    live = reconciler.read_live_state(state)

    alone = reconciler.make_plan(state, live, only="user/ann")

    assert reconciler.make_plan(state, live, only=["user/ann"]) == alone
    assert {"user/ann"} == {change.key for change in alone.changes}


@pytest.mark.parametrize(
    "function",
    [
        reconciler.check_desired_state,
        reconciler.load_desired_state,
        reconciler.load_live_state,
        reconciler.load_plan,
    ],
)
def test_a_path_with_a_null_byte_is_a_usage_error(function: Callable[[str], object]) -> None:
    """No system call takes it, and Python raises ValueError."""
    with pytest.raises(reconciler.UsageError, match="is not a path: it has a null byte"):
        function("a\0b")
