"""The roles of people in an account of the embedded 4me: shown, added and overwritten.

Source: 4me's people permissions page, with its values and prerequisites. Roles compare by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reconciler.core.declarations.role_catalogue import CATALOGUE, NEED_NO_SPECIALIST, OWNER, SPECIALIST
from reconciler.core.model.messages import JsonObject
from reconciler.core.simulator.answer import Call
from reconciler.core.simulator.directory import Directory
from reconciler.core.simulator.rejection import Rejection, invalid_value

ORDER = (*sorted(CATALOGUE), OWNER)


@dataclass(frozen=True, slots=True)
class PeopleQuirks:
    """The behaviour of 4me's REST API that its pages leave open, or that changed.

    `ignores` holds roles whose changes are answered with success, and dropped. With `links="later"`, a written user is
    linked to a person by the first request that comes `links_after` seconds and `links_after_requests` requests later.
    """

    page_limit: int = 100
    pages: Literal["cursors", "numbered"] = "cursors"
    missing_specialist: Literal["refuse", "add"] = "refuse"
    owner_when_left_out: Literal["lost", "kept"] = "lost"
    no_roles_at_all: Literal["revoke", "refuse"] = "revoke"
    writes_answer: Literal["permissions", "nothing"] = "permissions"
    ignores: frozenset[str] = frozenset()
    links: Literal["at once", "later", "never"] = "at once"
    links_after: float = 0.0
    links_after_requests: int = 1


def roles_in(person: Mapping[str, object], account: str) -> frozenset[str]:
    """Returns the roles that a person holds in an account."""
    return frozenset(_by_account(person).get(account, ()))


def permissions_of(person: Mapping[str, object]) -> list[JsonObject]:
    """Returns a person's roles, for each account in which they hold one."""
    return [shown_permissions(person, account) for account in sorted(_by_account(person))]


def shown_permissions(person: Mapping[str, object], account: str) -> JsonObject:
    """Returns a person's roles in one account, as 4me shows them."""
    roles = roles_in(person, account)
    known = [role for role in ORDER if role in roles]
    return {"account": {"id": account, "name": account}, "roles": [*known, *sorted(roles - set(known))]}


def change_roles(directory: Directory, person: JsonObject, call: Call, quirks: PeopleQuirks) -> JsonObject:
    """Returns the person with the roles of the call; raises a Rejection if 4me refuses them."""
    roles = roles_in(person, call.account)
    after = _requested(roles, call, quirks)
    if unknown := sorted(after - CATALOGUE - {OWNER} - roles):
        raise invalid_value("roles", f"has no {unknown[0]}")
    if OWNER in after - roles:
        raise invalid_value("roles", f"can't grant {OWNER}")
    needy = sorted((after & CATALOGUE) - NEED_NO_SPECIALIST)
    if needy and SPECIALIST not in after and quirks.missing_specialist == "refuse":
        raise invalid_value("roles", f"{needy[0]} needs {SPECIALIST}")
    if person["id"] == directory.me["id"] and roles - after:
        raise Rejection(403, "a person can't revoke their own roles")
    after |= {SPECIALIST} if needy else frozenset()
    after = (after - quirks.ignores) | (roles & quirks.ignores)
    return {**person, "permissions": {**_by_account(person), call.account: sorted(after)}}


def _requested(roles: frozenset[str], call: Call, quirks: PeopleQuirks) -> frozenset[str]:
    """Returns the roles after the call: a POST adds its roles, a PATCH replaces all."""
    if "roles" not in call.query:
        raise invalid_value("roles", "is required")
    given = frozenset(role for role in call.query["roles"].split(",") if role)
    if not given and quirks.no_roles_at_all == "refuse":
        raise invalid_value("roles", "can't be blank")
    if call.method == "POST":
        return roles | given
    return given | (roles & {OWNER}) if quirks.owner_when_left_out == "kept" else given


def _by_account(person: Mapping[str, object]) -> Mapping[str, Sequence[str]]:
    permissions = person.get("permissions")
    return permissions if isinstance(permissions, dict) else {}
