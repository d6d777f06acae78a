"""The check of a merge group as Markdown: what blocks comes first, foreign text is quoted, and all of it is bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.changes.plan import AddMembers, AttributeChange, CreateUser, RevokeRoles, UpdateUser
from reconciler.errors import Problem, Source
from reconciler.report.pull_requests.merge_group import (
    ComparedGroup,
    GroupEffect,
    GroupPull,
    GroupWithoutEffect,
    GroupWithoutPlan,
    render_merge_group,
)

TITLE = UpdateUser(
    key="user/ann",
    name="@all <img>",
    target_id="a",
    attributes=(AttributeChange(path="title", before=None, after="`x` #1"),),
    source=Source("desired-state/a.yaml", 3, "c" * 40, "Ada"),
)
PULLS = (GroupPull("#7", queued=False), GroupPull("#8", queued=True, reason="it comes from a @fork"))
RED = ComparedGroup("qa", PULLS, 3, (GroupEffect(TITLE, "#8 brought it"),), again=("#8",))


def test_a_group_that_is_approved_says_how_many_changes() -> None:
    for changes, words in [(0, "nothing to apply"), (1, "The change that it"), (12, "All 12 changes that it")]:
        assert words in render_merge_group(ComparedGroup("qa", changes=changes))
    left = ComparedGroup("qa", changes=1, left=(GroupEffect(TITLE),))
    assert "nothing to apply" in render_merge_group(left)
    assert "left as it is</b> (1)" in render_merge_group(left)
    assert "It changes nothing." in render_merge_group(GroupWithoutEffect("qa", "It changes nothing"))


def test_each_effect_has_who_brought_it_and_its_line() -> None:
    """Names and values are code; a pull request without a plan is first."""
    text = render_merge_group(RED)

    assert "- **~** `@all <img>` (`user/ann`) changes: ``title: nothing → `x` #1``<br>`#8` brought it.<br>" in text
    assert "`desired-state/a.yaml:3, ccccccc by Ada`" in text
    assert text.index("- #8 (in this queue): no plan of it counts: it comes from a `@fork`") < text.index(
        "- #7 (merged"
    )
    assert "Take #8 out of the queue." in text
    assert "leave it undone" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (AddMembers(key="group/g", target_id="g", members=("user/ann",)), "gains members: `user/ann`"),
        (RevokeRoles(key="user/ann", target_id="a", roles=("auditor", "owner")), "loses roles: `auditor, owner`"),
        (CreateUser(key="user/ann"), "gets access<br>Because."),
    ],
)
def test_members_and_roles_are_named(change: AddMembers | RevokeRoles | CreateUser, words: str) -> None:
    effects = (GroupEffect(change, reason="because"), GroupEffect(TITLE))

    text = render_merge_group(replace(RED, refused=effects, again=()))

    assert words in text
    assert "leave them undone" in text
    assert "Take one of these pull requests out" in text


def test_a_plan_that_cannot_be_applied_names_the_problems_and_who_brought_how_much() -> None:
    guardrail = Problem("guardrail", "max_deactivations: 7 is above 5", hint="raise it")
    pulls = (
        GroupPull("#7", queued=True, counts="3 deactivations"),
        GroupPull("#8", queued=True, counts="4 deactivations"),
    )

    text = render_merge_group(ComparedGroup("qa", pulls, refusals=(guardrail,)))

    assert "**not approved**" in text
    assert "- Brought by #7: 3 deactivations; #8: 4 deactivations" in text
    assert "Take a pull request out" in text
    other = render_merge_group(ComparedGroup("qa", refusals=(Problem("incomplete_read", "page 2 is missing"),)))
    assert "each pull request alone" not in other
    assert "page 2 is missing" in other


def test_without_a_plan_the_errors_are_listed() -> None:
    text = render_merge_group(GroupWithoutPlan("qa", "read 3 pages\nError: <b>no</b>\nError: again"))

    assert ["> - Error: `<b>no</b>`", "> - Error: again"] == [line for line in text.splitlines() if "- Error" in line]
    assert "> - it stored nothing" in render_merge_group(GroupWithoutPlan("qa", "it stored nothing"))


def test_a_group_of_thousands_is_cut_and_counted() -> None:
    many = tuple(GroupEffect(TITLE, "#8 brought it") for _ in range(5_000))
    pulls = tuple(GroupPull(f"#{number}", queued=True, reason="r" * 2_000) for number in range(300))
    problems = tuple(Problem("guardrail", f"{number} {'m' * 900}") for number in range(400))

    text = render_merge_group(ComparedGroup("qa", pulls, 9_000, many, many, problems, again=("#8",) * 300))

    assert len(text) < 120_000
    assert "more\n" in text
    assert "(5,000)" in text
