"""The notes of a plan beside its changes: unresolved resources, the record of applies, and refusing problems."""

from __future__ import annotations

from typing import Final, Literal

from reconciler.core.model.frozen import Frozen
from reconciler.errors import Problem


class NamedResource(Frozen):
    """A live user or group that is unresolved: it may have left git; it is named, and not changed.

    `witnesses` is the evidence, and `settle` is the line of YAML that resolves it.
    """

    kind: Literal["user", "group"]
    id: str
    name: str
    verdict: Literal["unaccounted", "elsewhere", "unsettled"]
    key: str
    witnesses: str
    settle: str


class RecordNote(Frozen):
    """The facts from the record of applies for this plan.

    `serial` is the last apply on record, and `full_since` the last complete apply with a full read; each may be None.
    `known` is false if the record could not be read. A plan of a partial read repeats the counts of `unsettled` and
    `ignored` users since then. `made_on` is the day on which the plan was made.
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
