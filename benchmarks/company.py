"""A company of people and groups, in git and as plain JSON for peers, which is synchronised over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import people
from benchmarks.people import Person

GROUPS = 20
TOKEN_NAME = "BENCH_TOKEN"  # noqa: S105  # the name of the variable that holds it


def write_repository(folder: Path, count: int, url: str, rate: str) -> None:
    """Writes a desired-state folder with `count` people in `GROUPS` groups, for the account at that address."""
    people.write_declared_yaml_before(folder, count)
    tenant = f"{{url: {json.dumps(url)}, token: {{env: {TOKEN_NAME}}}, scope: all, rate: {rate}}}"
    (folder / "tenants.yaml").write_text(f"tenants:\n  bench: {tenant}\n", encoding="utf-8")
    groups = (_declared_group(number, members) for number, members in _groups(count))
    (folder / "groups.yaml").write_text("".join(["groups:\n", *groups]), encoding="utf-8")


def change_titles(folder: Path, changed: int, title: str) -> None:
    """Changes the titles of the first `changed` people, in their file."""
    file = min((folder / "users").iterdir())
    before, *persons = file.read_text(encoding="utf-8").split("    title: ")
    kept = (person.split("\n", 1) for person in persons)
    titled = (f"{title if at < changed else was}\n{rest}" for at, (was, rest) in enumerate(kept))
    file.write_text("    title: ".join([before, *titled]), encoding="utf-8")


def write_for_peers(file: Path, count: int) -> None:
    """Writes the same company as SCIM resources in JSON; members are user names."""
    users = [
        {key: value for key, value in people.live_user(number).items() if key not in ("id", "meta")}
        for number in range(1, count + 1)
    ]
    groups = [
        {
            "externalId": f"group.{number:02}",
            "displayName": f"Group {number}",
            "members": [_name(one) for one in members],
        }
        for number, members in _groups(count)
    ]
    file.write_text(json.dumps({"users": users, "groups": groups}), encoding="utf-8")


def change_titles_for_peers(file: Path, changed: int, title: str) -> None:
    """Makes the same edit of the same people in JSON."""
    company = json.loads(file.read_text(encoding="utf-8"))
    for person in company["users"][:changed]:
        person["title"] = title
    file.write_text(json.dumps(company), encoding="utf-8")


def _groups(count: int) -> list[tuple[int, range]]:
    return [(number, range(number, count + 1, GROUPS)) for number in range(1, GROUPS + 1)]


def _declared_group(number: int, members: range) -> str:
    names = ", ".join(people.key_of(one) for one in members)
    return f"  group.{number:02}:\n    displayName: Group {number}\n    members: [{names}]\n"


def _name(number: int) -> str:
    person: Person = people.live_user(number)
    return str(person["userName"])
