"""One comment for each tenant and pull request, found by its mark and its author, edited in place."""

from __future__ import annotations

import pytest

from reconciler.errors import Conflict, Forbidden
from reconciler.github.client import GitHub
from reconciler.github.comments.comment import CommentMark, MarkedText, OwnAuthor, find_author, keep_comment
from tests.github.conftest import TOKEN
from tests.github.standin import FULL, StandIn, Token

PLAN = CommentMark("plan", "qa")


NOBODY = OwnAuthor()


def keep(github: GitHub, mark: CommentMark, text: str, author: OwnAuthor = NOBODY) -> str:
    """Keeps the comment as a workflow's token does; returns what was done."""
    return keep_comment(github, 7, author, MarkedText(mark, text)).result


def bodies(standin: StandIn) -> list[str]:
    """Returns the texts of the comments."""
    return [comment["body"] for comment in standin.comments.get(7, [])]


def test_the_first_plan_makes_a_comment(standin: StandIn, github: GitHub) -> None:
    """Its last line is the hidden mark: the first one is for people."""
    assert "created" == keep(github, PLAN, "Plan for qa\n")
    assert ["Plan for qa\n\n<!-- reconciler:plan:qa -->"] == bodies(standin)


def test_the_next_plan_edits_it(standin: StandIn, github: GitHub) -> None:
    """One comment, however often somebody pushes."""
    keep(github, PLAN, "one")

    assert "edited" == keep(github, PLAN, "two")
    assert [PLAN.on("two")] == bodies(standin)


def test_nothing_is_sent_where_nothing_changed(standin: StandIn, github: GitHub) -> None:
    """Nobody is notified of nothing. A browser ends lines its own way."""
    standin.comment(7, PLAN.on("one\ntwo").replace("\n", "\r\n"))

    assert "unchanged" == keep(github, PLAN, "one\ntwo\n")
    assert [] == standin.written


def test_each_tenant_and_matter_has_its_own(standin: StandIn, github: GitHub) -> None:
    """The plan of qa, the plan of production, the outcome in qa."""
    for mark in (PLAN, CommentMark("plan", "production"), CommentMark("outcome", "qa")):
        assert "created" == keep(github, mark, "text")
        assert "unchanged" == keep(github, mark, "text")

    assert 3 == len(bodies(standin))


def test_it_is_found_among_many(standin: StandIn, github: GitHub) -> None:
    """On whatever page."""
    for number in range(7):
        standin.comment(7, f"I like it {number}", login="ada")
    keep(github, PLAN, "one")

    assert "edited" == keep(github, PLAN, "two")
    assert 8 == len(bodies(standin))


def test_a_comment_that_somebody_edited_is_restored(standin: StandIn, github: GitHub) -> None:
    """Whoever may write to the repository may edit what the bot wrote; reviewers read the plan all the same."""
    standin.comment(7, PLAN.on("Plan for qa: nothing to see here"))

    assert "edited" == keep(github, PLAN, "Plan for qa: 900 people lose access")
    assert [PLAN.on("Plan for qa: 900 people lose access")] == bodies(standin)


def test_a_comment_without_its_mark_is_left_to_whoever_took_it(standin: StandIn, github: GitHub) -> None:
    """The plan is told anew below it."""
    standin.comment(7, "I took this over")

    assert "created" == keep(github, PLAN, "one")
    assert ["I took this over", PLAN.on("one")] == bodies(standin)


def test_the_mark_in_another_s_comment_is_not_ours(standin: StandIn, github: GitHub) -> None:
    """Two bots, or a person who copies the text: each has their own."""
    standin.comment(7, PLAN.on("mine"), login="other-app[bot]")
    standin.comment(7, PLAN.on("looks harmless"), login="mallory")

    assert "created" == keep(github, PLAN, "one")
    assert [PLAN.on("mine"), PLAN.on("looks harmless"), PLAN.on("one")] == bodies(standin)


def test_a_mark_that_is_quoted_is_none(github: GitHub) -> None:
    """A display name may spell one; ours is the last line."""
    keep(github, CommentMark("plan", "production"), f"`{PLAN}` gets access")

    assert "created" == keep(github, PLAN, "one")


def test_of_two_of_ours_the_first_is_kept(standin: StandIn, github: GitHub) -> None:
    """Two runs that raced made two; the one that everybody was notified of goes on."""
    standin.comment(7, PLAN.on("first"))
    standin.comment(7, PLAN.on("second"))

    keep(github, PLAN, "third")

    assert [PLAN.on("third"), PLAN.on("second")] == bodies(standin)


def test_the_comment_of_an_account_that_is_gone_is_not_ours(standin: StandIn, github: GitHub) -> None:
    """GitHub tells no user for those."""
    standin.comment(7, PLAN.on("old"))["user"] = None

    assert "created" == keep(github, PLAN, "one")


def test_a_comment_that_was_deleted_meanwhile_is_written_anew(standin: StandIn, github: GitHub) -> None:
    """The plan is shown all the same."""
    keep(github, PLAN, "one")
    standin.fail_next("PATCH", 404)

    assert "created" == keep(github, PLAN, "two")
    assert [PLAN.on("two")] == standin.shown(7)


def test_where_somebody_wrote_between_the_look_and_the_writing_it_looks_again(standin: StandIn, github: GitHub) -> None:
    """And decides anew, once; that is no reason to fail a job, and a second time is told."""
    keep(github, PLAN, "one")
    standin.fail_next("PATCH", 409)

    assert "edited" == keep(github, PLAN, "two")
    assert [PLAN.on("two")] == bodies(standin)

    standin.fail_next("PATCH", 409)
    standin.fail_next("PATCH", 409)
    with pytest.raises(Conflict, match="it changed in the meantime: run this again"):
        keep(github, PLAN, "three")
    assert [PLAN.on("two")] == bodies(standin)


def test_the_author_is_the_token_s_own_account(standin: StandIn, github: GitHub) -> None:
    """Of a personal token, or of a machine account."""
    standin.tokens[TOKEN] = Token(FULL, login="acme-machine")

    assert OwnAuthor("acme-machine") == find_author(github)


def test_a_workflow_s_token_is_nobody_s_and_writes_as_the_bot(standin: StandIn, github: GitHub) -> None:
    """GitHub does not tell it who it is."""
    assert OwnAuthor() == find_author(github)
    assert 1 == len(standin.calls)


def test_a_token_without_permission_changes_nothing(standin: StandIn, github: GitHub) -> None:
    """And says which one is missing."""
    standin.tokens[TOKEN] = Token({"pull_requests": "read"})

    with pytest.raises(Forbidden, match="pull-requests: write"):
        keep(github, PLAN, "one")
    assert {} == standin.comments
