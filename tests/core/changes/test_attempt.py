"""Attempts: the entries of the provisioning log."""

from __future__ import annotations

import pytest

from reconciler.core.changes.attempt import Attempt, AttemptQuery
from reconciler.core.changes.plan import AttributeChange

STARTED = Attempt(
    at="2026-11-23T12:00:00.000+00:00",
    run="r1",
    tenant="qa",
    url="sandbox",
    commit=None,
    digest="sha256:0",
    who="Ada",
    change="c1",
    action="update_user",
    key="user/ann",
    name="Ann",
    target_id="u1",
    cause="this_change",
    reason="holds user",
    attributes=(AttributeChange(path="title", before=None, after="Chief"),),
    members=(),
    roles=(),
    status="started",
    detail="",
    seconds=None,
    requests=None,
)


def test_an_attempt_is_a_line_of_json_and_back() -> None:
    """Which is what is exported."""
    assert Attempt.model_validate_json(STARTED.model_dump_json()) == STARTED


def test_an_attempt_has_begun_or_has_one_of_the_outcomes() -> None:
    """Another status is none of ours."""
    with pytest.raises(ValueError, match="status"):
        Attempt.model_validate({**STARTED.model_dump(), "status": "deleted"})


def test_without_a_word_everything_is_wanted() -> None:
    """No filter and no limit."""
    assert AttemptQuery() == AttemptQuery(None, None, (), (), (), None, None, None)
