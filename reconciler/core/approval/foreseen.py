"""Foresees, without the account, what an apply of a commit would refuse: from a stored plan of that commit. Pure.

A stored plan may have been made with another base than an apply has, and has fingerprints for redacted values. Both
matter for the cause of an effect, which decides whether an effect without approval is refused or left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.core.approval.coverage import Approval, foresee_approval
from reconciler.core.approval.sources import InForce
from reconciler.core.changes.plan import AttributeChange, Change, Plan
from reconciler.core.changes.redact import readable
from reconciler.core.model.resources import Value, parse_key
from reconciler.core.model.states import DesiredState


def foresee(plan: Plan, desired: DesiredState, approved: Sequence[Plan], force: InForce) -> Approval:
    """Returns which changes of a stored plan an apply right after it would run, refuse and leave.

    `desired` is the state that the plan was made from; `force.earlier` has the states that the apply compares with.
    """
    changes = tuple(_as_an_apply_sees(change, desired, force) for change in plan.changes)
    seen = plan.model_copy(update={"changes": changes})
    found = foresee_approval(seen, approved, force, _find_linked(plan.changes, approved))
    not_run = (one.model_copy(update={"change": readable(one.change)}) for one in found.not_run)
    unseen = {change: tuple(map(readable, parts)) for change, parts in found.unseen.items()}
    return replace(found, to_run=tuple(map(readable, found.to_run)), not_run=tuple(not_run), unseen=unseen)


def _as_an_apply_sees(change: Change, desired: DesiredState, force: InForce) -> Change:
    """Returns the change with the declared values of redacted attributes, which give the cause.

    Without an earlier state nothing was managed, so that an apply knows no drift.
    """
    update: dict[str, object] = {}
    if force.earlier.base is None:
        update["cause"] = "this_change"
    if any(attribute.redacted for attribute in change.attributes):
        update["attributes"] = tuple(_reveal(attribute, change.key, desired) for attribute in change.attributes)
    return change.model_copy(update=update)


def _reveal(attribute: AttributeChange, key: str, desired: DesiredState) -> AttributeChange:
    if not attribute.redacted:
        return attribute
    return attribute.model_copy(
        update={
            "redacted_pair": (attribute.before, attribute.after),
            "after": _declared(key, attribute.path, desired),
        }
    )


def _declared(key: str, path: str, desired: DesiredState) -> Value:
    parsed = parse_key(key)
    resource = desired.resource(parsed) if parsed else None
    return {**resource.on_create, **resource.attributes}.get(path) if resource else None


def _find_linked(changes: Sequence[Change], approved: Sequence[Plan]) -> dict[str, str]:
    """Returns the SCIM users of persons: approved grants name the user where 4me has linked a person since.

    Left out if another change of the same key is of another user.
    """
    awaiting = {
        change.key: change.target_id
        for plan in approved
        for change in plan.changes
        if change.awaits_person and change.target_id is not None
    }
    users = {change.key: change.target_id for change in changes if change.action not in {"grant_roles", "revoke_roles"}}
    return {
        change.target_id: awaiting[change.key]
        for change in changes
        if change.action == "grant_roles" and change.target_id is not None and change.key in awaiting
        if users.get(change.key, awaiting[change.key]) == awaiting[change.key]
    }
