"""Roles as the account has them, as edits of the assignments."""

from __future__ import annotations

import pytest

from reconciler.core.adoption.adopt_roles import RoleAdoption
from reconciler.core.adoption.edits import AddItem, Edit, RemoveItem, SetValues
from tests.core.adopted import FILE, TENANT, read_ground

SECTION = ("role_assignments",)
PEOPLE = "".join(f"  {name}: {{userName: {name}@example.com}}\n" for name in ("ann", "bob", "cid", "dee"))
TEXT = f"""\
users:
{PEOPLE}
groups:
  desk: {{displayName: Desk, members: [dee]}}
role_assignments:
  - {{role: specialist, users: [ann, bob], groups: [desk]}}
  - {{role: auditor, users: [ann], reason: CHG-1}}
  - {{role: auditor, users: [cid], expires: 2027-01-01}}
  - {{role: problem_manager, users: [ann]}}
  - {{role: key_contact, users: [dee, ann]}}
  - {{role: key_contact, users: [bob], expires: 2020-01-01}}
"""
ASSIGNED = TENANT.replace("all", "assigned")


def adopted(
    user: str, *, granted: tuple[str, ...] = (), revoked: tuple[str, ...] = (), tenant: str = TENANT, text: str = TEXT
) -> tuple[list[Edit], list[str]]:
    adoption = RoleAdoption(read_ground(tenant + text))
    adoption.adopt(user, granted, revoked)
    return adoption.edits(), [f"{one.source}: {one.message}" for one in adoption.problems]


def users(place: int, *names: str) -> SetValues:
    return SetValues(FILE, (*SECTION, place), {("users",): list(names)})


@pytest.mark.parametrize(
    ("user", "granted", "revoked", "expected"),
    [
        ("cid", ("specialist",), (), [users(0, "ann", "bob", "cid")]),
        ("bob", (), ("specialist",), [users(0, "ann")]),
        ("cid", ("key_contact",), (), [users(4, "dee", "ann", "cid")]),
        ("bob", ("key_contact",), ("specialist",), [users(0, "ann"), users(4, "dee", "ann", "bob")]),
        ("bob", ("auditor",), (), [AddItem(FILE, SECTION, {"role": "auditor", "users": ["bob"]}, 2)]),
        ("bob", ("account_designer",), (), [AddItem(FILE, SECTION, {"role": "account_designer", "users": ["bob"]})]),
        ("cid", (), ("auditor",), [RemoveItem(FILE, SECTION, 2)]),
        ("ann", (), ("problem_manager",), [RemoveItem(FILE, SECTION, 3)]),
        ("ann", (), ("specialist", "problem_manager"), [users(0, "bob"), RemoveItem(FILE, SECTION, 3)]),
    ],
)
def test_the_lists_of_assignments_say_who_holds_what(
    user: str, granted: tuple[str, ...], revoked: tuple[str, ...], expected: list[Edit]
) -> None:
    """Not in one that has a reason or an end of its own; one that is given to nobody any more goes."""
    assert (expected, []) == adopted(user, granted=granted, revoked=revoked)


def test_several_people_share_one_new_assignment() -> None:
    """And one list is edited once."""
    adoption = RoleAdoption(read_ground(TENANT + TEXT))
    for user in ("cid", "bob"):
        adoption.adopt(user, ["account_designer", "key_contact"], [])

    new = AddItem(FILE, SECTION, {"role": "account_designer", "users": ["bob", "cid"]})
    assert [new, users(4, "dee", "ann", "cid", "bob")] == adoption.edits()


@pytest.mark.parametrize(
    ("user", "granted", "revoked", "expected"),
    [
        (
            "dee",
            (),
            ("specialist",),
            "all.yaml:11: user/dee lost specialist in the account, and has it in git through",
        ),
        ("bob", ("User",), (), 'all.yaml:4: user/bob holds "User" in the account, which is not a role of 4me'),
        (
            "ann",
            (),
            ("specialist",),
            "all.yaml:3: user/ann holds problem_manager without specialist in the account",
        ),
        (
            "cid",
            ("problem_manager", "key_contact"),
            (),
            "user/cid holds problem_manager without specialist in the account",
        ),
    ],
)
def test_what_no_assignment_can_say_is_told_and_nothing_of_it_done(
    user: str, granted: tuple[str, ...], revoked: tuple[str, ...], expected: str
) -> None:
    """Roles are a set: half of it would be another one."""
    edits, [told] = adopted(user, granted=granted, revoked=revoked)

    assert [] == edits
    assert expected in told


def test_whoever_loses_the_last_role_keeps_plain_access() -> None:
    """In the account they have access without a role: that is what `user` is called in git."""
    edits, told = adopted("bob", revoked=("specialist",), tenant=ASSIGNED)

    assert [] == told
    assert [AddItem(FILE, SECTION, {"role": "user", "users": ["bob"]}), users(0, "ann")] == edits


@pytest.mark.parametrize("more", ["", ", groups: [desk]"])
def test_a_list_that_is_left_empty_goes_with_its_last_assignment(more: str) -> None:
    """Unless groups have the role too."""
    text = f"users:\n{PEOPLE}groups: {{desk: {{displayName: Desk}}}}\n"
    text += f"role_assignments: [{{role: auditor, users: [ann]{more}}}]\n"
    edits, _told = adopted("ann", revoked=("auditor",), text=text)

    assert [users(0) if more else SetValues(FILE, (), {SECTION: []})] == edits


def test_where_git_assigns_no_role_any_more_there_is_nothing_to_edit() -> None:
    """It did when it was applied last."""
    edits, [told] = adopted("ann", granted=("auditor",), text=f"users:\n{PEOPLE}")

    assert [] == edits
    assert "user/ann holds auditor in the account, and git no longer assigns any role" in told


OVER_REST = TENANT.replace("all", "all, roles_via: permissions")


def test_over_rest_whoever_holds_nothing_may_only_wait_for_it() -> None:
    """Some of it taken away is somebody's doing; over SCIM so is all of it."""
    waiting, said = adopted(
        "ann", revoked=("auditor", "key_contact", "problem_manager", "specialist"), tenant=OVER_REST
    )

    assert ([], 1) == (waiting, len(said))
    assert "user/ann holds no role from git in the account: 4me may have linked them" in said[0]
    assert ([RemoveItem(FILE, SECTION, 3)], []) == adopted("ann", revoked=("problem_manager",), tenant=OVER_REST)
    assert [] == adopted("bob", revoked=("specialist",))[1]
