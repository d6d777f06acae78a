"""What the account holds of one person, and what a plan would do to them: the account's side of an explanation.

Decides nothing of its own: linking is `link`'s, and every change and reason is the planner's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.access.scope import read_values
from reconciler.core.changes.plan import Action, Change
from reconciler.core.changes.redact import redact_change
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.link import Links, link_account
from reconciler.core.comparison.references import ID_PREFIX
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.frozen import Frozen
from reconciler.core.model.matching import fold
from reconciler.core.model.resources import Key, LiveUser, Value
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.ownership.verdicts import Doubt
from reconciler.core.planner.planner import Decisions, decide_changes


class InAccount(Frozen):
    """A user as the account holds them; the manager among the attributes is a key, where git knows one."""

    id: str
    name: str
    active: bool
    last_modified: str | None
    attributes: dict[str, Value]
    roles: tuple[str, ...]
    groups: tuple[str, ...]


class Planned(Frozen):
    """One change of a plan that touches the person, themselves or as a member of a group.

    `what` are the attributes or the roles that change, or the name of the group.
    """

    action: Action
    key: str
    what: tuple[str, ...]
    reason: str


class AccountSide(Frozen):
    """Who they are in the account (None: nobody), and what a plan would do; where nothing, `untouched` says why."""

    user: InAccount | None
    plan: tuple[Planned, ...]
    untouched: str | None


@dataclass(frozen=True, slots=True)
class AccountView:
    """What git says, held against the whole account: who is who, and what a plan would do."""

    desired: DesiredState
    live: LiveState
    links: Links
    decided: Decisions
    keys: Mapping[str, Key]
    redaction: Redaction = Redaction()  # noqa: RUF009  # frozen, and empty

    def side_of(self, key: Key | None, user: LiveUser | None) -> AccountSide:
        """The account's side of somebody that git knows by a key, or that only the account knows."""
        plan = tuple(self._planned(key, user))
        return AccountSide(
            user=self._show(user) if user else None,
            plan=plan,
            untouched=None if plan else self._why_untouched(key, user),
        )

    def _why_untouched(self, key: Key | None, user: LiveUser | None) -> str:
        reasons = [one.reason for one in self.decided.skipped if one.key == str(key)]
        if user and (doubt := self.doubt_of(user)):
            reasons.append(f"{doubt.verdict}: {doubt.witnesses}; {doubt.settle}")
        return "; ".join(reasons) or ("nothing differs" if key else "git does not declare them")

    def doubt_of(self, user: LiveUser) -> Doubt | None:
        """The doubt whether a user left, or None."""
        return next((one for one in self.decided.ownership.doubts if (one.kind, one.id) == ("user", user.id)), None)

    def _planned(self, key: Key | None, user: LiveUser | None) -> Iterable[Planned]:
        names = {str(key), f"{ID_PREFIX}{user.id}" if user else ""}
        for change in self.decided.changes:
            if change.key in names:
                yield _told(
                    redact_change(change, self.redaction), (*(one.path for one in change.attributes), *change.roles)
                )
            elif not names.isdisjoint(change.members):
                told = redact_change(change, self.redaction)
                yield _told(told, (told.name,))

    def _show(self, user: LiveUser) -> InAccount:
        attributes = dict(user.attributes)
        if str(attributes.get("manager")) in self.keys:
            attributes["manager"] = str(self.keys[str(attributes["manager"])])
        return InAccount(
            id=user.id,
            name=user.id if self.redaction.covers_what_people_are_called else user.name,
            active=user.active,
            last_modified=user.last_modified,
            attributes={path: self.redaction.redact(path, value) for path, value in sorted(attributes.items())},
            roles=tuple(sorted(user.roles)),
            groups=tuple(sorted(group.name for group in self.live.groups if user.id in group.members)),
        )

    def claims(self, user: LiveUser) -> list[Key]:
        """The declared users that could be this one, where it is unclear which."""
        found = (
            key
            for key in self.links.users.unclear
            if any(
                _same(attribute, user.attributes.get(attribute), self.desired.users[key].attributes.get(attribute))
                for attribute in self.desired.matching
            )
        )
        return sorted(found)


def _same(attribute: str, live: Value, desired: Value) -> bool:
    return isinstance(live, str) and isinstance(desired, str) and fold(attribute, live) == fold(attribute, desired)


def _told(change: Change, what: tuple[str, ...]) -> Planned:
    return Planned(action=change.action, key=change.key, what=what, reason=change.reason)


def hold_against(
    desired: DesiredState, live: LiveState, tenant: Tenant, earlier: Earlier, evidence: Evidence = NO_EVIDENCE
) -> AccountView:
    """All of git against all of the account: what touches somebody may be a change of a group."""
    links = link_account(desired, earlier, live)
    decided = decide_changes(desired, live, tenant, earlier, evidence)
    left = {one.user.key: one.live for one in decided.ownership.leavers}
    keys = {user.id: key for key, user in {**links.former_users.live_of, **left, **links.users.live_of}.items()}
    return AccountView(desired, live, links, decided, keys)


def find_people(live: LiveState, named: str) -> tuple[LiveUser, ...]:
    """Whom of the account somebody means: by id or externalId, else userName, else e-mail, else display name."""
    folded, exact = named.casefold(), named.removeprefix(ID_PREFIX)
    ways = (
        [user for user in live.users if exact in (user.id, user.attributes.get("externalId"))],
        [user for user in live.users if folded in _texts(user, "userName")],
        [user for user in live.users if folded in _texts(user, "emails.value")],
        [user for user in live.users if folded in _texts(user, "displayName")],
    )
    return tuple(next(filter(None, ways), []))


def _texts(user: LiveUser, path: str) -> list[str]:
    return [str(value).casefold() for value in read_values(user.attributes, path)]
