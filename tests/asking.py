"""An account that answers an inquiry truly: as 4me does, with groups that are listed without their members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from reconciler.core.earlier import Earlier
from reconciler.core.inquiry import FoundGroup, FoundUser, Inquiry, Known, Questions, make_inquiry
from reconciler.core.lookup import Term
from reconciler.core.model import Attributes, Certificate, DesiredState, Kind, LiveState, LiveUser

MOST_ROUNDS = 12


@dataclass
class Asked:
    """What came of an inquiry: the desired state with its focus as it grew, what is known, and every round asked."""

    desired: DesiredState
    known: Known = field(default_factory=Known)
    rounds: list[Questions] = field(default_factory=list)

    @property
    def live(self) -> LiveState:
        """What was read."""
        return self.known.live_state(Certificate("targeted", len(self.known.users), len(self.known.groups), 1))


def ask_account(desired: DesiredState, earlier: Earlier, account: LiveState, *, tells_groups: bool) -> Asked:
    """Answers until there is no question; with `tells_groups`, who is in a group says so."""
    inquiry, asked = make_inquiry(desired, earlier), Asked(desired)
    for _ in range(MOST_ROUNDS):
        inquiry, questions = inquiry.next_round(asked.known)
        asked.desired = inquiry.desired
        if not questions:
            return asked
        asked.rounds.append(questions)
        users = (
            FoundUser(user, _groups_of(user, account) or None if tells_groups else None)
            for user in account.users
            if user.id in questions.users or _is_asked(user.attributes, "user", inquiry, questions)
        )
        asked.known = asked.known.learn(questions, users, _found_groups(account, inquiry, questions))
    raise AssertionError("it never stops asking")


def _groups_of(user: LiveUser, account: LiveState) -> frozenset[str]:
    return frozenset(group.id for group in account.groups if user.id in group.members)


def _found_groups(account: LiveState, inquiry: Inquiry, questions: Questions) -> Iterator[FoundGroup]:
    for group in account.groups:
        if _is_asked(group.attributes, "group", inquiry, questions):
            yield FoundGroup(replace(group, members=frozenset()), has_members=False)
    yield from (FoundGroup(group, has_members=True) for group in account.groups if group.id in questions.groups)


def _is_asked(attributes: Attributes, kind: Kind, inquiry: Inquiry, questions: Questions) -> bool:
    terms = (Term(*term) for key in questions.keys if key.kind == kind for term in inquiry.terms(key))
    return any(term.is_met_by(attributes) for term in terms)
