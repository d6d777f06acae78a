"""The warnings of a plan that does not converge: by attribute or action, with the line that asks for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    CreateGroup,
    DeactivateUser,
    GrantRoles,
    ReactivateUser,
    UpdateUser,
)
from reconciler.core.safety.not_converging import (
    LONGEST,
    Unsettled,
    find_again,
    find_later,
    find_returned,
    warn_of_not_converging,
)
from reconciler.errors import Source
from tests.core.examples import HERE, THERE, desired_group, desired_state, desired_user

AGAIN = "the next plan would change it again for"
RULE = Source("desired-state/mappings.yaml", 4)
TITLE = AttributeChange(path="title", before="x", after="y")
DESIRED = desired_state(desired_user("ann"), desired_group("desk"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            UpdateUser(key="user/ann", target_id="1", attributes=(TITLE, TITLE)),
            [Unsettled("returns", "title", "user/ann", "x → y"), Unsettled("returns", "title", "user/ann", "x → y")],
        ),
        (
            ReactivateUser(key="user/ann", target_id="1", attributes=(TITLE,)),
            [Unsettled("returns", "title", "user/ann", "x → y"), Unsettled("repeats", "reactivate_user", "user/ann")],
        ),
        (
            CreateGroup(key="group/desk", attributes=(TITLE,), members=("user/ann",)),
            [Unsettled("repeats", "create_group", "group/desk", "user/ann")],
        ),
        (
            AddMembers(key="group/desk", target_id="1", members=("user/ann", "user/bob")),
            [Unsettled("repeats", "add_members", "group/desk", "user/ann, user/bob")],
        ),
        (
            GrantRoles(key="user/ann", target_id="1", roles=("auditor",)),
            [Unsettled("repeats", "grant_roles", "user/ann", "auditor")],
        ),
        (DeactivateUser(key="user/ann", target_id="1"), [Unsettled("repeats", "deactivate_user", "user/ann")]),
    ],
    ids=lambda value: value.action if isinstance(value, UpdateUser) else None,
)
def test_what_comes_back_is_told_facet_by_facet(change: Change, expected: list[Unsettled]) -> None:
    """Attributes with their values, members and roles by name, else the action alone."""
    assert expected == find_again(change)


@pytest.mark.parametrize(
    ("unsettled", "message", "source"),
    [
        (
            Unsettled("returns", "title", "user/ann", "x → y"),
            f"the mapping to title does not converge: in simulation, {AGAIN} user/ann (x → y)",
            RULE,
        ),
        (
            Unsettled("returns", "title", "group/desk", "x → y"),
            f"the attribute title does not converge: in simulation, {AGAIN} group/desk (x → y)",
            THERE,
        ),
        (
            Unsettled("refused", "title", "user/ann", "title is wrong"),
            "the mapping to title is refused in simulation: user/ann (title is wrong)",
            RULE,
        ),
        (
            Unsettled("refused", "", "user/ann", "no"),
            "a request is refused in simulation: user/ann (no)",
            HERE,
        ),
        (
            Unsettled("repeats", "revoke_roles", "user/gone"),
            "this plan does not converge: in simulation, the next plan would revoke roles of user/gone again",
            None,
        ),
    ],
)
def test_it_is_told_with_the_line_that_asks_for_it(unsettled: Unsettled, message: str, source: Source | None) -> None:
    """That of the mapping where one makes the attribute, else that of the resource, if it is still in git."""
    [problem] = warn_of_not_converging([unsettled], replace(DESIRED, rules={("user", "title"): RULE}))

    assert (message, source, "warning") == (problem.message, problem.source, problem.severity)
    assert problem.hint


def test_what_is_alike_is_told_once_with_ten_names() -> None:
    """The others are counted, in any order of the findings."""
    found = [Unsettled("returns", "title", f"user/u{number:02}", "x → y") for number in range(12)]
    [problem] = warn_of_not_converging(reversed(found), DESIRED)

    assert problem.message.endswith("user/u08 (x → y), user/u09 (x → y) and 2 more")
    assert [problem] == warn_of_not_converging(found, DESIRED)


def test_who_is_created_again_is_told_what_would_find_them() -> None:
    """By the matching attributes, of users or of groups."""
    [group] = warn_of_not_converging([Unsettled("repeats", "create_group", "group/desk")], DESIRED)
    [user] = warn_of_not_converging([Unsettled("repeats", "create_user", "user/ann")], DESIRED)

    assert "a value of externalId or displayName" in str(group.hint)
    assert "a value of externalId or userName" in str(user.hint)


def test_a_long_value_is_cut() -> None:
    """A page of text is no name."""
    long = AttributeChange(path="title", before=None, after="x" * (LONGEST + 1))

    assert f"nothing → {'x' * LONGEST}…" == find_returned("user/ann", long).detail


def test_who_is_left_alone_until_the_next_plan_is_told_apart() -> None:
    """Nothing of them comes back: it comes for the first time."""
    change = UpdateUser(key="user/ann", target_id="1", attributes=(TITLE,))
    [problem] = warn_of_not_converging([find_later(change)], DESIRED)

    assert "a second apply will be needed: in simulation, only the next plan can update user/ann" == problem.message
    assert ("apply this plan, then plan and apply again", "warning") == (problem.hint, problem.severity)


@pytest.mark.parametrize(
    "unsettled",
    [
        find_returned("user/ann", AttributeChange(path="title", before="x", after="y" * 200)),
        Unsettled("refused", "title", "user/ann", "title is taken: xy"),
    ],
)
def test_values_that_must_not_be_read_are_left_out(unsettled: Unsettled) -> None:
    """A cut or short value would not be found in a sentence later."""
    [problem] = warn_of_not_converging([unsettled], replace(DESIRED, redact=("title",)))

    assert problem.message.endswith("user/ann (its values are redacted)")
