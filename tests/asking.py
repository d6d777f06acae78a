"""An account that answers a lookup planner as 4me does: it lists groups without their members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.resources import Attributes, Kind, LiveUser
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.targeting.known_account import FoundGroup, FoundUser, KnownAccount, LookupRound
from reconciler.core.targeting.lookup import Term
from reconciler.core.targeting.lookup_planner import LookupPlanner, make_lookup_planner

MOST_ROUNDS = 12


@dataclass
class Asked:
    """The result of a lookup planner: the desired state with its final selection, the known account, all rounds."""

    desired: DesiredState
    known: KnownAccount = field(default_factory=KnownAccount)
    rounds: list[LookupRound] = field(default_factory=list)

    @property
    def live(self) -> LiveState:
        """Returns the part of the account that was read."""
        return self.known.live_state(Certificate("targeted", len(self.known.users), len(self.known.groups), 1))


def ask_account(desired: DesiredState, earlier: Earlier, account: LiveState, *, tells_groups: bool) -> Asked:
    """Answers lookups until the planner has none left; with `tells_groups`, a user lists its groups."""
    lookup_planner, asked = make_lookup_planner(desired, earlier), Asked(desired)
    for _ in range(MOST_ROUNDS):
        lookup_planner, questions = lookup_planner.next_round(asked.known)
        asked.desired = lookup_planner.desired
        if not questions:
            return asked
        asked.rounds.append(questions)
        users = (
            FoundUser(user, _groups_of(user, account) or None if tells_groups else None)
            for user in account.users
            if user.id in questions.users or _is_asked(user.attributes, "user", lookup_planner, questions)
        )
        asked.known = asked.known.learn(questions, users, _found_groups(account, lookup_planner, questions))
    raise AssertionError("it never stops asking")


def _groups_of(user: LiveUser, account: LiveState) -> frozenset[str]:
    return frozenset(group.id for group in account.groups if user.id in group.members)


def _found_groups(account: LiveState, lookup_planner: LookupPlanner, questions: LookupRound) -> Iterator[FoundGroup]:
    for group in account.groups:
        if _is_asked(group.attributes, "group", lookup_planner, questions):
            yield FoundGroup(replace(group, members=frozenset()), has_members=False)
    yield from (FoundGroup(group, has_members=True) for group in account.groups if group.id in questions.groups)


def _is_asked(attributes: Attributes, kind: Kind, lookup_planner: LookupPlanner, questions: LookupRound) -> bool:
    terms = (Term(*term) for key in questions.keys if key.kind == kind for term in lookup_planner.terms(key))
    return any(term.is_met_by(attributes) for term in terms)
