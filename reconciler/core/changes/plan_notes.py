"""What a plan says beside its changes: resources in doubt, what is on record, and which problems refuse it."""

from __future__ import annotations

from typing import Final, Literal

from reconciler.core.model.frozen import Frozen
from reconciler.errors import Problem


class NamedResource(Frozen):
    """A live user or group that may have left git, which can't be decided: named, and left untouched.

    `witnesses` says what is known of them, and `settle` is the line of YAML that settles it.
    """

    kind: Literal["user", "group"]
    id: str
    name: str
    verdict: Literal["unaccounted", "elsewhere", "unsettled"]
    key: str
    witnesses: str
    settle: str


class RecordNote(Frozen):
    """What the record of applies says for this plan.

    `serial` is the last apply on record, and `full_since` the last that was whole and read the whole account; None
    where there is none. `known` is false where the record could not be read. A plan of a partial read repeats how many
    users are `unsettled` or `ignored` since then. `made_on` is the day on which the plan was made.
    """

    serial: int | None = None
    full_since: int | None = None
    known: bool = True
    unsettled: int = 0
    ignored: int = 0
    made_on: str


REFUSING: Final = frozenset(
    {
        *("guardrail", "incomplete_read"),
        *("record_unknown", "history_cut", "not_a_record", "another_account", "another_tenant", "two_folders"),
    }
)


def is_refusal(problem: Problem) -> bool:
    """Whether a plan with this problem is shown, and not applied."""
    return problem.code in REFUSING
