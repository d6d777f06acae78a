"""Each row of the table of verdicts as a story: the plan, the line that resolves the user, and the result."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.ownership.estate import DIFFERENCES, DONE, FAILED, Estate, people, person, team

ANN_BOB = people("ann", "bob")


def leave(estate: Estate) -> None:
    """Removes Cid from git and from the group."""
    estate.says(ANN_BOB, team("ann", "bob"))


def declared_and_never_applied(estate: Estate) -> str:
    """Makes Fay: in the account, declared in one commit, which was never applied."""
    estate.hires("fay")
    estate.says(people("ann", "bob", "cid", "fay"))
    estate.says(people("ann", "bob", "cid"))
    return "Fay"


def out_of_scope_then_gone(estate: Estate) -> str:
    """Makes Gus: declared, but out of scope for this tenant."""
    estate.hires("gus")
    clauses = "[{attribute: title, operator: IS NULL}]"
    nobody = f"{{url: sandbox, scope: all, scoping_filters: {{users: [{{title: all, clauses: {clauses}}}]}}}}"
    estate.says(people("ann", "bob", "cid", gus=person("gus", title="Clerk")), tenants={"sandbox": nobody})
    estate.says(people("ann", "bob", "cid"))
    return "Gus"


def on_a_branch_that_is_gone(estate: Estate) -> str:
    """Makes Eve: applied from a commit outside all branches; a recovery chose this line of history."""
    on_another_branch(estate)
    estate.project.git("branch", "--quiet", "-D", "side")
    return "Eve"


def on_another_branch(estate: Estate) -> str:
    """Makes Eve: applied from another branch; a recovery chose this line of history."""
    estate.project.git("checkout", "--quiet", "-b", "side")
    estate.says(people("ann", "bob", "cid", "eve"))
    estate.applies()
    estate.project.git("checkout", "--quiet", "main")
    estate.says(people("ann", "bob", cid=person("cid", title="Clerk")))
    shown = estate.project.run("ownership", "recover")
    assert DONE == shown.code, shown.said
    digest = shown.err.split("--yes ")[1].strip()
    assert DONE == estate.project.run("ownership", "recover", "--yes", digest).code
    return "Eve"


STORIES: dict[str, tuple[Callable[[Estate], str], str]] = {
    "declared and never applied": (declared_and_never_applied, "unaccounted"),
    "out of scope, then gone": (out_of_scope_then_gone, "unaccounted"),
    "on another branch": (on_another_branch, "elsewhere"),
    "on a branch that is gone": (on_a_branch_that_is_gone, "unsettled"),
}


@pytest.mark.parametrize("story", STORIES)
def test_who_is_named_is_untouched_until_left_settles_it(estate: Estate, story: str) -> None:
    """The plan names the user, the facts and the line that resolves it; the line then takes access away."""
    tell, verdict = STORIES[story]
    name = tell(estate)

    seen = estate.plan()

    assert DIFFERENCES == seen.ran.code, seen.ran.said
    assert {name: verdict} == seen.named
    line = seen.settle(name)
    assert "deactivate_user" not in seen.changes.values()
    assert "othing to do" not in seen.forms["txt"]

    ran = estate.applies()
    assert name in estate.active(), ran.said

    estate.settles(line)
    settled = estate.plan()
    assert {} == settled.named
    assert "deactivate_user" in settled.changes.values()
    estate.applies()
    assert name not in estate.active()
    done = estate.plan()
    assert (DONE, {}, {}) == (done.ran.code, done.changes, done.named), done.ran.said


@pytest.mark.parametrize("story", STORIES)
def test_who_is_named_is_unmanaged_once_released_settles_it(estate: Estate, story: str) -> None:
    """With `released:` in place of `left:` they stay unchanged, even after the line is removed."""
    tell, _verdict = STORIES[story]
    name = tell(estate)
    [named] = estate.plan().plan["named"]

    estate.settles(named["settle"].replace("left:", "released:"))
    seen = estate.plan()
    assert {} == seen.named
    assert "deactivate_user" not in seen.changes.values()
    assert name in {one["name"] for one in seen.plan["unmanaged"]}
    estate.applies()
    estate.says(more="")
    tidied = estate.plan()
    assert (DONE, {}, {}) == (tidied.ran.code, tidied.changes, tidied.named), tidied.ran.said
    assert name in estate.active()
    assert "unmanaged: released at" in estate.project.run("ownership", "show", estate.id_of(name)).told


def leaves_by_the_line(estate: Estate) -> None:
    """Cid is removed from git, and so from the group."""
    leave(estate)


def leaves_by_a_squash(estate: Estate) -> None:
    """No branch contains the applied commit; an ancestor of HEAD has the same folder."""
    git = estate.project.git
    git("checkout", "--quiet", "--orphan", "new")
    git("commit", "--quiet", "--message", "all of it")
    git("branch", "--quiet", "--force", "main", "new")
    git("checkout", "--quiet", "main")
    git("branch", "--quiet", "-D", "new")
    leave(estate)


def leaves_from_a_file(estate: Estate) -> None:
    """The file that declared Cid is deleted."""
    estate.users = people("ann", "bob")
    estate.groups = team("ann", "bob")
    estate.project.write("users:\n  cid: " + person("cid") + "\n", "desired-state/cid.yaml")
    estate.says()
    estate.applies()
    (estate.project.root / "desired-state" / "cid.yaml").unlink()
    estate.says()


LEAVES = {
    "by the line": leaves_by_the_line,
    "by a squash": leaves_by_a_squash,
    "from a file": leaves_from_a_file,
}


@pytest.mark.parametrize("story", LEAVES)
def test_a_leaver_has_a_commit_and_a_line_and_loses_access(estate: Estate, story: str) -> None:
    """All three witnesses agree. In the end the account equals git, also after a change by hand."""
    LEAVES[story](estate)
    seen = estate.plan()
    assert (DIFFERENCES, {}) == (seen.ran.code, seen.named), seen.ran.said
    assert {"user/cid": "deactivate_user"} == {key: what for key, what in seen.changes.items() if key == "user/cid"}
    assert "covered by apply #" in seen.forms["txt"]
    [line] = [one["source"] for one in seen.plan["changes"] if one["key"] == "user/cid"]
    assert line["file"].startswith("desired-state/")
    assert line["commit"]
    estate.applies()
    assert {"Ann", "Bob"} == estate.active()
    assert DONE == estate.plan().ran.code

    estate.changes("Cid", active=True)
    drifted = estate.project.run("drift", "--exit-code")
    assert (DIFFERENCES, True) == (drifted.code, "Cid" in drifted.out), drifted.said
    estate.applies()
    assert {"Ann", "Bob"} == estate.active()
    assert DONE == estate.project.run("drift", "--exit-code").code


def test_who_git_never_had_is_unmanaged_until_left_names_an_id(estate: Estate) -> None:
    """A duplicate that was made by hand is listed, and unchanged until git declares that it left."""
    double = estate.hires("kai")
    seen = estate.plan()
    assert (DONE, {}, ["Kai"]) == (seen.ran.code, seen.named, [one["name"] for one in seen.plan["unmanaged"]])

    estate.says(more=f'left: [{{id: "{double}", reason: "a double, CHG-13"}}]')
    assert "a double, CHG-13" in estate.plan().forms["txt"]
    estate.applies()
    assert {"Ann", "Bob", "Cid"} == estate.active()
    estate.changes("Kai", active=True)
    assert {f"user/id/{double}": "deactivate_user"} == estate.plan().changes


def test_a_line_of_left_for_a_key_that_no_commit_matches_does_nothing(estate: Estate) -> None:
    """One witness is not enough: a key that git never had finds no user."""
    estate.hires("kai")
    estate.says(more="left: [{key: user/kai, reason: CHG-1}]")

    seen = estate.plan()

    assert ({}, {}) == (seen.changes, seen.named)
    estate.applies()
    assert "Kai" in estate.active()


@pytest.mark.parametrize("section", ["left", "released"])
def test_a_line_for_somebody_whom_git_declares_is_a_problem(estate: Estate, section: str) -> None:
    """A user can't be declared and have left: nothing is planned, and nothing is sent."""
    before = estate.account()
    estate.says(more=f"{section}: [{{key: user/cid, reason: CHG-1}}]")

    ran = estate.apply()

    assert 0 != ran.code
    assert f"{section}: user/cid is declared" in ran.said
    assert before == estate.account()


