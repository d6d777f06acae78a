"""The effects of a plan that count against each limit.

Counts changes; does not know the limits themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.core.changes.plan import Change
from reconciler.core.declarations.tenant import Guardrails
from reconciler.core.model.logins import primary_address

SUMMED = "max_privileged_grants"
WRITES = frozenset({"update_user", "update_group", "reactivate_user"})
ABOUT_USERS = frozenset({"update_user", "reactivate_user"})


def list_effects(changes: Sequence[Change]) -> Mapping[str, list[str]]:
    """Returns a description of each effect that counts against a limit, by the guardrail's name.

    Privileged grants are not among them. A deactivation includes the leaver's roles and memberships, and counts once.
    A resource that is written in two requests counts once, and so does each member of an exchange of names.
    An adoption does not count as an update, or as an identity update.
    """
    leavers = [change.key for change in changes if change.action == "deactivate_user"]
    left = frozenset(leavers)
    revoked = [change for change in changes if change.key not in left]
    written = [change for change in changes if is_write(change)]
    updated = [change for change in written if not is_adoption(change)]
    return {
        "max_deactivations": leavers,
        "max_member_removals": _spell(_pairs(changes, "remove_members", without=left)),
        "max_role_revocations": _spell(_pairs(revoked, "revoke_roles", without=frozenset())),
        "max_updates": list(dict.fromkeys(change.key for change in updated if change.key not in left)),
        "max_identity_updates": list(
            dict.fromkeys(change.key for change in updated if any(list_identity_paths(change)))
        ),
        "max_clears": [f"{path} of {change.key}" for change in written for path in _cleared(change)],
        "max_adoptions": [change.key for change in changes if is_adoption(change)],
    }


def effects_of(
    changes: Sequence[Change], guardrails: Guardrails | None = None, *, first_apply: bool = False
) -> dict[str, int]:
    """Returns how many of the changes count against each guardrail, by its name; zeros are left out.

    An apply records these counts for the changes that it carried out. Adoptions of the first apply are not counted,
    because it takes over an account. A privileged role that a reactivated user still holds is in no change, and not
    counted.
    """
    counted = {name: len(named) for name, named in list_effects(changes).items()}
    counted[SUMMED] = sum(1 for _ in _privileged(changes, guardrails or Guardrails()))
    if first_apply:
        del counted["max_adoptions"]
    return {name: count for name, count in counted.items() if count}


def is_write(change: Change) -> bool:
    """Returns whether a change writes attributes of a user or group that exists in the account."""
    return change.action in WRITES and change.target_id is not None and bool(change.attributes)


def is_adoption(change: Change) -> bool:
    """Returns whether a change brings an existing user or group of the account under management.

    It writes the externalId of git. A user declared without an externalId is matched by another attribute in each plan.
    """
    found = change.action in WRITES and bool(change.adopted)
    return found and any(attribute.path == "externalId" for attribute in change.attributes)


def list_identity_paths(change: Change) -> Iterator[str]:
    """Yields the login attributes that a change rewrites: userName, externalId, the primary e-mail.

    The first externalId of a user rewrites nothing.
    """
    if change.action not in ABOUT_USERS or change.target_id is None:
        return
    for attribute in change.attributes:
        if attribute.path == "userName" or (attribute.path == "externalId" and attribute.before is not None):
            yield attribute.path
        elif attribute.path == "emails" and primary_address(attribute.before) != primary_address(attribute.after):
            yield "primary e-mail"


def _cleared(change: Change) -> Iterator[str]:
    return (
        attribute.path for attribute in change.attributes if attribute.after is None and attribute.before is not None
    )


def _pairs(changes: Iterable[Change], action: str, *, without: frozenset[str]) -> list[tuple[str, str]]:
    """Returns (resource, member or role) of every change of that action, except members or roles in `without`."""
    return [
        (change.key, part)
        for change in changes
        if change.action == action
        for part in (*change.members, *change.roles)
        if part not in without
    ]


def _spell(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{part} of {resource}" for resource, part in pairs]


def _privileged(changes: Iterable[Change], guardrails: Guardrails) -> Iterator[str]:
    """Yields the privileged roles that changes grant."""
    privileged = frozenset(guardrails.privileged_roles)
    for change in changes:
        if change.action in {"grant_roles", "create_user"}:
            yield from (role for role in change.roles if role in privileged)
