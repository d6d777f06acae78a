"""A repository with users for a story, and its plans and applies."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.cli.project import Project, Ran

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ALL = "desired-state/all.yaml"
USERS = {name: f"{{userName: {name}@example.com, displayName: {name.capitalize()}}}" for name in ("ann", "bob", "cid")}
GROUPS = {"staff": "{displayName: Staff, members: [ann, bob, cid]}"}
TENANT = {"sandbox": "{url: sandbox, scope: all}"}
DONE, FAILED, DIFFERENCES, REFUSED = 0, 1, 3, 4


def person(name: str, **more: str) -> str:
    """Returns the YAML value of a user."""
    words = {"userName": f"{name}@example.com", "displayName": name.capitalize(), **more}
    return "{" + ", ".join(f"{word}: {value}" for word, value in words.items()) + "}"


def people(*names: str, **more: str) -> dict[str, str]:
    """Returns the YAML of some users; `more` has users with values of their own."""
    return {**{name: person(name) for name in names}, **more}


def team(*members: str, **more: str) -> dict[str, str]:
    """Returns the YAML of a group with these members."""
    words = "".join(f", {word}: {value}" for word, value in more.items())
    return {"staff": f"{{displayName: Staff, members: [{', '.join(members)}]{words}}}"}


@dataclass(frozen=True)
class Seen:
    """A plan in its four formats, and the exit code."""

    ran: Ran
    plan: dict[str, Any]
    forms: Mapping[str, str]
    project: Project

    @property
    def named(self) -> dict[str, str]:
        """Returns the verdict on each named user or group, by its name in the account."""
        return {one["name"]: one["verdict"] for one in self.plan.get("named", [])}

    @property
    def changes(self) -> dict[str, str]:
        """Returns the actions of each key."""
        return {one["key"]: one["action"] for one in self.plan.get("changes", [])}

    @property
    def skipped(self) -> dict[str, str]:
        """Returns the reason for each skipped key."""
        return {one["key"]: one["reason"] for one in self.plan.get("skipped", [])}

    @property
    def problems(self) -> dict[str, str]:
        """Returns the problems about the past, by code."""
        return {one["code"]: one["message"] for one in self.plan.get("problems", [])}

    def settle(self, name: str) -> str:
        """Returns the YAML line that the plan offers for a user; each format has it, with name and facts."""
        [one] = [one for one in self.plan.get("named", []) if one["name"] == name]
        page = self.project.run("show", self.project.root / "plans" / "sandbox.json", "--format", "html").out
        shows = {**self.forms, "html": " ".join(html.unescape(re.sub("<[^>]*>", "", page)).split())}
        for form, text in shows.items():
            for words in (one["name"], one["settle"], *shown(one["witnesses"])):
                assert words in text, f"{form} lacks: {words}\n{text}"
        return str(one["settle"])


def shown(witnesses: str) -> Iterable[str]:
    """Returns the words of a sentence without its commits, which a page shortens."""
    return [part.strip() for part in re.split(r"\b[0-9a-f]{12,40}\b", witnesses) if part.strip()]


@dataclass
class Estate:
    """A project, and the parts of its YAML."""

    project: Project
    tenants: dict[str, str] = field(default_factory=lambda: dict(TENANT))
    users: dict[str, str] = field(default_factory=lambda: dict(USERS))
    groups: dict[str, str] = field(default_factory=lambda: dict(GROUPS))
    more: str = ""

    def text(self) -> str:
        """Returns the YAML."""
        sections = {"tenants": self.tenants, "users": self.users, "groups": self.groups}
        lines = [
            line
            for section, declared in sections.items()
            if declared
            for line in (f"{section}:", *(f"  {name}: {what}" for name, what in declared.items()))
        ]
        return "\n".join([*lines, self.more]).rstrip() + "\n"

    def says(
        self,
        users: Mapping[str, str] | None = None,
        groups: Mapping[str, str] | None = None,
        more: str | None = None,
        tenants: Mapping[str, str] | None = None,
    ) -> str:
        """Commits new YAML; omitted parts stay the same. Returns the commit."""
        self.users = self.users if users is None else dict(users)
        self.groups = self.groups if groups is None else dict(groups)
        self.more = self.more if more is None else more
        self.tenants = self.tenants if tenants is None else dict(tenants)
        return self.project.commit(self.text())

    def settles(self, line: str) -> str:
        """Appends a line to the file, and commits it."""
        return self.says(more=f"{self.more}\n{line}\n")

    def plan(self, *arguments: str, tenant: str = "sandbox") -> Seen:
        """Runs `plan --exit-code`. Returns the plan in every format."""
        folder = self.project.root / "plans"
        shutil.rmtree(folder, ignore_errors=True)
        ran = self.project.run("plan", "--exit-code", *arguments)
        assert folder.exists(), ran.said
        plain = {form: (folder / f"{tenant}.{form}").read_text() for form in ("txt", "md", "json")}
        forms = {
            "txt": " ".join(plain["txt"].split()),
            "md": " ".join(html.unescape(plain["md"].replace("\\", "").replace("`", "").replace("<br>", " ")).split()),
        }
        return Seen(ran, json.loads(plain["json"]), forms, self.project)

    def apply(self, *arguments: str | Path) -> Ran:
        """Runs `apply --yes`."""
        return self.project.run("apply", "--yes", *arguments)

    def applies(self, *arguments: str | Path) -> Ran:
        """Applies, and checks that the apply succeeds."""
        ran = self.apply(*arguments)
        assert 0 == ran.code, ran.said
        return ran

    def active(self, tenant: str = "sandbox") -> set[str]:
        """Returns the display names of active users."""
        return {str(one["displayName"]) for one in self.project.users(tenant).values() if one.get("active")}

    def members(self, group: str = "Staff", tenant: str = "sandbox") -> set[str]:
        """Returns the display names of a group's members."""
        with self.project.account(tenant) as store:
            simulator = store.simulator()
            names = {user["id"]: str(user["displayName"]) for user in simulator.users.values()}
            [found] = [one for one in simulator.groups.values() if one["displayName"] == group]
            listed: Any = found.get("members") or []
        return {names[one["value"]] for one in listed}

    def id_of(self, name: str, tenant: str = "sandbox") -> str:
        """Returns the id of a user or group, by display name."""
        with self.project.account(tenant) as store:
            simulator = store.simulator()
            [found] = [
                one["id"]
                for one in (*simulator.users.values(), *simulator.groups.values())
                if one["displayName"] == name
            ]
        return str(found)

    def hand(self, method: str, target: str, body: object = None, tenant: str = "sandbox") -> str:
        """Sends a request by hand. Returns the id of its result."""
        with self.project.account(tenant) as store:
            answer = store.answer(method, target, body, NOW)
        assert answer.status < 300, answer  # it succeeded
        return str((answer.body or {}).get("id", "")) if isinstance(answer.body, dict) else ""

    def hires(self, name: str, **more: object) -> str:
        """Creates a user by hand."""
        body = {"userName": f"{name}@example.com", "displayName": name.capitalize(), "active": True, **more}
        return self.hand("POST", "/Users", body)

    def changes(self, name: str, **values: object) -> None:
        """Changes values of a user by hand."""
        operations = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
        self.hand("PATCH", f"/Users/{self.id_of(name)}", {"Operations": operations})

    def joins(self, name: str, group: str = "Staff") -> None:
        """Adds a user to a group by hand."""
        add = {"op": "add", "path": "members", "value": [{"value": self.id_of(name)}]}
        self.hand("PATCH", f"/Groups/{self.id_of(group)}", {"Operations": [add]})

    def account(self, tenant: str = "sandbox") -> str:
        """Returns the content of the account, for comparison."""
        with self.project.account(tenant) as store:
            simulator = store.simulator()
            return json.dumps([simulator.users, simulator.groups], sort_keys=True, default=str)
