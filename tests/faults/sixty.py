"""The YAML of a company of 40 users, before and after 60 changes of all kinds, for applies that are killed."""

from __future__ import annotations

TENANT = """\
tenants:
  here:
    url: {url}
    scope: all
    token: {{env: TOKEN_OF_HERE}}
    rate: {{burst: 1000 per 1s, sustained: 100000 per 1h}}
guardrails:
  max_deactivations: {{count: 50}}
  max_member_removals: {{count: 50}}
  max_role_revocations: {{count: 50}}
  max_privileged_grants: {{count: 50}}
"""


def before(url: str) -> str:
    """Returns 40 users, two of them inactive, four groups, and role assignments."""
    people = [_person(number, "Clerk", active=number < 38) for number in range(40)]
    teams = [_team(number, f"Team {number}", range(number * 5, number * 5 + 5)) for number in range(4)]
    return _company(url, people, teams, specialists=range(8), auditors=range(4))


def after(url: str) -> str:
    """Returns the state 60 changes later: 13 new users, 16 updates, 6 leavers, 2 reactivations; groups and roles."""
    people = [_person(number, "Chief", active=True) for number in range(16)]
    people += [_person(number, "Clerk", active=not 20 <= number < 26) for number in range(16, 40)]
    people += [_person(number, "Clerk", active=True) for number in range(40, 53)]
    teams = [_team(number, f"Crew {number}", range(number * 5 + 1, number * 5 + 6)) for number in range(4)]
    teams += [_team(number, f"Team {number}", range(40, 44)) for number in (4, 5)]
    return _company(url, people, teams, specialists=range(4, 12), auditors=range(4, 6))


def _company(url: str, people: list[str], teams: list[str], specialists: range, auditors: range) -> str:
    roles = [
        f"  - {{role: specialist, users: [{_keys(specialists)}]}}",
        f"  - {{role: auditor, users: [{_keys(auditors)}]}}",
    ]
    return TENANT.format(url=url) + "\n".join(["users:", *people, "groups:", *teams, "role_assignments:", *roles, ""])


def _person(number: int, title: str, *, active: bool) -> str:
    manager = f", manager: p{number - 1}" if number % 4 else ""
    given = f"userName: p{number}@example.com, displayName: Person {number}, title: {title}"
    return f"  p{number}: {{{given}, active: {str(active).lower()}{manager}}}"


def _team(number: int, name: str, members: range) -> str:
    return f"  t{number}: {{displayName: {name}, members: [{_keys(members)}]}}"


def _keys(numbers: range) -> str:
    return ", ".join(f"p{number}" for number in numbers)
