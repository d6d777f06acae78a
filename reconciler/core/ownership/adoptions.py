"""The warnings on adoptions: whose record is taken over, when its declaration left git, and what stays of it.

An adoption is a link that neither the externalId nor an earlier value of the declaration made. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from reconciler.core.comparison.link import Links
from reconciler.core.model.amounts import few
from reconciler.core.model.matching import MARK, Live, Matches
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.ownership.evidence import Evidence
from reconciler.core.ownership.sightings import Sighting, find_sightings
from reconciler.errors import Problem

STAYS: Final = ("employeeNumber", "title", "manager")
MOST_NAMED: Final = 10
MOST_WARNINGS: Final = 20
HINT: Final = "if it is another one, give it another value in the account, or the declaration another one in git"


def warn_of_adoptions(desired: DesiredState, live: LiveState, links: Links, evidence: Evidence) -> tuple[Problem, ...]:
    """Returns a warning for each record that had another owner, and one for all other adoptions together."""
    users = dict(_adopted(desired, links.users))
    groups = dict(_adopted(desired, links.groups))
    if not users and not groups:
        return ()
    seen = find_sightings(evidence, list(users.values()), live.users)
    memberships = _memberships_that_stay(desired, live, links, {user.id for user in users.values()})
    owned: list[tuple[bool, Problem]] = []
    others: list[str] = []
    for key, user in sorted(users.items()):
        declared = desired.users[key]
        former = next((sighting for sighting in seen.get(user.id, ()) if sighting.key != key), None)
        if former is None and user.active and not user.attributes.get(MARK):
            others.append(str(key))
            continue
        stays = [*_values_that_stay(declared, user), *memberships.get(user.id, ())]
        whose = _describe_owner(former, evidence)
        warning = _warn_of_record(declared, user, links.users.adopted[key], whose, stays)
        owned.append((former is None and user.active, warning))
    for key, group in sorted(groups.items()):
        if group.attributes.get(MARK):
            owned.append((True, _warn_of_record(desired.groups[key], group, links.groups.adopted[key], "", [])))
        else:
            others.append(str(key))
    first = [problem for _plain, problem in sorted(owned, key=lambda pair: pair[0])]
    return (*first[:MOST_WARNINGS], *_warn_of_more(len(first) - MOST_WARNINGS), *_warn_of_others(others))


def _warn_of_more(count: int) -> Iterator[Problem]:
    if count > 0:
        message = f"{count:,} more records with another {MARK} are taken over; the changes say `adopt`"
        yield Problem("adoption", message, None, HINT, severity="warning")


def _adopted(desired: DesiredState, matches: Matches[Live]) -> Iterator[tuple[Key, Live]]:
    renamed = {key for problem, keys in matches.problems.items() if problem.code == "renamed_key" for key in keys}
    for key in matches.adopted.keys() - renamed:
        resource = desired.resource(key)
        if resource is not None and resource.in_scope and desired.is_selected(key):
            yield key, matches.live_of[key]


def _values_that_stay(declared: DesiredUser, user: LiveUser) -> Iterator[str]:
    """Yields what the record keeps, because git does not manage it for the user."""
    yield from (path for path in STAYS if user.attributes.get(path) and path not in declared.attributes)
    if declared.roles is None and user.roles:
        yield f"roles {few(sorted(user.roles), MOST_NAMED)}"


def _memberships_that_stay(
    desired: DesiredState, live: LiveState, links: Links, adopted: set[str]
) -> dict[str, list[str]]:
    """Returns, by user id, the groups from which no plan removes the user."""
    managed = {
        links.groups.live_of[key].id
        for key, group in desired.groups.items()
        if key in links.groups.live_of and group.in_scope and group.authoritative and group.members is not None
    }
    found: dict[str, list[str]] = {}
    for group in live.groups:
        for user_id in group.members & adopted if group.id not in managed else ():
            found.setdefault(user_id, []).append(f"group {group.name}")
    return found


def _describe_owner(former: Sighting | None, evidence: Evidence) -> str:
    """Describes the declaration that the record had before, and the commit without it."""
    if former is None:
        return ""
    after = [state for state in evidence if former.state.commit in state.earlier]
    left = next((state for state in reversed(after) if state.desired.resource(former.key) is None), None)
    when = f", which left git by commit {left.commit[:12]}" if left else ""
    return f", that of {former.key}{when}"


def _warn_of_record(
    declared: DesiredUser | DesiredGroup, live: LiveUser | LiveGroup, by: str, whose: str, stays: list[str]
) -> Problem:
    state = ", inactive" if isinstance(live, LiveUser) and not live.active else ""
    mark, new = live.attributes.get(MARK), declared.attributes.get(MARK)
    marks = f"; {MARK} {mark} → {new}" if mark and new else ""
    kept = f"; it keeps {few(stays, MOST_NAMED)}" if stays else ""
    message = f"{declared.key} takes over the record {live.name} ({live.id}{state}), found by {by}{whose}{marks}{kept}"
    return Problem("adoption", message, declared.source, HINT, severity="warning")


def _warn_of_others(keys: list[str]) -> Iterator[Problem]:
    if keys:
        message = f"found in the account by another attribute than {MARK}, and taken over: {few(keys, MOST_NAMED)}"
        yield Problem("adoption", message, None, HINT, severity="warning")
