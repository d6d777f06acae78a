"""Each row of the table of memberships and roles as a story, with the rules of ownership beside it."""

from __future__ import annotations

import pytest

from tests.ownership.estate import DIFFERENCES, DONE, Estate, people, person, team

ANN_BOB = people("ann", "bob")
ADDITIVE = team("ann", "bob", "cid", membership="additive")
ROLES = "role_assignments:\n  - {role: specialist, users: [ann, bob]}\n"


def give_roles(estate: Estate, name: str, *roles: str) -> None:
    """Gives roles by hand."""
    operation = {"op": "replace", "path": "roles", "value": [{"value": role} for role in roles]}
    estate.hand("PATCH", f"/Users/{estate.id_of(name)}", {"Operations": [operation]})


def roles_of(estate: Estate, name: str) -> set[str]:
    """Returns the roles of a user in the account."""
    user = next(one for one in estate.project.users().values() if one["displayName"] == name)
    listed = user.get("roles") or []
    assert isinstance(listed, list)
    return {str(one["value"]) for one in listed if isinstance(one, dict)}


def test_an_authoritative_group_loses_who_is_not_declared_also_who_was_added_by_hand(estate: Estate) -> None:
    """The first row; a user who is unaccounted for stays in, and is out once that is settled."""
    estate.hires("fay")
    estate.hires("kai")
    estate.says(people("ann", "bob", "cid", "fay"))
    estate.says(people("ann", "bob", "cid"))
    for name in ("Fay", "Kai"):
        estate.joins(name)

    seen = estate.plan()

    assert {"group/staff": "remove_members"} == seen.changes
    assert {"Fay": "unaccounted"} == seen.named
    estate.applies()
    assert {"Ann", "Bob", "Cid", "Fay"} == estate.members()
    estate.settles(seen.settle("Fay"))
    estate.applies()
    assert {"Ann", "Bob", "Cid"} == estate.members()
    assert DONE == estate.plan().ran.code


def test_an_additive_group_loses_nobody(estate: Estate) -> None:
    """Also where it is additive from now on, and where the member leaves git: they lose access, and stay in."""
    estate.says(groups=ADDITIVE)
    estate.applies()
    estate.says(groups=team("ann", "bob", membership="additive"))
    assert {} == estate.plan().changes

    estate.says(ANN_BOB)
    assert {"user/cid": "deactivate_user"} == estate.plan().changes
    estate.applies()
    assert {"Ann", "Bob", "Cid"} == estate.members()


def test_a_group_that_left_loses_the_members_that_its_last_covered_commit_declares(estate: Estate) -> None:
    """Others stay in, and are listed; afterwards there is nothing to do."""
    estate.hires("kai")
    estate.says(groups={})
    estate.joins("Kai")

    seen = estate.plan()

    assert {"group/staff": "remove_members"} == seen.changes
    [change] = seen.plan["changes"]
    assert ["user/ann", "user/bob", "user/cid"] == sorted(change["members"])
    estate.applies()
    assert {"Kai"} == estate.members()
    assert (DONE, {}) == ((done := estate.plan()).ran.code, done.named)


def test_a_group_that_was_additive_when_it_left_keeps_its_members(estate: Estate) -> None:
    """What its last covered commit said decides, not what one before it said."""
    estate.says(groups=ADDITIVE)
    estate.applies()
    estate.says(groups={})

    assert {} == estate.plan().changes
    estate.applies()
    assert {"Ann", "Bob", "Cid"} == estate.members()


