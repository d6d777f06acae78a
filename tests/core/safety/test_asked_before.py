"""The warnings of a plan that asks again for what the service did not do before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.core.changes.asked import NEVER_ASKED, AskedBefore, NotTaken, spell_asked
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
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.safety.asked_before import warn_of_asked_before
from reconciler.errors import Source
from tests.core.examples import HERE, THERE, desired_group, desired_state, desired_user

RULE = Source("desired-state/mappings.yaml", 4)
DESIRED = desired_state(desired_user("ann"), desired_user("bob", source=THERE), desired_group("desk"))
OPEN = Redaction()


def update(key: str, path: str, before: Any, after: Any) -> UpdateUser:
    attribute = AttributeChange(path=path, before=before, after=after)
    return UpdateUser(key=key, target_id="1", attributes=(attribute,))


def row(  # noqa: PLR0913  # a test names those that it is about
    key: str, asked: Any, got: Any, times: int = 1, *, path: str = "title", of: str = ""
) -> NotTaken:
    return NotTaken(key, path, of, spell_asked(asked), got, "changed", "", times)


def refused(key: str, asked: Any, error: str = "400 no") -> NotTaken:
    return NotTaken(key, "title", "", spell_asked(asked), None, "refused", error, 1)


def before(*rows: NotTaken, **paths: str) -> AskedBefore:
    return AskedBefore(
        {(one.key, one.path, one.of): one for one in rows}, {("user", path): error for path, error in paths.items()}
    )


def told(changes: Sequence[Change], asked: AskedBefore, redaction: Redaction = OPEN) -> list[tuple[str, str, str]]:
    found = warn_of_asked_before(changes, asked, DESIRED, redaction)
    assert {"warning"} >= {one.severity for one in found}
    return [(one.code, one.message, str(one.hint).partition("; until then")[0]) for one in found]


ANN, BOB = update("user/ann", "title", "Lead", "Lead "), update("user/bob", "title", None, "Boss ")


@pytest.mark.parametrize(
    ("changes", "asked", "expected"),
    [
        ([ANN], NEVER_ASKED, []),
        ([ANN], before(row("user/ann", "Other", "Lead")), []),
        (
            [ANN],
            before(row("user/ann", "Lead ", "Lead")),
            [
                (
                    "never_taken",
                    'asked once, never taken: user/ann: title: asked "Lead ", got "Lead"',
                    'write what the account keeps: users.ann.title: "Lead"',
                )
            ],
        ),
        (
            [BOB, ANN],
            before(row("user/ann", "Lead ", "Lead", 2), row("user/bob", "Boss ", None, 2)),
            [
                (
                    "never_taken",
                    (
                        'asked twice, never taken: user/ann: title: asked "Lead ", got "Lead"; '
                        'user/bob: title: asked "Boss ", got nothing'
                    ),
                    (
                        'write what the account keeps: users.ann.title: "Lead"; '
                        "or leave title out, of which the account keeps nothing"
                    ),
                )
            ],
        ),
        (
            [BOB],
            before(row("user/bob", "Boss ", None, 7)),
            [
                (
                    "never_taken",
                    'asked 7 times, never taken: user/bob: title: asked "Boss ", got nothing',
                    "leave title out, of which the account keeps nothing",
                )
            ],
        ),
        (
            [ANN, BOB],
            before(refused("user/ann", "Lead "), title="501 not now"),
            [
                (
                    "refused_before",
                    "asked before and refused: title (400 no), now for user/ann",
                    "leave out users.*.title or map it away",
                ),
                (
                    "refused_before",
                    "asked before and refused: title (501 not now), now for user/bob",
                    "leave out users.*.title or map it away",
                ),
            ],
        ),
        (
            [
                CreateUser(key="user/ann", attributes=ANN.attributes),
                UpdateGroup(key="group/desk", target_id="1", attributes=ANN.attributes),
            ],
            before(title="400 no"),
            [
                (
                    "refused_before",
                    "asked before and refused: title (400 no), now for user/ann",
                    "leave out users.*.title or map it away",
                )
            ],
        ),
        (
            [
                GrantRoles(key="user/ann", target_id="1", roles=("auditor", "user")),
                RevokeRoles(key="user/bob", target_id="2", roles=("auditor",)),
            ],
            before(
                row("user/ann", True, False, path="roles", of="auditor"),  # noqa: FBT003  # whether the role is held
                row("user/bob", False, True, path="roles", of="auditor"),  # noqa: FBT003  # the same
            ),
            [
                (
                    "never_taken",
                    "asked once, never taken: user/ann: auditor was not granted; user/bob: auditor was not revoked",
                    "leave these roles out of role_assignments, or give them in the account in another way",
                )
            ],
        ),
        (
            [
                AddMembers(key="group/desk", target_id="1", members=("user/ann", "user/bob")),
                RemoveMembers(key="group/desk", target_id="1", members=("user/cid",)),
            ],
            before(
                row("group/desk", True, False, path="members", of="user/ann"),  # noqa: FBT003  # whether it is a member
                row("group/desk", False, True, path="members", of="user/cid"),  # noqa: FBT003  # the same
            ),
            [
                (
                    "never_taken",
                    "asked once, never taken: group/desk: user/ann was not added; group/desk: user/cid was not removed",
                    "leave these members out of the group, or find out in the account why it does not take them",
                )
            ],
        ),
        (
            [GrantRoles(key="user/ann", target_id="1", roles=("auditor",))],
            before(NotTaken("user/ann", "roles", "auditor", "true", None, "refused", "400 no", 1)),
            [
                (
                    "refused_before",
                    "asked before and refused: roles (400 no), now for auditor of user/ann",
                    "leave these roles out of role_assignments, or give them in the account in another way",
                )
            ],
        ),
    ],
)
def test_what_is_asked_for_again_is_a_warning_with_what_to_write(
    changes: list[Change], asked: AskedBefore, expected: list[tuple[str, str, str]]
) -> None:
    """By attribute and by how often it was asked for; nothing for another value, key or kind."""
    assert expected == told(changes, asked)
    assert expected == told(changes[::-1], asked)


def test_the_line_is_the_mappings_or_the_users() -> None:
    """The value is made there. Without a declaration there is none."""
    asked = before(
        row("user/ann", "Lead ", "Lead"),
        refused("user/bob", "Boss "),
        refused("user/gone", "x", "400 gone"),
        refused("odd", 2, "400 odd"),
    )
    gone, odd = update("user/gone", "title", None, "x"), update("odd", "title", 1, 2)

    assert [None, None, THERE, HERE] == [
        one.source for one in warn_of_asked_before([ANN, BOB, gone, odd], asked, DESIRED, OPEN)
    ]

    mapped = replace(DESIRED, rules={("user", "title"): RULE})
    found = warn_of_asked_before([ANN, BOB], asked, mapped, OPEN)
    assert [RULE, RULE] == [one.source for one in found]
    assert str(found[0].hint).startswith("leave out the mapping to title")
    assert str(found[1].hint).startswith("let the mapping to title make the value that the account keeps")


def test_redacted_values_are_fingerprints() -> None:
    """In what was asked and got, and in what to write."""
    redaction = Redaction(("title",), b"key")
    asked, got = redaction.redact("title", "Lead "), redaction.redact("title", "Lead")

    [(code, message, hint)] = told([ANN], before(row("user/ann", asked, got)), redaction)

    assert "never_taken" == code
    assert f'user/ann: title: asked "{asked}", got "{got}"' in message
    assert "write the value that the account keeps as title, or leave it out" == hint


@pytest.mark.parametrize(
    ("quirks", "got", "expected"),
    [
        ((), None, ("user/ann is not listed", "if the service never lists members, add `quirks: [hides_members]`")),
        (("hides_members",), None, None),
        (("hides_members",), False, ("user/ann was not added", "leave these members out of the group, or find out")),
    ],
)
def test_members_that_were_not_listed_prove_nothing(quirks: Sequence[str], got: Any, expected: Any) -> None:
    """With the quirk there is nothing to warn of; without it, the warning has the line."""
    asked = before(row("group/desk", True, got, path="members", of="user/ann"))  # noqa: FBT003  # a member is asked for
    change = AddMembers(key="group/desk", target_id="1", members=("user/ann",))

    found = warn_of_asked_before([change], asked, DESIRED, OPEN, quirks)

    assert (expected is None) is (not found)
    for one in found:
        assert f"asked once, never taken: group/desk: {expected[0]}" == one.message
        assert str(one.hint).startswith(expected[1])


def test_access_that_was_not_taken_is_set_by_hand() -> None:
    """A declaration can't say otherwise: the user left, or has access."""
    asked = before(row("user/ann", False, True, 2, path="active"), row("user/bob", True, False, path="active"))  # noqa: FBT003  # whether the user is active
    changes: list[Change] = [
        DeactivateUser(key="user/ann", target_id="1"),
        ReactivateUser(key="user/bob", target_id="2"),
    ]

    told_of = told(changes, asked)

    by_hand = "set it in the account by hand, or find out there why it is not taken"
    assert [
        ("never_taken", "asked once, never taken: user/bob: active: asked true, got false", by_hand),
        ("never_taken", "asked twice, never taken: user/ann: active: asked false, got true", by_hand),
    ] == told_of
    refusal = NotTaken("user/ann", "active", "", "false", None, "refused", "400 no", 1)
    assert [("refused_before", "asked before and refused: active (400 no), now for user/ann", by_hand)] == told(
        changes, before(refusal)
    )


def test_an_identifier_that_is_never_kept_is_declared_as_none() -> None:
    """Left out, it is the key, and would be asked for again."""
    change = update("user/ann", "externalId", None, "ann")
    asked = before(row("user/ann", "ann", None, path="externalId"))

    assert [
        (
            "never_taken",
            'asked once, never taken: user/ann: externalId: asked "ann", got nothing',
            "write externalId: null, so that it is matched by its name",
        )
    ] == told([change], asked)