def test_two_records_that_match_one_declaration_are_never_nothing_to_do(estate: Estate) -> None:
    """Neither loses access, both are named, and the plan continues after a repair by hand."""
    estate.hires("cyd", externalId="cyd")
    cyd = person("cid", displayName="Cyd", was="cid")
    estate.says({**ANN_BOB, "cyd": cyd}, team("ann", "bob"))

    seen = estate.plan()

    assert DIFFERENCES == seen.ran.code
    assert "othing to do" not in seen.forms["txt"]
    assert "Cid (scim-u-000003) by externalId, Cyd (scim-u-000004) by externalId" in seen.forms["txt"]
    drifted = estate.project.run("drift", "--exit-code")
    assert (DIFFERENCES, False) == (drifted.code, "No drift" in drifted.out)
    assert "verdict: unclear" in estate.project.run("ownership", "show", "user/cid").out
    assert FAILED == estate.apply().code
    assert {"Ann", "Bob", "Cid", "Cyd"} == estate.active()

    estate.settles('left: [{id: "scim-u-000003", reason: CHG-1}]')
    estate.apply()
    assert {"Ann", "Bob", "Cyd"} == estate.active()


def test_two_records_that_match_what_was_applied_are_both_named_and_settled_by_id(estate: Estate) -> None:
    """One has the externalId and the other the login; a person must decide which of them left."""
    estate.changes("Cid", userName="cidney@example.com", displayName="Cidney")
    estate.hires("cid", externalId="other")
    leave(estate)

    seen = estate.plan()

    assert {"Cid": "unaccounted", "Cidney": "unaccounted"} == seen.named
    line = seen.settle("Cidney")
    assert estate.id_of("Cidney") in line
    estate.settles(line)
    assert {"Cid": "unaccounted"} == estate.plan().named
    estate.applies()
    assert {"Ann", "Bob", "Cid"} == estate.active()
    estate.says(more=f'{estate.more}released: [{{id: "{estate.id_of("Cid")}", reason: CHG-1}}]')
    assert (DONE, {}) == ((done := estate.plan()).ran.code, done.named)


def test_a_commit_that_does_not_compile_makes_nobody_a_leaver(estate: Estate) -> None:
    """The plan names the commit once, and is not "nothing to do"."""
    estate.hires("gus")
    estate.says(people("ann", "bob", "cid", "gus"), more="nonsense: []")
    estate.says(people("ann", "bob", "cid"), more="")

    seen = estate.plan()

    assert (DONE, {}, {}) == (seen.ran.code, seen.changes, seen.named)
    assert 1 == seen.forms["txt"].count("so its declarations are unknown")
    assert "othing to do" not in seen.forms["txt"]