def test_a_group_that_is_unaccounted_for_keeps_its_members_until_a_line_settles_it(estate: Estate) -> None:
    """A group that git had for one commit which was never applied, with members that it declared."""
    estate.hand("POST", "/Groups", {"displayName": "Crew", "members": [{"value": estate.id_of("Ann")}]})
    staff = team("ann", "bob", "cid")
    estate.says(groups={**staff, "crew": "{displayName: Crew, members: [ann]}"})
    estate.says(groups=staff)

    seen = estate.plan()

    assert (DIFFERENCES, {}, {"Crew": "unaccounted"}) == (seen.ran.code, seen.changes, seen.named)
    line = seen.settle("Crew")
    estate.applies()
    assert {"Ann"} == estate.members("Crew")
    estate.settles(line)
    estate.applies()
    assert set() == estate.members("Crew")
    assert (DONE, {}) == ((done := estate.plan()).ran.code, done.named), done.ran.said


def test_a_linked_user_gets_the_whole_set_of_roles_but_for_account_owner(estate: Estate) -> None:
    """Also what was given by hand goes, as long as git assigns roles to anybody."""
    estate.says(more=ROLES)
    estate.applies()
    give_roles(estate, "Ann", "specialist", "auditor", "account_owner")
    give_roles(estate, "Cid", "specialist")

    assert {"user/ann": "revoke_roles", "user/cid": "revoke_roles"} == estate.plan().changes
    estate.applies()
    assert ({"specialist", "account_owner"}, set()) == (roles_of(estate, "Ann"), roles_of(estate, "Cid"))


def test_once_git_assigns_no_role_what_it_assigned_is_revoked(estate: Estate) -> None:
    """And what a hand gave stays: roles are unmanaged from then on."""
    estate.says(more=ROLES)
    estate.applies()
    give_roles(estate, "Cid", "auditor", "specialist")
    estate.says(more="")

    assert {"user/ann": "revoke_roles", "user/bob": "revoke_roles"} == estate.plan().changes
    estate.applies()
    assert (set(), {"auditor", "specialist"}) == (roles_of(estate, "Ann"), roles_of(estate, "Cid"))
    assert DONE == estate.plan().ran.code


def test_a_leaver_is_out_of_authoritative_groups_and_told_with_the_deactivation(estate: Estate) -> None:
    """One user loses access, a group changes, and nothing is left over for the next plan."""
    estate.says(more=ROLES.replace("ann, bob", "ann, cid"))
    estate.applies()
    estate.says(ANN_BOB, team("ann", "bob"), ROLES.replace(", bob", ""))

    seen = estate.plan()

    assert {"deactivate_user", "remove_members"} <= set(seen.changes.values())
    estate.applies()
    assert ({"Ann", "Bob"}, {"Ann", "Bob"}) == (estate.active(), estate.members())
    assert DONE == estate.plan().ran.code


def test_adopted_users_are_ours_from_the_first_apply_though_nothing_was_written(estate: Estate) -> None:
    """Else nobody whom `import` brought could leave. The plan that adopts says so."""
    estate.hires("fay", externalId="fay")
    estate.says(people("ann", "bob", "cid", "fay"))

    seen = estate.plan()

    assert {} == seen.changes
    assert "user/fay" in seen.ran.said
    estate.applies()
    assert "user/fay" not in estate.plan().ran.said
    estate.says(people("ann", "bob", "cid"))
    assert {"user/fay": "deactivate_user"} == estate.plan().changes


def test_on_removed_ignore_skips_by_name_and_deactivate_later_shows_all_of_them(estate: Estate) -> None:
    """They stay ours, through any number of applies, and whatever was tidied up meanwhile."""
    ignoring = {"sandbox": "{url: sandbox, scope: all, on_removed: ignore}"}
    estate.says(ANN_BOB, team("ann", "bob"), tenants=ignoring)
    seen = estate.plan()
    assert "on_removed is ignore" in seen.skipped["user/cid"]
    assert "deactivate_user" not in seen.changes.values()
    estate.applies()
    estate.says(people("ann"), team("ann"))
    estate.applies()
    assert {"Ann", "Bob", "Cid"} == estate.active()

    estate.says(tenants={"sandbox": "{url: sandbox, scope: all}"})
    assert {"user/bob": "deactivate_user", "user/cid": "deactivate_user"} == estate.plan().changes
    estate.applies()
    assert {"Ann"} == estate.active()


