"""Sections of a page: what is not looked at is not written, and nobody can see that from the page."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.changes.plan import (
    Change,
    CreateUser,
    DeactivateUser,
    RemoveMembers,
    RevokeRoles,
    UpdateGroup,
    UpdateUser,
)
from reconciler.report.pull_requests.plan_comment import assemble
from reconciler.report.sections import render_section
from reconciler.report.view.plan_view import make_view
from tests.report.plans import attribute, make

UNLIMITED = 10**9
AFTER = ("> cut\n", "end\n")


def some_change(kind: str, number: int, word: str) -> Change:
    """One change of that kind; those of one word are alike."""
    told: dict[str, Any] = {"target_id": "1", "reason": word}
    match kind:
        case "create":
            return CreateUser(key=f"user/u{number}", reason=word)
        case "deactivate":
            return DeactivateUser(key=f"user/u{number}", **told)
        case "revoke":
            return RevokeRoles(key=f"user/u{number}", **told, roles=(word,))
        case "remove":
            return RemoveMembers(key=f"group/g{number}", **told, members=(f"user/u{number}", "user/x"))
        case "update":
            return UpdateUser(key=f"user/u{number}", **told, attributes=(attribute("title", word, f"{number}"),))
        case _:
            return UpdateGroup(key=f"group/g{number}", **told, attributes=(attribute("groupType", None, word),))


def plainly(changes: list[Change]) -> str:
    """What changes come to, counted from the start each time."""
    users = {change.key for change in changes if change.key.startswith("user/")}
    gets = {change.key for change in changes if change.action in {"create_user", "reactivate_user"}}
    loses = {change.key for change in changes if change.action == "deactivate_user"}
    groups = len({change.key for change in changes if change.key.startswith("group/")})
    told = [
        (len(gets), "1 person gets access", "people get access"),
        (len(users - gets - loses), "1 person changes", "people change"),
        (len(loses), "1 person loses access", "people lose access"),
        (groups, "1 group changes", "groups change"),
    ]
    number = f"{len(changes):,} change{'s' * (len(changes) != 1)}: "
    return number + ", ".join(
        one if how_many == 1 else f"{how_many:,} {many}" for how_many, one, many in told if how_many
    )


kinds = st.sampled_from(["create", "deactivate", "revoke", "remove", "update", "rename"])
some_changes = st.builds(
    lambda kinds, times, word: [some_change(kind, number, word) for number, kind in enumerate(kinds * times)],
    st.lists(kinds, min_size=1, max_size=12),
    st.integers(1, 40),
    st.sampled_from(["x", "y" * 60, "`z` " * 40]),
)


@settings(max_examples=25, deadline=None)
@given(some_changes, st.integers(400, 12_000))
def test_a_page_is_the_same_as_if_every_row_had_been_written(changes: list[Change], limit: int) -> None:
    """What a page of that length can't hold anyway is left out early."""
    sections = make_view(make(*changes)).sections

    expected = assemble("", [render_section(one, UNLIMITED) for one in sections], AFTER, limit)

    assert expected == assemble("", [render_section(one, limit) for one in sections], AFTER, limit)


@settings(max_examples=25, deadline=None)
@given(some_changes, st.integers(0, 480))
def test_what_is_left_out_is_summed_up_as_if_counted_by_itself(changes: list[Change], kept: int) -> None:
    """Whatever number of rows stands before it."""
    for section in make_view(make(*changes)).sections:
        rest = [change for row in section.other[kept:] for change in row.changes]

        assert not rest or plainly(rest) == render_section(section, 100).sum_up(min(kept, len(section.other)))


def test_rows_that_no_page_can_hold_are_not_written() -> None:
    """Of 2,000 who change and 2,000 who lose something, as many as the limit, and one more."""
    changes = [some_change(kind, number, f"{number}") for number in range(2_000) for kind in ("update", "revoke")]
    [section] = make_view(make(*changes)).sections
    written = render_section(section, 5_000)

    for kept, whole in ((written.shrinking, section.shrinking), (written.other, section.other)):
        assert len("".join(kept[:-1])) <= 5_000 < len("".join(kept))
        assert len(kept) < 100 < len(whole)
    [shrunk] = written.shrunk
    assert (2_000, True) == (shrunk.number, len(shrunk.names) < 700)
