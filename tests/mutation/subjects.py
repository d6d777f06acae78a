"""The modules that are mutated, and the tests that must notice; the likeliest tests come first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """A module, its mutated functions (None: all), and the tests that must notice."""

    module: str
    inside: frozenset[str] | None
    tests: tuple[str, ...]
    only_removed: bool = False


LISTS, READS = "tests/live/test_lists.py", "tests/live/test_read.py"
ON, HISTORIES = "tests/live/test_incremental.py", "tests/properties/test_incremental_properties.py"

SUBJECTS: Mapping[str, Subject] = {
    "guardrails": Subject("reconciler/core/safety/guardrails.py", None, ("tests/core/safety/test_guardrails.py",)),
    "limits": Subject(
        "reconciler/core/safety/limits.py",
        None,
        ("tests/core/safety/test_limits.py", "tests/core/safety/test_guardrails.py"),
    ),
    "held": Subject(
        "reconciler/core/safety/make_plan.py",
        frozenset({"_check_guardrails"}),
        ("tests/core/safety/test_make_plan.py", "tests/test_cases.py"),
        only_removed=True,
    ),
    "completeness": Subject("reconciler/core/scim/pages.py", None, ("tests/core/scim/test_pages.py", LISTS)),
    "lists": Subject("reconciler/live/lists.py", None, (LISTS, READS)),
    "reads": Subject("reconciler/live/read.py", None, (LISTS, ON, READS)),
    "increment": Subject(
        "reconciler/core/scim/increment.py", None, ("tests/core/scim/test_increment.py", ON, HISTORIES)
    ),
    "incremental": Subject("reconciler/live/incremental.py", None, (ON, HISTORIES)),
    "methods": Subject("reconciler/live/client.py", frozenset({"refuse_method"}), ("tests/live/test_client.py",)),
    "methods used": Subject(
        "reconciler/live/client.py",
        frozenset({"send"}),
        (
            "tests/live/test_client.py",
            "tests/live/test_oauth.py",
            "tests/live/test_pace.py",
            "tests/live/test_rate_limiter.py",
        ),
        only_removed=True,
    ),
}
