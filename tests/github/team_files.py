"""The files of a small company: a user in each file, one group, one role; their edits, and the account of the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from hypothesis import strategies as st

from tests.github.seen import Values
from tests.github.team import Files, Team

Edits: TypeAlias = Sequence[tuple[str, str, Any]]
NAMES = ("ann", "bob", "cid", "dee")

somebody = st.sampled_from(NAMES)
edit = st.one_of(
    st.tuples(st.just("title"), somebody, st.sampled_from(["Clerk", "Chief", "Queen"])),
    st.tuples(st.sampled_from(["there", "member", "role"]), somebody, st.booleans()),
    st.just(("readme", "", "")),
)
edits = st.lists(edit, min_size=1, max_size=3)
ways = st.sampled_from(["squash", "merge", "rebase"])
hands = st.sampled_from(["Emperor", "Clerk", "Chief"])


def files_of(
    users: dict[str, str], members: set[str], holders: set[str], readme: str = "People\n"
) -> dict[str, str | None]:
    """Returns the files of a company; None is a file that is not there."""

    def listed(names: set[str]) -> str:
        return "".join(f"\n      - {name}" for name in sorted(names)) or " []"

    files: dict[str, str | None] = {f"desired-state/{name}.yaml": None for name in NAMES}
    for name, title in users.items():
        said = f"{{userName: {name}@example.com, displayName: {name.title()}, title: {title}}}"
        files[f"desired-state/{name}.yaml"] = f"users:\n  {name}: {said}\n"
    group = f"displayName: Staff\n    membership: authoritative\n    members:{listed(members)}"
    files["desired-state/staff.yaml"] = f"groups:\n  staff:\n    {group}\n"
    roles = f"\n  - role: specialist\n    users:{listed(holders)}" if holders else " []"
    return {**files, "desired-state/roles.yaml": f"role_assignments:{roles}\n", "README.md": readme}


START = files_of(dict.fromkeys(NAMES[:3], "Clerk"), {"ann"}, {"bob"})


def is_valid(declared: Mapping[str, Any]) -> bool:
    """Whether every member and every holder of the role is declared."""
    return _members(declared) | _holders(declared) <= set(declared["users"])


def _members(declared: Mapping[str, Any]) -> set[str]:
    return set(declared["groups"]["staff"]["members"])


def _holders(declared: Mapping[str, Any]) -> set[str]:
    return {who for one in declared["role_assignments"] for who in one["users"]}


def edit_files(declared: Mapping[str, Any], edits: Edits, readme: str) -> Files:
    """Returns the files with these edits; one that makes no sense changes nothing."""
    users = {name: user["title"] for name, user in declared["users"].items()}
    members, holders = _members(declared), _holders(declared)
    for kind, name, value in edits:
        match kind:
            case "readme":
                readme = "Our people\n"
            case "title" if name in users:
                users[name] = value
            case "there" if value:
                users.setdefault(name, "Clerk")
            case "there":
                users.pop(name, None)
            case "member" | "role":
                of = members if kind == "member" else holders
                (of.add if value and name in users else of.discard)(name)
    return files_of(users, members & set(users), holders & set(users), readme)


def read_account(team: Team) -> Values:
    """Returns the account, value by value."""
    values: Values = {}
    members = team.members()
    for name, user in team.users().items():
        values |= {(name, "active"): user.get("active", True), (name, "title"): user.get("title")}
        values |= {(name, "member"): name in members, (name, "role"): bool(user.get("roles"))}
    return values
