"""The parts of a change that were not done: what was asked, what is there, and what to write."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.changes.plan import AddMembers, AttributeChange, Change, CreateUser, UpdateUser
from reconciler.core.changes.undone import Undone, describe_undone, show_difference, show_exactly

LONG = "A" * 300
NFC, NFD = "Zo\u00eb", "Zoe\u0308"


def changed(path: str, asked: Any, got: Any, of: str = "") -> Undone:
    return Undone(path=path, of=of, why="changed", asked=asked, got=got)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (changed("title", "Lead ", "Lead"), 'title: asked "Lead ", got "Lead"'),
        (changed("title", "Lead", None), 'title: asked "Lead", got nothing'),
        (changed("title", None, "Lead"), 'title: asked nothing, got "Lead"'),
        (changed("title", "nothing", None), 'title: asked "nothing", got nothing'),
        (changed("badge", "3", 3), 'badge: asked "3", got 3'),
        (changed("active", asked=True, got=False), "active: asked true, got false"),
        (changed("displayName", NFD, NFC), 'displayName: asked "Zoe\\u0308", got "Zo\\u00eb"'),
        (
            changed("title", LONG + "B" * 100, LONG),
            f'title: asked "…{"A" * 20}{"B" * 59}…", got "…{"A" * 20}"',
        ),
        (
            changed("emails", [{"value": "a@x", "type": "work"}, {"value": "b@x"}], [{"value": "a@x", "display": "A"}]),
            "emails: asked work a@x, b@x, got a@x",
        ),
        (changed("members", asked=True, got=False, of="user/bob"), "user/bob was not added"),
        (changed("members", asked=False, got=True, of="user/bob"), "user/bob was not removed"),
        (changed("roles", asked=True, got=False, of="auditor"), "auditor was not granted"),
        (changed("roles", asked=False, got=True, of="auditor"), "auditor was not revoked"),
    ],
)
def test_a_difference_shows_the_value_asked_for_and_the_one_that_is_there(part: Undone, expected: str) -> None:
    """Quoted, so that a space at an end shows; composed and decomposed letters by their code points; bounded."""
    assert expected == show_difference(part)
    assert len(show_difference(part)) < 200


def test_one_value_is_shown_like_that_too() -> None:
    """For the line to write."""
    assert '"Lead"' == show_exactly("Lead")
    assert f'"{"A" * 80}…"' == show_exactly(LONG)
    assert "nothing" == show_exactly(None)


def attributes(*paths: str) -> tuple[AttributeChange, ...]:
    return tuple(AttributeChange(path=path, before=None, after="x") for path in paths)


UPDATE = UpdateUser(key="user/bob", target_id="b", attributes=attributes("title", "badge", "site"))
CREATE = CreateUser(key="user/bob", attributes=attributes("title", "manager"))
ADD = AddMembers(key="group/staff", target_id="g", members=("user/ann", "user/bob", "user/cid"))
REFUSED = Undone(path="title", why="refused", asked="x", error="400 no title")


@pytest.mark.parametrize(
    ("change", "undone", "expected"),
    [
        (
            CREATE,
            [Undone(path="manager", why="waits", asked="user/boss")],
            "without its manager user/boss, which was not created",
        ),
        (
            ADD,
            [Undone(path="members", of=key, why="waits", asked=True) for key in ("user/cid", "user/ann")],
            "without its members user/ann, user/cid, which were not created",
        ),
        (
            UPDATE,
            [changed("title", "x", "y"), changed("site", "x", None)],
            (
                "the service answered with success, but not as asked: "
                'title: asked "x", got "y"; site: asked "x", got nothing'
            ),
        ),
        (
            UPDATE,
            [REFUSED],
            (
                "title refused: 400 no title; all else of it was done; "
                "to stop asking, leave out users.bob.title, or the mapping whose target is title"
            ),
        ),
        (
            UPDATE,
            [
                REFUSED,
                Undone(path="badge", why="refused", error="400 no title"),
                Undone(path="site", why="failed", error="lost"),
            ],
            (
                "title, badge refused: 400 no title; site not done: lost; to stop asking, "
                "leave out users.bob.title, users.bob.badge, or the mapping whose target is title, badge"
            ),
        ),
        (
            UPDATE,
            [REFUSED, changed("site", "x", None), changed("badge", "x", "y")],
            (
                'the service answered with success, but not as asked: site: asked "x", got nothing; badge: asked "x", '
                'got "y"; title refused: 400 no title; to stop asking, leave out users.bob.title, or the mapping '
                "whose target is title"
            ),
        ),
        (
            ADD,
            [Undone(path="members", of="user/ann", why="refused", error="400 unknown")],
            "user/ann refused: 400 unknown; all else of it was done",
        ),
        (UPDATE, [], ""),
    ],
)
def test_a_sentence_says_what_was_not_done_why_and_what_to_write(
    change: Change, undone: list[Undone], expected: str
) -> None:
    """Parts with the same error are one text."""
    assert expected == describe_undone(change, undone)


def test_of_very_many_members_some_are_named() -> None:
    """A report names each in its JSON."""
    undone = [Undone(path="members", of=f"user/u{number:03}", why="waits", asked=True) for number in range(400)]

    assert "user/u009 and 390 more, which were not created" in describe_undone(ADD, undone)
