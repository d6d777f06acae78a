"""Desired state × live state (× earlier states of git) → the changes of a plan.

`core/ownership` decides who left; `plan_users` and `plan_groups` hold the decision tables. This module links git and
account, plans every key, and gathers the results.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.core.changes.plan import Change, Skipped, Unmanaged, order_changes
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.link import Links, link_account
from reconciler.core.comparison.references import References, make_references
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.matching import Matches
from reconciler.core.model.resources import DesiredUser, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.ordering.decided import NameDecisions, decide_names, named_by_users
from reconciler.core.ownership.adoptions import warn_of_adoptions
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.ownership.judge import judge
from reconciler.core.ownership.notices import warn_of_ownership
from reconciler.core.ownership.verdicts import Ownership
from reconciler.core.planner.plan_groups import GroupPlanner
from reconciler.core.planner.plan_roles import wanted_roles
from reconciler.core.planner.plan_users import UserPlanner
from reconciler.core.planner.result import Result
from reconciler.core.planner.service_notes import warn_of_service
from reconciler.core.scim.people import RoleLookup
from reconciler.errors import Problem


@dataclass(frozen=True, slots=True)
class Decisions:
    """The changes, the resources that stay unchanged, and `ids`: the live id of every key that has one, for apply.

    `unclear` are the keys without a clear match, and `contested` and `contested_groups` the ids of the users and groups
    that may be theirs. `ownership` are the verdicts on who left. `ignored` are the keys of leavers who stay active
    because `on_removed` is ignore.
    `names` has the decisions about names that change hands.
    """

    changes: tuple[Change, ...]
    unmanaged: tuple[Unmanaged, ...]
    skipped: tuple[Skipped, ...]
    problems: tuple[Problem, ...]
    ids: Mapping[str, str]
    unclear: frozenset[str] = frozenset()
    contested: frozenset[str] = frozenset()
    contested_groups: frozenset[str] = frozenset()
    ownership: Ownership = Ownership()  # noqa: RUF009  # frozen, and empty
    ignored: tuple[str, ...] = ()
    names: NameDecisions = NameDecisions()  # noqa: RUF009  # frozen, and empty

    @property
    def unsettled(self) -> int:
        """Counts the unresolved users and groups, and the contested ids: the next plan may not read them."""
        return len(self.ownership.doubts) + len(self.contested) + len(self.contested_groups)


def decide_changes(
    desired: DesiredState, live: LiveState, tenant: Tenant, earlier: Earlier, evidence: Evidence = NO_EVIDENCE
) -> Decisions:
    """Returns the changes that bring the account to the desired state.

    The verdicts on who left come from the evidence, the causes of changes from `earlier`.
    """
    links = link_account(desired, earlier, live)
    earlier = earlier.in_keys_of(desired)
    ownership = judge(desired, live, links, evidence)
    warnings = (
        *warn_of_ownership(desired, links, evidence),
        *warn_of_adoptions(desired, live, links, evidence),
        *warn_of_service(live, tenant, links, earlier),
    )
    return _decide(_Decision(desired, live, tenant, earlier, links, ownership), warnings)


def decide_judged(
    desired: DesiredState, live: LiveState, tenant: Tenant, earlier: Earlier, ownership: Ownership
) -> Decisions:
    """Returns the changes that bring an account to the desired state, with the verdicts of an earlier plan.

    Used to plan again after the simulation of a plan.
    """
    links = link_account(desired, earlier, live)
    earlier = earlier.in_keys_of(desired)
    return _decide(_Decision(desired, live, tenant, earlier, links, ownership.seen_in(live)), ())


@dataclass(frozen=True, slots=True)
class _Decision:
    """The inputs of the decisions."""

    desired: DesiredState
    live: LiveState
    tenant: Tenant
    earlier: Earlier
    links: Links
    ownership: Ownership
    names: NameDecisions = NameDecisions()  # noqa: RUF009  # frozen, and empty

    def with_names(self) -> _Decision:
        """Returns the decision with those of the names; who is held back by a name counts as unclear."""
        names = decide_names(self.desired, self.links, self.live, self.ownership, self.tenant)
        return replace(self, names=names, links=names.blocks(self.links))

    def references(self) -> References:
        """Returns the keys and ids of the resources that HEAD declares, and of those that left."""
        users: Matches[LiveUser] = Matches({leaver.user.key: leaver.live for leaver in self.ownership.leavers})
        groups: Matches[LiveGroup] = Matches({left.group.key: left.live for left in self.ownership.groups})
        return make_references(self.desired, (users, self.links.users), (groups, self.links.groups))

    def results(self, references: References) -> list[Result]:
        """Returns one result for each key."""
        desired, ownership = self.desired, self.ownership
        users = UserPlanner(
            self.links.users, references, self.earlier, self.tenant, self.live.me, ownership, self.names
        )
        named = named_by_users(desired, self.links) if references.creates_group else frozenset[str]()
        is_4me = self.tenant.is_4me
        groups = GroupPlanner(
            self.links.groups, references, self.earlier, desired, ownership, is_4me, self.names, named
        )
        return [
            *(users.plan(user) for user in desired.users.values() if desired.is_selected(user.key)),
            *(users.plan_leaver(leaver) for leaver in ownership.leavers),
            *(groups.plan(group) for group in desired.groups.values() if desired.is_selected(group.key)),
            *(groups.plan_left(group) for group in ownership.groups),
        ]


def _decide(decision: _Decision, warnings: Iterable[Problem]) -> Decisions:
    desired, links, ownership = decision.desired, decision.links, decision.ownership
    decision = decision.with_names()
    references = decision.references()
    results = decision.results(references)
    ignores = decision.tenant.on_removed == "ignore"
    return Decisions(
        changes=order_changes(change for result in results for change in result.changes),
        unmanaged=_unmanaged(decision),
        skipped=tuple(
            sorted(
                (skipped for result in results for skipped in result.skipped),
                key=lambda skipped: (skipped.key, skipped.reason),
            )
        ),
        problems=(
            *links.problems(desired),
            *warnings,
            *decision.names.problems,
            *(problem for result in results for problem in result.problems),
        ),
        ids=references.ids,
        unclear=frozenset(map(str, links.users.unclear | links.groups.unclear)),
        contested=references.contested,
        contested_groups=frozenset(links.groups.contested),
        ownership=ownership,
        names=decision.names,
        ignored=tuple(str(leaver.user.key) for leaver in ownership.leavers if ignores and leaver.live.active),
    )


def list_role_lookups(
    desired: DesiredState, live: LiveState, tenant: Tenant, earlier: Earlier, evidence: Evidence = NO_EVIDENCE
) -> list[RoleLookup]:
    """Returns the users whose person's roles a plan needs, each with the roles to hold; no users over SCIM."""
    if tenant.roles_via == "scim":
        return []
    links = link_account(desired, earlier, live)
    ownership = judge(desired, live, links, evidence)
    pairs = [
        (user, _wanted(desired.users[key], tenant, ownership))
        for key, user in links.users.live_of.items()
        if desired.is_selected(key)
    ]
    if tenant.on_removed == "deactivate":
        pairs += [(leaver.live, frozenset()) for leaver in ownership.leavers]
    return [RoleLookup(user, roles) for user, roles in pairs if roles is not None]


