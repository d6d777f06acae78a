"""A company of any size with groups in proportion: for 100,000 people 2,000 groups with 500,000 memberships.

It exists in git and as a live state, from which one person and one group in a hundred have changed. Knows the formats
of a desired state and of a saved live state; plans nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks import people
from benchmarks.people import Person

PEOPLE_A_GROUP = 50  # one group for this many people
MEMBERS = 250  # of each group, however large the company
MOVED = 5  # members that a changed group gains, and loses
GROUPS_IN_A_FILE = 100
WITH_CLAUSE, WITH_GROUP = 0, 5  # the last digit of groups with a clause, and with a nested group
STEP = 37  # shares no divisor with a size, so members are spread over all people


def count_groups(count: int) -> int:
    """Returns the number of groups for that many people."""
    return count // PEOPLE_A_GROUP


def count_changes(count: int) -> int:
    """Returns the number of changes in a plan: one per changed person, and two per changed group."""
    return people.count_changed(count) + 2 * sum(map(_is_changed, range(1, count_groups(count) + 1)))


def write_company(folder: Path, count: int) -> None:
    """Writes a desired-state folder, and `live.json`, a saved live state for `plan --live`."""
    desired = folder / "desired-state"
    people.write_declared_yaml(desired, count)
    for file in (desired / "users").iterdir():
        team = f"    attributes: {{team: {file.stem}}}\n    active: true\n"
        file.write_text(file.read_text(encoding="utf-8").replace("    active: true\n", team), encoding="utf-8")
    (desired / "groups").mkdir()
    groups = [_declared_group(number, count) for number in range(1, count_groups(count) + 1)]
    for start in range(0, len(groups), GROUPS_IN_A_FILE):
        file = desired / "groups" / f"groups-{start // GROUPS_IN_A_FILE + 1:04}.yaml"
        file.write_text("".join(["groups:\n", *groups[start : start + GROUPS_IN_A_FILE]]), encoding="utf-8")
    with (folder / "live.json").open("w", encoding="utf-8") as out:
        out.writelines(_live_state(count))


def _live_state(count: int) -> Iterator[str]:
    users = (json.dumps(people.live_user(number)) for number in range(1, count + 1))
    groups = (json.dumps(_live_group(number, count)) for number in range(1, count_groups(count) + 1))
    for opening, listed in (('{"format": 1, "users": [', users), ('], "groups": [', groups)):
        yield f"{opening}\n{next(listed)}"
        yield from (f",\n{one}" for one in listed)
    yield "]}\n"


def _declared_group(number: int, count: int) -> str:
    """Of ten groups, one has members by a clause and by name, one has another group alone, and eight have names."""
    members = [people.key_of(one) for one in _named(number, count)]
    lines = [f"  {_key(number)}:", f"    displayName: Group {number}"]
    if number % 10 == WITH_CLAUSE:
        value = f"team-{_team(number, count):04}"
        lines.append(f"    members_where: [{{attribute: team, operator: EQUALS, value: {value}}}]")
    if number % 10 == WITH_GROUP:
        members = [f"group/{_key(number - 1)}"]
    return "\n".join([*lines, f"    members: [{', '.join(members)}]", ""])


def _live_group(number: int, count: int) -> Person:
    members = _members(number, count)
    if _is_changed(number):
        others = (one for one in range(1, count + 1) if one not in set(members))
        members = [*members[MOVED:], *(next(others) for _ in range(MOVED))]
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "id": f"{9_000_000 + number}",
        "externalId": _key(number),
        "displayName": f"Group {number}",
        "members": [{"value": people.live_user(one)["id"]} for one in members],
        "meta": {"resourceType": "Group", "lastModified": "2026-01-05T08:00:00Z"},
    }


def _members(number: int, count: int) -> list[int]:
    """Returns the numbers of all members of a group."""
    if number % 10 == WITH_GROUP:
        return _members(number - 1, count)
    return [*_named(number, count), *(_in_team(number, count) if number % 10 == WITH_CLAUSE else ())]


def _named(number: int, count: int) -> list[int]:
    """Returns the members that a group names: all of them, or those that its clause does not match."""
    team = _in_team(number, count) if number % 10 == WITH_CLAUSE else range(0)
    everybody = ((number * PEOPLE_A_GROUP + step * STEP) % count + 1 for step in range(count))
    others = (one for one in everybody if one not in team)
    return [next(others) for _ in range(MEMBERS - len(team))]


def _team(number: int, count: int) -> int:
    return number % (count // people.PEOPLE_IN_A_FILE) + 1


def _in_team(number: int, count: int) -> range:
    first = (_team(number, count) - 1) * people.PEOPLE_IN_A_FILE + 1
    return range(first, first + people.PEOPLE_IN_A_FILE)


def _key(number: int) -> str:
    return f"group.{number:05}"


def _is_changed(number: int) -> bool:
    return number % people.CHANGED_IN == 1
