"""The effects that count against the limits, by the names of the guardrails: for the plan, and for the record."""

from __future__ import annotations

import pytest

from reconciler.core.changes.plan import (
    AddMembers,
    AttributeChange,
    Change,
    CreateUser,
    DeactivateUser,
    GrantRoles,
    ReactivateUser,
    RemoveMembers,
    RevokeRoles,
    UpdateGroup,
    UpdateUser,
)
from reconciler.core.declarations.tenant import Guardrails
from reconciler.core.model.logins import primary_address
from reconciler.core.model.resources import Value
from reconciler.core.safety.limits import effects_of, list_effects, list_identity_paths

ADOPT = "adopt: found by userName; holds user"


def became(path: str, before: Value, after: Value) -> tuple[AttributeChange, ...]:
    return (AttributeChange(path=path, before=before, after=after),)


TITLE = became("title", "Analyst", "Head")
LOGIN = became("userName", "ann", "anne")
MARK = became("externalId", None, "ann")
UPDATED = UpdateUser(key="user/ann", target_id="1", attributes=TITLE)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (DeactivateUser(key="user/ann", target_id="1"), {"max_deactivations": 1}),
        (RemoveMembers(key="group/desk", target_id="1", members=("user/a", "user/b")), {"max_member_removals": 2}),
        (RevokeRoles(key="user/ann", target_id="1", roles=("auditor", "user")), {"max_role_revocations": 2}),
        (UPDATED, {"max_updates": 1}),
        (UpdateGroup(key="group/desk", target_id="1", attributes=became("displayName", "a", "b")), {"max_updates": 1}),
        (ReactivateUser(key="user/ann", target_id="1", attributes=TITLE), {"max_updates": 1}),
        (ReactivateUser(key="user/ann", target_id="1"), {}),
        (UpdateUser(key="user/ann", attributes=became("manager", None, "user/bob")), {}),
        (UpdateUser(key="user/ann", target_id="1", attributes=LOGIN), {"max_updates": 1, "max_identity_updates": 1}),
        (UpdateUser(key="user/ann", target_id="1", attributes=MARK), {"max_updates": 1}),
        (
            UpdateUser(key="user/ann", target_id="1", attributes=(*TITLE, *became("site", "London", None))),
            {"max_updates": 1, "max_clears": 1},
        ),
        (UpdateUser(key="user/ann", target_id="1", attributes=became("site", None, None)), {"max_updates": 1}),
        (
            UpdateUser(key="user/ann", target_id="1", attributes=became("department", None, "IT"), adopted="userName"),
            {"max_updates": 1},
        ),
        (
            UpdateUser(key="user/ann", target_id="1", attributes=(*MARK, *LOGIN), reason=ADOPT, adopted="userName"),
            {"max_adoptions": 1},
        ),
        (
            UpdateGroup(
                key="group/desk",
                target_id="1",
                attributes=MARK,
                reason="adopt: found by displayName; x",
                adopted="displayName",
            ),
            {"max_adoptions": 1},
        ),
        (
            UpdateUser(key="user/ann", target_id="1", attributes=LOGIN, reason=ADOPT, adopted="userName"),
            {"max_updates": 1, "max_identity_updates": 1},
        ),
        (
            GrantRoles(key="user/ann", target_id="1", roles=("account_designer", "auditor")),
            {"max_privileged_grants": 1},
        ),
        (CreateUser(key="user/ann", roles=("account_administrator",)), {"max_privileged_grants": 1}),
        (CreateUser(key="user/ann", attributes=became("title", None, "Head")), {}),
        (AddMembers(key="group/desk", target_id="1", members=("user/ann",)), {}),
    ],
)
def test_a_change_counts_against_the_limits_that_are_about_it(change: Change, expected: dict[str, int]) -> None:
    """By the name of the guardrail; what counts against none is left out."""
    assert expected == effects_of([change])


