"""Re-runs, and runs from another branch: refused unless HEAD is the tip of the default branch at the remote."""

from __future__ import annotations

import json

import pytest

from tests.cli.project import TEAM, Project, Ran
from tests.cli.test_ownership import Office, office  # noqa: F401  # a fixture

CHIEF = TEAM.replace("displayName: Ann}", "displayName: Ann, title: Chief}")
COMMANDS = (("ownership", "begin"), ("apply", "--yes"))


def in_job(
    project: Project, *, ref: str | None = "refs/heads/main", attempt: int = 1, default: str | None = "main"
) -> None:
    """Sets the variables of a job, and its event."""
    event = {"repository": {"default_branch": default} if default else {"name": "directory"}}
    file = project.write(json.dumps(event), ".reconciler/event.json")
    project.environment |= {
        "GITHUB_REPOSITORY": "acme/directory",
        "GITHUB_RUN_ID": "42",
        "GITHUB_RUN_ATTEMPT": str(attempt),
        "GITHUB_EVENT_PATH": str(file),
        "GITHUB_REF": ref or "",
    }


def refuse(office: Office, *said: str) -> None:  # noqa: F811  # the fixture
    """Both commands refuse, send nothing and record nothing."""
    before = office.tip()
    for command in COMMANDS:
        ran = office.here.run(*command)
        assert (4, "") == (ran.code, ran.out), ran.said
        for one in said:
            assert one in ran.err
    assert before == office.tip()


def applied(office: Office) -> Ran:  # noqa: F811
    ran = office.here.run("apply", "--yes")
    assert 0 == ran.code, ran.err
    return ran


def move_on(office: Office) -> str:  # noqa: F811
    """The other clone pushes a commit to main, which this one does not have."""
    tip = office.there.commit(CHIEF)
    office.there.git("push", "--quiet", "origin", "HEAD:main")
    return tip


def test_a_re_run_of_an_old_commit_is_refused_with_the_tip(office: Office) -> None:  # noqa: F811
    head, tip = office.here.git("rev-parse", "HEAD").strip(), move_on(office)
    in_job(office.here, attempt=2)

    refuse(
        office,
        f"this is attempt 2 of a run, so it may be an old one, and {head[:12]} is not the tip of main, "
        f"which is {tip[:12]}",
        "run the newest again: the workflow's last run on main, or a new run there",
    )
    assert {} == office.store.simulator().users


def test_a_re_run_of_the_tip_goes_on(office: Office) -> None:  # noqa: F811
    in_job(office.here, attempt=2)
    applied(office)


def test_the_first_run_of_a_push_goes_on_after_main_has_moved(office: Office) -> None:  # noqa: F811
    """Its approvals are effects."""
    move_on(office)
    in_job(office.here)
    applied(office)


@pytest.mark.parametrize("ref", ["refs/heads/feature", "refs/tags/main", "refs/pull/7/merge", "main", None])
@pytest.mark.parametrize("default", ["main", None])
def test_a_run_from_another_branch_is_refused_unless_it_is_the_tip(
    office: Office,  # noqa: F811
    ref: str | None,
    default: str | None,
) -> None:
    """Whether the event names the default branch, or only the remote does."""
    office.here.git("checkout", "--quiet", "-b", "feature")
    office.here.commit(CHIEF)
    office.here.git("push", "--quiet", "origin", "feature")
    in_job(office.here, ref=ref, default=default)

    refuse(office, "which is not known as the default branch", "is not the tip of main")

    office.here.git("checkout", "--quiet", "main")
    applied(office)


def test_without_an_event_the_remote_names_the_default_branch(office: Office) -> None:  # noqa: F811
    """So a first run of a push goes on, and no file of an event is needed."""
    move_on(office)
    in_job(office.here)
    del office.here.environment["GITHUB_EVENT_PATH"]
    applied(office)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"repository": 7}', '{"repository": {"default_branch": 7}}'])
def test_an_event_that_says_nothing_is_as_none(office: Office, text: str) -> None:  # noqa: F811
    move_on(office)
    in_job(office.here)
    office.here.write(text, ".reconciler/event.json")
    applied(office)


def test_a_commit_that_a_later_whole_apply_has_is_done(office: Office) -> None:  # noqa: F811
    """As outside a job: the re-run of an old merge is green, and does nothing."""
    move_on(office)
    assert 0 == office.there.run("apply", "--yes").code
    before = office.tip()
    in_job(office.here, attempt=3)

    begun, ran = office.here.run("ownership", "begin"), office.here.run("apply", "--yes")

    assert (0, 0, before) == (begun.code, ran.code, office.tip())
    assert "a later commit that contains HEAD" in begun.out
    assert "Chief" in {str(user.get("title")) for user in office.store.simulator().users.values()}


def test_a_remote_that_can_not_be_asked_refuses(office: Office) -> None:  # noqa: F811
    """For the tip, and where it has no such branch."""
    in_job(office.here, attempt=2, default="trunk")
    refuse(
        office,
        "this is attempt 2 of a run",
        "the remote can't be asked for the tip of the default branch (origin has no refs/heads/trunk)",
    )


def test_a_repository_without_a_remote_refuses(office: Office) -> None:  # noqa: F811
    in_job(office.here, attempt=2)
    office.here.git("remote", "remove", "origin")
    for command in COMMANDS:
        ran = office.here.run(*command)
        assert (4, True) == (ran.code, "(this clone has no remote)" in ran.err)


def test_the_embedded_4me_is_this_machine_s_own(project: Project) -> None:
    """It has no remote side that an old run could undo."""
    in_job(project, attempt=2)
    assert 0 == project.run("apply", "--yes").code


def test_a_local_apply_trusts_its_begin(office: Office) -> None:  # noqa: F811
    """The step with the account's token can't ask the remote."""
    in_job(office.here, attempt=2)
    assert 0 == office.here.run("ownership", "begin").code
    office.origin.rename(office.origin.with_name("gone.git"))

    assert 0 == office.here.run("apply", "--yes", "--record", "local").code
