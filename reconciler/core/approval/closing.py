"""Makes the record of an apply's end: the covered keys, whether the apply is complete, the open effects. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from reconciler.core.changes.outcome import Outcome, Status, count_statuses
from reconciler.core.changes.plan import Plan
from reconciler.core.model.resources import DesiredUser
from reconciler.core.model.states import DesiredState
from reconciler.core.planner.planner import Decisions
from reconciler.core.record.record import ApplyRecord, Covers, OpenAtom, SampleEntry, make_sample, salted

CREATES = frozenset({"create_user", "create_group"})
REVOKED: Final[frozenset[Status]] = frozenset({"applied", "already", "withdrawn", "left"})


@dataclass(frozen=True, slots=True)
class Ended:
    """The results of an apply. `only` means that the plan was limited to keys by `--only`.

    `outcomes` is empty if no change was tried. `settled` means that every change was done or was found in the account.
    `effects` are counts by the guardrail that limits them. `created` are the live ids of created resources by key.
    `plans` are the digests of the approved plan files.
    """

    plan: Plan
    decided: Decisions
    desired: DesiredState
    outcomes: Sequence[Outcome]
    settled: bool
    only: bool
    open: tuple[OpenAtom, ...] | str
    effects: dict[str, int]
    population: int | None
    ignored: int
    created: Mapping[str, str] = field(default_factory=dict)
    plans: tuple[str, ...] = ()


def end_apply(begun: ApplyRecord, ended: Ended, at: str, sample: tuple[SampleEntry, ...]) -> ApplyRecord:
    """Returns the record of the end of an apply; `sample` is the last one on record, passed on if no new one is made.

    A targeted apply with unresolved users is partial, so that the next targeted plan is about their keys too.
    """
    plan = ended.plan
    all_users = plan.read.mode in {"full", "incremental"} and not ended.only
    complete = ended.settled and not ended.only and (all_users or not plan.named)
    new_sample = make_sample(begun.salt, _linked(ended)) if all_users and plan.read.complete else sample
    note, unsettled = plan.record, ended.decided.unsettled
    return begun.model_copy(
        update={
            "state": "ended",
            "at": at,
            "until": None,
            "as_of": plan.as_of,
            "mode": plan.read.mode if plan.read.mode != "snapshot" else None,
            "only": ended.only,
            "whole": complete,
            "digest": plan.digest,
            "counts": count_statuses(ended.outcomes),
            "effects": ended.effects,
            "population": ended.population,
            "covers": _covers(begun.salt, ended, complete=complete),
            "sample": new_sample,
            "open": ended.open,
            "plans": ended.plans,
            "unsettled": unsettled if all_users or note is None else max(unsettled, note.unsettled),
            "ignored": ended.ignored if all_users or note is None else note.ignored,
        }
    )


def end_without_effect(begun: ApplyRecord, at: str, last: ApplyRecord | None) -> ApplyRecord:
    """Returns the record of an apply that ended before its first request, and covers no key.

    Passes on the open effects, the counts and the sample of the last ended apply.
    """
    update: dict[str, object] = {"state": "ended", "at": at, "until": None, "covers": Covers(kind="only")}
    if last is not None:
        passed_on = ("sample", "open", "unsettled", "ignored", "population")
        update |= {name: getattr(last, name) for name in passed_on}
    return begun.model_copy(update=update)


def _covers(salt: str, ended: Ended, *, complete: bool) -> Covers:
    """Returns all keys for a complete apply, the linked keys with `--only`, else all keys except those not reached.

    A user whose roles were not revoked is not covered: that the roles are git's is known from the last covered commit
    alone, and a commit that no longer assigns them would hide the revocation from all later plans.
    """
    if complete:
        return Covers(kind="all")
    reached = ended.decided.ids.keys() | {
        outcome.change.key for outcome in ended.outcomes if outcome.change.action in CREATES and outcome.done_in_part
    }
    reached -= {outcome.change.key for outcome in ended.outcomes if _keeps_roles(outcome)}
    if ended.only:
        keys = {str(resource.key) for resource in ended.desired if ended.desired.is_selected(resource.key)} & reached
        return Covers(kind="only", keys=_hashes(salt, keys))
    missed = {str(resource.key) for resource in ended.desired if resource.in_scope} - reached
    return Covers(kind="all_but", keys=_hashes(salt, missed | ended.decided.unclear))


def _keeps_roles(outcome: Outcome) -> bool:
    return outcome.change.action == "revoke_roles" and (outcome.status not in REVOKED or bool(outcome.undone))


def _hashes(salt: str, keys: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(salted(salt, key) for key in keys))


def _linked(ended: Ended) -> Iterable[tuple[str, str]]:
    """Returns the keys and live ids of users in scope that were linked or created."""
    ids = {**ended.decided.ids, **ended.created}
    return (
        (str(user.key), ids[str(user.key)])
        for user in ended.desired
        if isinstance(user, DesiredUser) and user.in_scope and str(user.key) in ids
    )
