"""Whom of the account a name means, and what they are to git: declared, gone from it, or nobody it knows.

Decides as a plan links people, from git, its past and the live state; asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from reconciler.core.earlier import Earlier
from reconciler.core.link import Links, find_gone, link_resources
from reconciler.core.match import match_resources
from reconciler.core.model import DesiredState, DesiredUser, Key, LiveState, LiveUser
from reconciler.core.plan import Frozen
from reconciler.core.references import ID_PREFIX
from reconciler.errors import Source

NAMES = ("externalId", "userName", "displayName")
VERDICTS = {
    "declared": "is {} of git",
    "left git": "is {}, who left git",
    "unclear": "is one of several whom git could mean: nothing is done to them until that is clear",
    "unmanaged": "is unmanaged: git does not declare them, and nothing is ever done to them",
}


class InAccount(Frozen):
    """Somebody of the account. `key` is theirs in git, now or before; `adopted_by` is an edit of git that links them.

    `unclear` is whom several keys of git could be, or who is one of several that a key could be.
    """

    id: str
    name: str
    user_name: str
    active: bool
    roles: tuple[str, ...]
    groups: tuple[str, ...]
    standing: Literal["declared", "left git", "unclear", "unmanaged"]
    verdict: str
    key: str | None = None
    adopted_by: str | None = None


def find_in_account(word: str, desired: DesiredState, earlier: Earlier, live: LiveState) -> tuple[InAccount, ...]:
    """Who is linked to the key of that name, or has it as id, externalId, user name, display name or e-mail."""
    links = link_resources(desired, find_gone(desired, earlier), live)
    key_of = {one.id: key for matches in (links.gone_users, links.users) for key, one in matches.live_of.items()}
    meant = [one for one in live.users if key_of.get(one.id) == Key("user", word) or _answers_to(one, word)]
    ordered = sorted(meant, key=lambda one: one.id)
    return tuple(_describe(one, key_of.get(one.id), links, desired, live) for one in ordered)


def _answers_to(user: LiveUser, word: str) -> bool:
    emails = user.attributes.get("emails")
    addresses = [one["value"] for one in emails if isinstance(one, dict)] if isinstance(emails, list) else []
    names = [user.id, *(user.attributes.get(name) for name in NAMES), *addresses]
    return word.removeprefix(ID_PREFIX).casefold() in {str(name).casefold() for name in names if name}


def _describe(user: LiveUser, key: Key | None, links: Links, desired: DesiredState, live: LiveState) -> InAccount:
    unmanaged = key is None and user.id not in links.users.contested | links.gone_users.contested
    standing = _standing(key, desired, unmanaged=unmanaged)
    return InAccount(
        id=user.id,
        name=user.name,
        user_name=str(user.attributes.get("userName") or ""),
        active=user.active,
        roles=tuple(sorted(user.roles)),
        groups=tuple(sorted(group.name for group in live.groups if user.id in group.members)),
        standing=standing,
        verdict=VERDICTS[standing].format(key),
        key=str(key) if key else None,
        adopted_by=_adopting_edit(user, desired, live.users) if unmanaged else None,
    )


def _standing(
    key: Key | None, desired: DesiredState, *, unmanaged: bool
) -> Literal["declared", "left git", "unclear", "unmanaged"]:
    if key is not None:
        return "declared" if key in desired.users else "left git"
    return "unmanaged" if unmanaged else "unclear"


def _adopting_edit(user: LiveUser, desired: DesiredState, users: Iterable[LiveUser]) -> str | None:
    """The one value by which a declaration would be linked to them, tried; None where none that they have would do."""
    new = Key("user", "")
    values = {name: value for name in desired.matching if isinstance(value := user.attributes.get(name), str) and value}
    for attribute, value in values.items():
        declared = DesiredUser(new, Source(""), {attribute: value}, in_scope=True, reason="")
        everybody = [*desired.users.values(), declared]
        if _links(everybody, users, desired, new) == user.id:
            return f"{attribute}: {value}"
    return None


def _links(declared: Iterable[DesiredUser], users: Iterable[LiveUser], desired: DesiredState, key: Key) -> str | None:
    linked = match_resources(declared, list(users), desired.matching).live_of.get(key)
    return linked.id if linked else None
