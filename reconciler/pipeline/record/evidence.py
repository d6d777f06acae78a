"""Gathers the evidence for a plan after the read, and checks that the account is the one of earlier applies."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.comparison.link import link_account
from reconciler.core.model.resources import Key
from reconciler.core.model.states import LiveState
from reconciler.core.ownership.candidates import find_candidates
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.record.refusals import check_account, check_other_tenants, choose_sample
from reconciler.desired.evidence.apply_line import find_last_whole
from reconciler.desired.evidence.gather import gather_evidence
from reconciler.errors import Problem, Refused
from reconciler.pipeline.desired.current_state import CurrentState
from reconciler.pipeline.record.history import History
from reconciler.pipeline.record.prior_state import PriorState
from reconciler.pipeline.record.tenant_record import find_other_samples

MOST_NEW = 100  # keys that are new in git and exist in the account: more are an import
MOST_APPLIES = 5  # the newest commits on record, whose states every plan needs


def find_evidence(history: History, current: CurrentState, prior: PriorState, live: LiveState) -> Evidence:
    """Returns the evidence about possible leavers; `known` is false if git's history or the record is incomplete."""
    if history.unknown is not None:
        return Evidence(known=False)
    if history.work is None:
        return NO_EVIDENCE
    links = link_account(current.desired, prior.earlier, live)
    users, groups = links.users.live_of, links.groups.live_of
    new = users.keys() - prior.earlier.users().keys() if prior.applied else frozenset()
    candidates = find_candidates(current.desired, users, groups, live, new if len(new) <= MOST_NEW else frozenset())
    applies = [entry.record.commit for entry in reversed(history.record.history.front())][:MOST_APPLIES]
    last = find_last_whole(history.graph, history.record.history) if history.graph else None
    try:
        return gather_evidence(
            history.work,
            history.record.history,
            history.states.compile,
            candidates,
            also=dict.fromkeys([*applies, *([last.record.commit] if last else [])]),
            is_clean=current.commit is not None,
        )
    except Refused as error:
        return Evidence(known=False, incomplete=(str(error),))


def find_sample_keys(history: History | None, current: CurrentState) -> frozenset[Key]:
    """Returns the users of the record's sample that a partial read looks up, to recognise the account."""
    sample = history.record.history.last_sample() if history else None
    names = {str(key): key for key, user in current.desired.users.items() if user.in_scope}
    return frozenset(names[name] for name in choose_sample(sample, names))


def check_same_account(
    history: History, current: CurrentState, prior: PriorState, live: LiveState
) -> Iterator[Problem]:
    """Yields the refusal if the account is not the one of earlier applies."""
    targeted = live.certificate.mode == "targeted"
    if history.unknown is not None or (targeted and live.certificate.faults):
        return  # nothing is applied then, and a user that was not read proves nothing
    links = link_account(current.desired, prior.earlier, live)
    declared = current.desired.users.keys() | prior.earlier.users().keys()
    keys = find_sample_keys(history, current) if targeted else declared
    users = {key: links.user(key) for key in keys}
    linked = {str(key): user.id if user else "" for key, user in users.items()}
    ids = {user.id for user in live.users}
    record = history.record.history
    refusal = check_account(record.last_sample(), linked, ids, targeted=targeted)
    if refusal is None and record.last_sample() is None:
        others = find_other_samples(current, history.record)
        refusal = check_other_tenants(record, others, linked, ids, current.tenant.beside)
    if refusal is not None:
        yield refusal.as_problem()