def _wanted(user: DesiredUser, tenant: Tenant, ownership: Ownership) -> frozenset[str] | None:
    if user.in_scope:
        return wanted_roles(user, ownership.assigned.get(user.key, frozenset()))
    return frozenset() if tenant.on_out_of_scope == "deactivate" else None


def _unmanaged(decision: _Decision) -> tuple[Unmanaged, ...]:
    """Returns resources that git never declared or has released, and groups that left git.

    Empty for a plan of selected keys, because the other keys are not read.
    """
    if decision.desired.selection is not None:
        return ()
    links, live, ownership = decision.links, decision.live, decision.ownership
    judged = {
        *(("user", leaver.live.id) for leaver in ownership.leavers),
        *((doubt.kind, doubt.id) for doubt in ownership.doubts),
    }
    every: list[tuple[Kind, LiveUser | LiveGroup]] = [
        *(("user", user) for user in links.users.unmatched(live.users)),
        *(("group", group) for group in links.groups.unmatched(live.groups)),
    ]
    found = [_make_unmanaged(kind, resource) for kind, resource in every if (kind, resource.id) not in judged]
    return tuple(sorted(found, key=lambda resource: (resource.kind, resource.name, resource.id)))


def _make_unmanaged(kind: Kind, resource: LiveUser | LiveGroup) -> Unmanaged:
    return Unmanaged(kind=kind, id=resource.id, name=resource.name)
