"""`plan` and `show`: the changes of an apply in every format, and the files that are written."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest

from reconciler.core.changes.plan import Plan
from reconciler.pipeline.desired.cached_reader import CACHE_FILE, LEAST_TO_CACHE
from tests.cli.project import SANDBOX, TEAM, Project

FORMS = ("text", "markdown", "json")
PLANS = ["plans/sandbox.json", "plans/sandbox.md", "plans/sandbox.txt"]


def plans(project: Project) -> list[str]:
    return [name for name in project.written() if name.startswith("plans/")]


def test_a_plan_is_printed_and_written_beside_the_desired_state(project: Project) -> None:
    """As text people read, Markdown reviewers read and JSON machines read; for its owner alone."""
    ran = project.run("plan")

    assert 0 == ran.code
    assert ran.out.startswith("Plan for sandbox: 3 people get access, 1 group changes\n")
    assert PLANS == plans(project)
    assert ran.out == (project.root / "plans/sandbox.txt").read_text(encoding="utf-8")
    assert (
        (project.root / "plans/sandbox.md").read_text(encoding="utf-8").startswith("### Plan for `sandbox`: 3 people")
    )
    assert {0o600} == {stat.S_IMODE((project.root / name).stat().st_mode) for name in PLANS}
    assert "plans/sandbox.txt, .md and .json" in ran.err


def test_each_format_is_what_was_written(project: Project) -> None:
    """The same plan is the same bytes."""
    files = dict(zip(FORMS, ("txt", "md", "json"), strict=True))

    printed = {form: project.run("plan", "--format", form).out for form in FORMS}

    assert printed == {form: (project.root / f"plans/sandbox.{files[form]}").read_text("utf-8") for form in FORMS}


def test_a_plan_is_the_same_bytes_every_time(project: Project) -> None:
    """Same inputs, same bytes."""
    assert project.run("plan", "--format", "json").out == project.run("plan", "--format", "json").out


def test_the_plan_file_has_the_names_that_machines_rely_on(project: Project) -> None:
    """DESIGN 8."""
    document = project.run("plan", "--format", "json").document

    assert {
        *("format", "tenant", "url", "commit", "base", "as_of", "digest", "applyable", "converges", "read", "cost"),
        *("summary", "changes", "unmanaged", "skipped", "problems"),
    } <= set(document)
    assert {"mode", "complete", "users", "groups", "requests"} == set(document["read"])
    assert {"requests", "seconds"} == set(document["cost"])
    assert {"create_user": 3, "create_group": 1} == document["summary"]
    assert {
        *("id", "action", "key", "target_id", "effect", "cause", "reason", "attributes", "members", "roles", "source")
    } <= set(document["changes"][0])
    assert ["user/ann", "user/bob", "user/cid", "group/staff"] == [one["key"] for one in document["changes"]]
    assert project.git("rev-parse", "HEAD").strip() == document["commit"]


def test_a_plan_of_what_is_not_committed_names_no_commit(project: Project) -> None:
    """It is of no commit."""
    project.write(SANDBOX + TEAM + "  crew: {displayName: Crew}\n")

    assert None is project.run("plan", "--format", "json").document["commit"]


def test_with_o_the_file_is_written_and_nothing_else(project: Project) -> None:
    """The file is JSON, whatever is printed."""
    ran = project.run("plan", "-o", "out/approved.json", "--format", "markdown")

    assert 0 == ran.code
    assert ran.out.startswith("### Plan for")
    assert [] == plans(project)
    document = json.loads((project.root / "out/approved.json").read_text(encoding="utf-8"))
    assert ("sandbox", 4) == (document["tenant"], len(document["changes"]))


def test_a_file_that_can_not_be_written_says_so(project: Project) -> None:
    """A folder stands there."""
    ran = project.run("plan", "-o", "desired-state")

    assert 2 == ran.code
    assert "desired-state can't be written" in ran.err
    assert ["desired-state/all.yaml"] == [name for name in project.written() if not name.startswith(".reconciler/")]


def test_exit_3_where_there_is_something_to_do(project: Project) -> None:
    """Only if asked for; and 0 where there is nothing."""
    something = [project.run("plan").code, project.run("plan", "--exit-code").code]
    project.run("apply", "--yes")
    nothing = project.run("plan", "--exit-code")

    assert ([0, 3], 0) == (something, nothing.code)
    assert nothing.out.startswith("Plan for sandbox: nothing to do\n")


def test_a_saved_live_state_plans_without_the_account(project: Project) -> None:
    """The same changes and the same digest; but it can't be applied."""
    read = project.run("plan", "--save-live", "live.json", "--format", "json").document
    with project.account() as store:
        store.seed([{"userName": "new@example.com"}])

    saved = project.run("plan", "--live", "live.json", "--format", "json").document

    assert (read["digest"], read["changes"]) == (saved["digest"], saved["changes"])
    assert (True, False) == (read["applyable"], saved["applyable"])
    assert {"mode": "snapshot", "complete": True, "users": 0, "groups": 0, "requests": 0} == saved["read"]
    assert 0o600 == stat.S_IMODE((project.root / "live.json").stat().st_mode)