def test_out_of_scope_is_deactivated_where_a_covered_commit_had_them_in_scope(estate: Estate) -> None:
    """A user whom no apply provisioned is skipped, with that reason."""
    estate.hires("gus", title="Clerk")
    wanted = "{users: [{title: no clerks, clauses: [{attribute: title, operator: IS NULL}]}]}"
    tenants = {"sandbox": f"{{url: sandbox, scope: all, scoping_filters: {wanted}}}"}
    clerks = people("ann", "bob", cid=person("cid", title="Clerk"), gus=person("gus", title="Clerk"))
    estate.says(clerks, tenants=tenants)

    seen = estate.plan()

    assert "deactivate_user" == seen.changes["user/cid"]
    assert "user/gus" not in seen.changes
    assert "never provisioned by an apply" in seen.skipped["user/gus"]
    estate.applies()
    assert {"Ann", "Bob", "Gus"} == estate.active()


def test_a_key_that_comes_back_is_reactivated_with_a_warning(estate: Estate) -> None:
    """The same record, and the warning says when the key had left."""
    estate.says(ANN_BOB, team("ann", "bob"))
    estate.applies()
    gone = estate.project.git("rev-parse", "--short=12", "HEAD").strip()
    estate.says(people("ann", "bob", "cid"), team("ann", "bob", "cid"))

    seen = estate.plan()

    assert "reactivate_user" == seen.changes["user/cid"]
    assert f"user/cid is declared again, after the key left git by commit {gone}" in seen.forms["txt"]
    estate.applies()
    assert {"Ann", "Bob", "Cid"} == estate.active()
    assert DONE == estate.plan().ran.code


def test_who_was_released_and_is_declared_again_is_adopted_with_a_warning_and_can_leave(estate: Estate) -> None:
    """From that apply on they are ours, and leave with git. Also where the line was tidied up, and that applied."""
    estate.says(ANN_BOB, team("ann", "bob"), "released: [{key: user/cid, reason: CHG-9}]")
    estate.applies()
    estate.says(people("ann", bob=person("bob", title="Clerk")), more="")
    estate.applies()
    assert "Cid" in estate.active()
    estate.says(people("ann", "bob", "cid"), team("ann", "bob", "cid"), "")
    assert "is declared again" in estate.plan().forms["txt"]
    estate.applies()

    estate.says(ANN_BOB, team("ann", "bob"))
    assert "deactivate_user" == estate.plan().changes["user/cid"]
    estate.applies()
    assert {"Ann", "Bob"} == estate.active()


@pytest.mark.parametrize("was", ["cid", "[cyd, cid]"])
def test_was_keeps_a_user_whose_key_changed(estate: Estate, was: str) -> None:
    """Also over a rename that was never applied: the list has both keys."""
    if "cyd" in was:
        estate.says({**ANN_BOB, "cyd": person("cid", was="cid")}, team("ann", "bob", "cyd"))
    estate.says({**ANN_BOB, "sid": person("sid", was=was)}, team("ann", "bob", "sid"))
    before = estate.id_of("Cid")

    seen = estate.plan()

    assert ({}, {"user/sid": "update_user"}) == (seen.named, seen.changes), seen.ran.said
    estate.applies()
    assert before == estate.id_of("Sid")
    assert DONE == estate.plan().ran.code
    estate.says(ANN_BOB, team("ann", "bob"))
    assert {"Ann", "Bob"} == (estate.applies(), estate.active())[1]


def test_without_was_a_changed_key_and_name_is_a_leaver_and_somebody_new(estate: Estate) -> None:
    """Nothing of the two is the same: that is what leaving and joining look like."""
    estate.says(people("ann", "bob", "sid"), team("ann", "bob", "sid"))

    seen = estate.plan()

    assert ("deactivate_user", "create_user") == (seen.changes["user/cid"], seen.changes["user/sid"])
