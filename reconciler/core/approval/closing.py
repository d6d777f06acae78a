"""The record of an apply that has ended: what it covers, whether it was whole, what stays open. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.changes.outcome import Outcome, count_statuses
from reconciler.core.changes.plan import Plan
from reconciler.core.model.resources import DesiredUser
from reconciler.core.model.states import DesiredState
from reconciler.core.planner.planner import Decisions
from reconciler.core.record.record import ApplyRecord, Covers, OpenAtom, SampleEntry, make_sample, salted

CREATES = frozenset({"create_user", "create_group"})


@dataclass(frozen=True, slots=True)
class Ended:
    """What an apply came to. `only` says that the plan was about keys that a person named.

    `outcomes` is empty where nothing was tried; `settled` says that every change ran or was seen to be so. `effects`
    are counts by the name of the guardrail that limits them. `created` are live ids by the keys of what was created,
    and `plans` the digests of the approved plan files.
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
    """Returns the record of the end of an apply; `sample` is the last one on record, passed on where none is made.

    A targeted apply that names users in doubt is not whole: they stay among the keys of the next targeted plan.
    """
    plan = ended.plan
    everybody = plan.read.mode in {"full", "incremental"} and not ended.only
    whole = ended.settled and not ended.only and (everybody or not plan.named)
    fresh = make_sample(begun.salt, _linked(ended)) if everybody and plan.read.complete else sample
    note, unsettled = plan.record, ended.decided.unsettled
    return begun.model_copy(
        update={
            "state": "ended",
            "at": at,
            "until": None,
            "as_of": plan.as_of,
            "mode": plan.read.mode if plan.read.mode != "snapshot" else None,
            "only": ended.only,
            "whole": whole,
            "digest": plan.digest,
            "counts": count_statuses(ended.outcomes),
            "effects": ended.effects,
            "population": ended.population,
            "covers": _covers(begun.salt, ended, whole=whole),
            "sample": fresh,
            "open": ended.open,
            "plans": ended.plans,
            "unsettled": unsettled if everybody or note is None else max(unsettled, note.unsettled),
            "ignored": ended.ignored if everybody or note is None else note.ignored,
        }
    )


def end_without_effect(begun: ApplyRecord, at: str, last: ApplyRecord | None) -> ApplyRecord:
    """Returns the record of an apply that ended before it could send anything: it covers no key.

    Passes on what the last ended apply left open, counted and sampled.
    """
    update: dict[str, object] = {"state": "ended", "at": at, "until": None, "covers": Covers(kind="only")}
    if last is not None:
        passed_on = ("sample", "open", "unsettled", "ignored", "population")
        update |= {name: getattr(last, name) for name in passed_on}
    return begun.model_copy(update=update)


def _covers(salt: str, ended: Ended, *, whole: bool) -> Covers:
    """Returns all for a whole apply, the linked keys for one about some keys, else all but those it did not reach."""
    if whole:
        return Covers(kind="all")
    reached = ended.decided.ids.keys() | {
        one.change.key for one in ended.outcomes if one.change.action in CREATES and one.status == "applied"
    }
    if ended.only:
        keys = {str(resource.key) for resource in ended.desired if ended.desired.is_asked(resource.key)} & reached
        return Covers(kind="only", keys=_hashes(salt, keys))
    missed = {str(resource.key) for resource in ended.desired if resource.in_scope} - reached
    return Covers(kind="all_but", keys=_hashes(salt, missed | ended.decided.unclear))


def _hashes(salt: str, keys: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(salted(salt, key) for key in keys))


def _linked(ended: Ended) -> Iterable[tuple[str, str]]:
    """Returns the keys and live ids of users in scope that are linked to the account, or were created there."""
    ids = {**ended.decided.ids, **ended.created}
    return (
        (str(user.key), ids[str(user.key)])
        for user in ended.desired
        if isinstance(user, DesiredUser) and user.in_scope and str(user.key) in ids
    )