def test_a_plan_from_a_saved_live_state_is_not_refused_and_can_be_told_from_others(project: Project) -> None:
    """It is for looking: exit 0, or 3 if asked."""
    project.run("plan", "--save-live", "live.json")

    ran = project.run("plan", "--live", "live.json", "--exit-code")

    assert 3 == ran.code
    assert "made from a saved live state; an apply reads the account and plans again" in ran.out


def test_a_saved_live_state_is_saved_as_it_was_read_whether_or_not_it_is_planned_from(project: Project) -> None:
    """Both options at once: there is nothing new to save, and a person should hear that."""
    project.run("plan", "--save-live", "live.json")

    ran = project.run("plan", "--live", "live.json", "--save-live", "copy.json")

    assert 2 == ran.code or (project.root / "copy.json").exists()


def test_a_live_state_that_is_none_is_a_usage_error(project: Project) -> None:
    """And nothing is written."""
    project.write("{}", "live.json")

    ran = project.run("plan", "--live", "live.json")

    assert (2, []) == (ran.code, plans(project))
    assert "live.json is not a saved live state of format 1: make one with `plan --save-live FILE`" in ran.err


def test_a_guardrail_refuses_after_showing(project: Project) -> None:
    """Exit 4, with the plan on stdout and in plans/."""
    many = "".join(f"  u{number}: {{userName: u{number}@example.com}}\n" for number in range(10))
    project.commit(SANDBOX + "users:\n" + many)
    project.run("apply", "--yes")
    project.commit(SANDBOX + "users:\n" + many.replace(".com}", ".com, active: false}"))

    ran = project.run("plan", "--exit-code")

    assert 4 == ran.code
    assert "10 people lose access" in ran.out
    assert "max_deactivations: 10 is above 5 and 2 % of 10" in ran.out.replace(" or ", " and ")
    assert PLANS == plans(project)


def test_a_base_that_is_no_commit_is_a_usage_error(project: Project) -> None:
    """Whatever it looks like."""
    for name in ("nowhere", "--all", "HEAD~7", ""):
        ran = project.run("plan", f"--base={name}")
        assert (2, True) == (ran.code, "names no commit" in ran.err), (name, ran.said)


def test_who_left_git_loses_access_by_the_record_and_not_by_the_base(project: Project) -> None:
    """`--base` says what git said before, and no more; where no apply is on record, they are named and untouched."""
    project.run("apply", "--yes")
    project.commit(SANDBOX + TEAM.replace("  cid: {userName: cid@example.com, displayName: Cid, manager: bob}\n", ""))

    for base in ((), ("--base", "HEAD~1")):
        ran = project.run("plan", *base)
        assert ran.out.startswith("Plan for sandbox: 1 person loses access")
        assert "Cid (user/cid) loses access" in ran.out
    project.git("update-ref", "-d", "refs/heads/reconciler/sandbox")
    for base in ((), ("--base", "HEAD~1")):
        ran = project.run("plan", "--exit-code", *base)
        assert (3, True) == (
            ran.code,
            ran.out.startswith("Plan for sandbox: no changes; 1 user is named below, not changed"),
        ), ran.out
        assert "Cid (user/cid)" in ran.out