def test_a_leaver_is_counted_once() -> None:
    """The losses of a deactivation count with it."""
    changes: list[Change] = [
        DeactivateUser(key="user/ann", target_id="1"),
        RevokeRoles(key="user/ann", target_id="1", roles=("auditor",)),
        RemoveMembers(key="group/desk", target_id="2", members=("user/ann",)),
    ]

    assert {"max_deactivations": 1} == effects_of(changes)


def test_which_roles_are_privileged_is_what_git_says() -> None:
    """Else those that 4me's administrators hold."""
    granted = GrantRoles(key="user/ann", target_id="1", roles=("auditor", "account_designer"))

    assert {"max_privileged_grants": 1} == effects_of([granted], Guardrails(privileged_roles=["auditor"]))
    assert {} == effects_of([granted], Guardrails(privileged_roles=[]))


def test_what_the_first_apply_adopts_is_not_held_against_the_next() -> None:
    """It takes over an account; the rest counts."""
    adopted = UpdateUser(key="user/ann", target_id="1", attributes=MARK, reason=ADOPT, adopted="userName")

    assert {"max_updates": 1} == effects_of([adopted, UPDATED], first_apply=True)


def test_what_counts_is_told_by_name() -> None:
    """For a refusal."""
    cleared = UpdateUser(key="user/ann", target_id="1", attributes=became("title", "Head", None))

    assert ["title of user/ann"] == list_effects([cleared])["max_clears"]
    assert ["user/ann"] == list_effects([cleared])["max_updates"]


def mail(value: str, *, primary: bool = False) -> dict[str, str | bool | int | float]:
    return {"value": value, "type": "work", **({"primary": True} if primary else {})}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("text", None),
        ([], None),
        (["fingerprint:a"], None),
        ([mail("Ann@example.com")], "ann@example.com"),
        ([mail("a@example.com"), mail("b@example.com")], None),
        ([mail("a@example.com"), mail("b@example.com", primary=True)], "b@example.com"),
        ([mail("a@example.com", primary=True), mail("b@example.com", primary=True)], "a@example.com"),
        ([{"value": "a@example.com", "primary": 1}, mail("b@example.com")], None),
        ([{"type": "work"}], ""),
    ],
)
def test_the_primary_address_is_the_one_marked_so_or_the_only_one(value: Value, expected: str | None) -> None:
    """Without case, as the service compares."""
    assert expected == primary_address(value)


def test_an_address_beside_the_primary_one_is_no_login() -> None:
    """Another spelling of it is no change of login either."""
    before: Value = [mail("Ann@example.com", primary=True)]
    after: Value = [mail("ann@example.com", primary=True), mail("a@example.com")]
    moved: Value = [mail("eve@example.com", primary=True)]

    def paths(change: Change) -> list[str]:
        return list(list_identity_paths(change))

    assert [] == paths(UpdateUser(key="user/ann", target_id="1", attributes=became("emails", before, after)))
    for old, new in ((before, moved), (moved, before)):
        change = UpdateUser(key="user/ann", target_id="1", attributes=became("emails", old, new))
        assert ["primary e-mail"] == paths(change)


@pytest.mark.parametrize("path", ["addresses", "phoneNumbers", "userType"])
def test_no_other_attribute_is_a_login(path: str) -> None:
    """Whatever is primary in it."""
    before: Value = [mail("1", primary=True)]
    after: Value = [mail("2", primary=True)]

    change = UpdateUser(key="user/ann", target_id="1", attributes=became(path, before, after))

    assert [] == list(list_identity_paths(change))


def test_only_users_who_exist_have_a_login_to_rewrite() -> None:
    """A group has none, and a new user no other."""
    assert [] == list(list_identity_paths(UpdateGroup(key="group/desk", target_id="1", attributes=LOGIN)))
    assert [] == list(list_identity_paths(UpdateUser(key="user/ann", attributes=LOGIN)))
    assert ["externalId"] == list(
        list_identity_paths(
            ReactivateUser(key="user/ann", target_id="1", attributes=became("externalId", "ann", "anne"))
        )
    )
