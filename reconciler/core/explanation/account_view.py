"""The account's side of an explanation: one user as the account holds them, and what a plan would change.

Decides nothing: `link` makes the links, and the planner makes every change and reason.
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
from reconciler.core.model.matching import matching_value
from reconciler.core.model.resources import Key, LiveUser, Value
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.ownership.verdicts import Doubt
from reconciler.core.planner.planner import Decisions, decide_changes
from reconciler.errors import Problem


class InAccount(Frozen):
    """A user as the account holds them; a declared manager is shown by key."""

    id: str
    name: str
    active: bool
    last_modified: str | None
    attributes: dict[str, Value]
    roles: tuple[str, ...]
    groups: tuple[str, ...]


class Planned(Frozen):
    """One change of a plan to the user, or to a group that gains or loses them.

    `what` holds the attributes and roles that change, or the name of the group.
    """

    action: Action
    key: str
    what: tuple[str, ...]
    reason: str


class AccountSide(Frozen):
    """The user in the account (None without a match), and the planned changes; `untouched` is the reason for none.

    `held` has what keeps a planned change from having everything: a name that another one keeps.
    """

    user: InAccount | None
    plan: tuple[Planned, ...]
    untouched: str | None
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountView:
    """The desired state compared with the whole account: the links, and the changes of a plan."""

    desired: DesiredState
    live: LiveState
    links: Links
    decided: Decisions
    keys: Mapping[str, Key]
    redaction: Redaction = Redaction()  # noqa: RUF009  # frozen, and empty

    def side_of(self, key: Key | None, user: LiveUser | None) -> AccountSide:
        """Returns the account's side of a user: `key` if git declares them or did, `user` if the account has them."""
        plan = tuple(self._planned(key, user))
        return AccountSide(
            user=self._show(user) if user else None,
            plan=plan,
            untouched=None if plan else self._why_untouched(key, user),
            held=tuple(self._spell(self.decided.names.problems_of(key))) if plan and key else (),
        )

    def _why_untouched(self, key: Key | None, user: LiveUser | None) -> str:
        reasons = [skipped.reason for skipped in self.decided.skipped if skipped.key == str(key)]
        reasons += self._blockers(key) if key else []
        if user and (doubt := self.doubt_of(user)):
            reasons.append(f"{doubt.verdict}: {doubt.witnesses}; {doubt.settle}")
        return "; ".join(reasons) or ("nothing differs" if key else "git does not declare them")

    def _blockers(self, key: Key) -> list[str]:
        """Returns the problems that block a key, with their way out; only that if attributes are redacted."""
        problems = [problem for problem in self.links.users.reasons(key) if problem.severity == "error"]
        return self._spell([*problems, *self.decided.names.problems_of(key)])

    def _spell(self, problems: Iterable[Problem]) -> list[str]:
        if self.desired.redact:
            return [f"{problem.code}: {problem.hint}" for problem in problems]
        return [f"{problem.code}: {problem.message}; {problem.hint}" for problem in problems]

    def doubt_of(self, user: LiveUser) -> Doubt | None:
        """Returns the doubt about an unresolved user, or None."""
        doubts = self.decided.ownership.doubts
        return next((doubt for doubt in doubts if (doubt.kind, doubt.id) == ("user", user.id)), None)

    def _planned(self, key: Key | None, user: LiveUser | None) -> Iterable[Planned]:
        names = {str(key), f"{ID_PREFIX}{user.id}" if user else ""}
        for change in self.decided.changes:
            if change.key in names:
                changed = (*(attribute.path for attribute in change.attributes), *change.roles)
                yield _describe(redact_change(change, self.redaction), changed)
            elif not names.isdisjoint(change.members):
                group = redact_change(change, self.redaction)
                yield _describe(group, (group.name,))

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
        """Returns the declared users with an ambiguous match that share a matching attribute with this live user."""
        return sorted(
            key
            for key in self.links.users.unclear
            if any(
                (value := matching_value(attribute, user.attributes))
                and value == matching_value(attribute, self.desired.users[key].attributes)
                for attribute in self.desired.matching
            )
        )


def _describe(change: Change, what: tuple[str, ...]) -> Planned:
    return Planned(action=change.action, key=change.key, what=what, reason=change.reason)


def view_account(
    desired: DesiredState, live: LiveState, tenant: Tenant, earlier: Earlier, evidence: Evidence = NO_EVIDENCE
) -> AccountView:
    """Compares the whole desired state with the whole account, because a change to a group may concern the user."""
    links = link_account(desired, earlier, live)
    decided = decide_changes(desired, live, tenant, earlier, evidence)
    left = {leaver.user.key: leaver.live for leaver in decided.ownership.leavers}
    keys = {user.id: key for key, user in {**links.former_users.live_of, **left, **links.users.live_of}.items()}
    return AccountView(desired, live, links, decided, keys)


def find_people(live: LiveState, named: str) -> tuple[LiveUser, ...]:
    """Finds live users by id or externalId, else by userName, else by e-mail, else by display name."""
    folded, exact = named.casefold(), named.removeprefix(ID_PREFIX)
    lookups = (
        [user for user in live.users if exact in (user.id, user.attributes.get("externalId"))],
        [user for user in live.users if folded in _texts(user, "userName")],
        [user for user in live.users if folded in _texts(user, "emails.value")],
        [user for user in live.users if folded in _texts(user, "displayName")],
    )
    return tuple(next(filter(None, lookups), []))


def _texts(user: LiveUser, path: str) -> list[str]:
    return [str(value).casefold() for value in read_values(user.attributes, path)]