def test_a_day_is_a_day(project: Project) -> None:
    """Roles end by it; anything else is a usage error."""
    role = "role_assignments: [{role: specialist, users: [ann], expires: 2026-01-31}]\n"
    project.write(role, "desired-state/roles.yaml")

    plan = Plan.model_validate(project.run("plan", "--as-of", "2026-01-31", "--format", "json").document, strict=False)
    wrong = project.run("plan", "--as-of", "31.01.2026")

    assert ("2026-01-31", ("specialist",)) == (plan.as_of, plan.changes[0].roles)
    assert (2, True) == (wrong.code, "is not a date like 2027-03-31" in wrong.err)


def test_the_desired_state_may_be_where_the_command_runs(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--dir .`: plans and the embedded 4me stand beside the folder, not in it, and git stays clean."""
    inside = Project(project.root / "desired-state", monkeypatch)

    ran = inside.run("--dir", ".", "plan", "--format", "json")

    assert 0 == ran.code
    assert PLANS == plans(project)
    assert ["all.yaml"] == inside.written()
    assert project.git("rev-parse", "HEAD").strip() == ran.document["commit"]
    assert "desired-state/all.yaml" == ran.document["changes"][0]["source"]["file"]


def test_the_desired_state_may_be_the_whole_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--dir .` at the root of a repository: its history counts like any other."""
    root = Project(tmp_path / "people", monkeypatch)
    root.write(SANDBOX + TEAM, "all.yaml")
    root.git("add", "all.yaml")
    root.git("commit", "--quiet", "--message", "all")
    first = root.run("--dir", ".", "apply", "--yes")
    root.write(
        SANDBOX + TEAM.replace("  cid: {userName: cid@example.com, displayName: Cid, manager: bob}\n", ""), "all.yaml"
    )
    root.git("commit", "--quiet", "--all", "--message", "without Cid")

    ran = root.run("--dir", ".", "plan")

    assert (0, 0) == (first.code, ran.code)
    assert "Cid (user/cid) loses access" in ran.out


@pytest.mark.parametrize("form", FORMS)
def test_show_renders_a_saved_plan_as_plan_did(project: Project, form: str) -> None:
    """Needs neither the desired state nor the account."""
    printed = project.run("plan", "-o", "plan.json", "--format", form)
    for path in (project.root / "desired-state").iterdir():
        path.unlink()

    shown = project.run("show", "plan.json", "--format", form)

    assert (0, printed.out) == (shown.code, shown.out)


@pytest.mark.parametrize("form", FORMS)
def test_show_renders_an_outcome_as_apply_did(project: Project, form: str) -> None:
    """What was applied, and what was not."""
    project.write(project.run("apply", "--yes", "--format", "json").out, "run.json")

    shown = project.run("show", "run.json", "--format", form)

    assert 0 == shown.code
    assert "4" in shown.out
    assert "sandbox" in shown.out


APART = """\
guardrails: {separation_of_duties: [{roles: [auditor, key_contact], reason: "SOX 4.2"}]}
role_assignments:
  - {role: auditor, groups: [staff]}
"""


def test_duties_that_are_newly_together_refuse_and_the_way_they_came_is_told(project: Project) -> None:
    """Exit 4, at the line that brings it about; once it is so, it is a warning, and the plan is free to go on."""
    project.commit(SANDBOX + TEAM + APART)
    project.run("apply", "--yes")
    project.commit(SANDBOX + TEAM + APART + "  - {role: key_contact, users: [ann]}\n")

    ran = project.run("plan")

    assert 4 == ran.code
    assert (
        "! desired-state/all.yaml:11: separation_of_duties: Ann (user/ann) would hold key_contact and auditor"
        in ran.out
    )
    assert "(SOX 4.2): key_contact directly [desired-state/all.yaml:11]; auditor through" in ran.told

    assert 0 == project.run("validate").code
    assert "separation_of_duties: Ann (user/ann) is given auditor and key_contact" in project.run("validate").out


def test_an_account_that_lost_people_since_the_last_apply_is_not_built_upon(project: Project) -> None:
    """Exit 4: somebody else took them out, or the read hides them."""
    project.commit(SANDBOX + TEAM + "guardrails: {max_population_drop: {percent: 50}}\n")
    project.run("apply", "--yes")
    assert [3] == [one["population"] for one in project.applies() if one["state"] == "ended"]
    with project.account() as store:
        store.seed([{**user, "active": False} for user in list(store.simulator().users.values())[:2]])

    ran = project.run("plan")

    assert 4 == ran.code
    assert "max_population_drop: the account has 1 active users, 2 fewer than after the last apply (3)" in ran.out


def test_a_plan_from_files_that_were_parsed_before_is_the_same_to_the_byte(project: Project) -> None:
    """Whether they are read the first time or again; what is kept of them is for its owner alone."""
    project.write(f"# {'-' * LEAST_TO_CACHE}\n" + SANDBOX + TEAM)
    parsed = project.root / ".reconciler" / CACHE_FILE

    first = project.run("plan", "--format", "json").out
    assert 0o600 == parsed.stat().st_mode & 0o777
    assert first == project.run("plan", "--format", "json").out
    parsed.write_bytes(b"damaged")
    assert first == project.run("plan", "--format", "json").out


SECRET = ["Clerk", "Chief Clerk", "bob@example.com"]


def test_no_report_shows_what_is_redacted(project: Project) -> None:
    """Plans in each format, explain, drift and the log; fingerprints stay the same, and so does the digest."""
    plain = project.run("plan", "--format", "json").document
    project.commit(SANDBOX + TEAM + "redact: [title, userName, displayName]\n")

    plan = project.run("plan", "-o", "plan.json")
    document = json.loads((project.root / "plan.json").read_text())
    said = [
        plan.said,
        json.dumps(document),
        project.run("plan", "--format", "html").said,
        project.run("plan", "--format", "markdown").said,
        project.run("show", "plan.json").said,
        project.run("show", "plan.json", "--format", "markdown").said,
        project.run("apply", "plan.json", "--format", "json").said,
        project.run("explain", "bob").said,
        project.run("explain", "bob", "--account").said,
        project.run("log").said,
    ]
    project.commit(SANDBOX + TEAM.replace("Clerk", "Chief Clerk") + "redact: [title, userName, displayName]\n")
    said += [project.run("plan").said, project.run("drift").said]

    assert plain["digest"] != document["digest"]
    assert [] == [(secret, one) for secret in (*SECRET, "Ann", "Bob") for one in said if secret in one]
    fingerprint = re.findall(r"title:\s+(fingerprint:[0-9a-f]{16})", plan.said)
    assert [fingerprint[0]] == re.findall(r"title: (fingerprint:[0-9a-f]{16}) → ", said[-2])
    assert 0o600 == (project.root / ".reconciler/fingerprint.key").stat().st_mode & 0o777


def test_fingerprints_are_the_same_on_machines_that_are_given_a_key(project: Project) -> None:
    """No file is made then; another key makes others."""
    project.commit(SANDBOX + TEAM + "redact: [title]\n")

    def fingerprints(key: str) -> list[str]:
        project.environment["RECONCILER_FINGERPRINT_KEY"] = key * 16
        return re.findall(r"fingerprint:[0-9a-f]{16}", project.run("-q", "plan", "-o", "x").out)

    assert fingerprints("one") == fingerprints("one") != fingerprints("two") != []
    assert not (project.root / ".reconciler/fingerprint.key").exists()


def test_a_key_that_is_none_is_said(project: Project) -> None:
    """An empty file makes fingerprints that anybody can try."""
    project.commit(SANDBOX + TEAM + "redact: [title]\n")
    project.write("", ".reconciler/fingerprint.key")
    (project.root / ".reconciler" / "fingerprint.key").chmod(0o600)

    ran = project.run("plan")

    assert (2, True) == (
        ran.code,
        "holds no key of fingerprints: delete this file, and the next run makes a key" in ran.err,
    )
