"""What was imported → the text of a desired-state folder's files, as a person would write them. Writes none itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from reconciler.core.adoption.importing import Imported
from reconciler.core.adoption.naming import make_slug
from reconciler.core.declarations.tenant import SANDBOX, Tenant
from reconciler.desired.yaml.spell import spell, spell_key

Entry: TypeAlias = Mapping[str, Any]
WIDTH = 112
HUNDRED = 100
NOWHERE = "no-department"
ORDER = (
    *("was", "externalId", "userName", "active", "name", "displayName", "nickName", "title", "userType"),
    *("emails", "phoneNumbers", "ims", "photos", "entitlements", "addresses", "profileUrl"),
    *("preferredLanguage", "locale", "timezone"),
    *("department", "organization", "division", "costCenter", "site", "location"),
    *("employeeNumber", "supportID", "manager", "attributes", "customFields"),
)
NAME_ORDER = ("honorificPrefix", "givenName", "middleName", "familyName", "honorificSuffix", "formatted")
GROUP_ORDER = ("was", "externalId", "displayName", "groupType", "membership", "members")
COMMENTS: Mapping[tuple[str, object], str] = {
    ("externalId", None): "has none in the account; take this line out to give the key",
    ("membership", "additive"): "somebody is in it who is inactive, or not imported",
    ("active", False): "inactive in the account",
}


@dataclass(frozen=True, slots=True)
class ImportOrigin:
    """Where an import came from: the tenant, its address, and the day; `declared` if the folder had it before."""

    name: str
    tenant: Tenant
    day: date
    declared: bool

    @property
    def said(self) -> str:
        """For the top of a file."""
        where = "the embedded 4me" if self.tenant.url == SANDBOX else _visible(self.tenant.url)
        return f"Imported from {self.name} ({where}) on {self.day}."


def write_import(imported: Imported, origin: ImportOrigin, by: Literal["department", "hundred"]) -> Mapping[str, str]:
    """The files by their path below the folder."""
    files = _by_department(imported, origin) if by == "department" else _by_hundred(imported, origin)
    if imported.groups:
        files["groups.yaml"] = _groups(imported.groups, origin)
    if imported.roles:
        files["roles.yaml"] = _roles(imported.roles, origin)
    if not origin.declared:
        files["tenants.yaml"] = _tenants(origin)
    return dict(sorted(files.items()))


def _by_department(imported: Imported, origin: ImportOrigin) -> dict[str, str]:
    """One file for each department, by what is left of its name in a file's; those that are alike share one."""
    files: dict[str, dict[str, Entry]] = {}
    departments: dict[str, set[str]] = {}
    for key, user in imported.users.items():
        department = str(user.get("department", ""))
        file = f"users/{make_slug(department) or NOWHERE}.yaml"
        files.setdefault(file, {})[key] = user
        departments.setdefault(file, set()).update({department} - {""})
    return {
        file: _users(
            users,
            origin,
            f"The people of {_and(departments[file])}." if departments[file] else "People without a department.",
        )
        for file, users in files.items()
    }


def _by_hundred(imported: Imported, origin: ImportOrigin) -> dict[str, str]:
    """A hundred people a file, in the order of their keys."""
    listed = list(imported.users.items())
    digits = len(str(len(listed)))
    files: dict[str, str] = {}
    for start in range(0, len(listed), HUNDRED):
        some = dict(listed[start : start + HUNDRED])
        first, last = start + 1, start + len(some)
        title = f"People {first} to {last} of {len(listed)}, in the order of their keys."
        files[f"users/{first:0{digits}}-{last:0{digits}}.yaml"] = _users(some, origin, title)
    return files


def _users(users: Mapping[str, Entry], origin: ImportOrigin, title: str) -> str:
    head = [
        title,
        origin.said,
        "",
        "The rule: the key is a person's name for life; groups, roles and managers refer to it. The externalId is the",
        "key, where no other stands here. An attribute that is not here is left alone; `null` would clear it.",
    ]
    return _file(head, "users", (_entry(key, _ordered(user, ORDER)) for key, user in users.items()))


def _groups(groups: Mapping[str, Entry], origin: ImportOrigin) -> str:
    head = [
        "Every group and who is in it.",
        origin.said,
        "",
        "The rule: an authoritative group (the default) has exactly these members, an additive one at least these.",
        "Groups can be nested (`group/other`) or filled by a rule (`members_where`) in place of a list.",
    ]
    return _file(head, "groups", (_entry(key, _ordered(group, GROUP_ORDER)) for key, group in groups.items()))


def _roles(roles: Mapping[str, Sequence[str]], origin: ImportOrigin) -> str:
    head = [
        "Who holds which 4me role.",
        origin.said,
        "",
        "The rule: a user holds every role given to them or to a group they are in. The account does not say why",
        "somebody holds a role: where it comes with a group, name the group (`groups: [service-desk]`) instead.",
    ]
    return _file(head, "role_assignments", (_assignment(role, users) for role, users in roles.items()))


def _tenants(origin: ImportOrigin) -> str:
    tenant = origin.tenant
    fields = [("url", spell(tenant.url), "")]
    if tenant.token:
        fields.append(
            ("token", f"{{env: {tenant.token.env}}}", "add its last day, `expires: 2027-06-30`, to be warned in time")
        )
    if tenant.dialect != "4me":
        fields.append(("dialect", tenant.dialect, "how changes are written on the wire"))
    fields.append(("scope", "all", "everyone declared has access, as now; or `assigned`: whoever holds a role"))
    width = max(len(f"{name}: {value}") for name, value, comment in fields if comment)
    lines = [
        "# The 4me account that this folder is the desired state of.",
        f"# {origin.said}",
        "",
        "tenants:",
        f"  {spell_key(origin.name)}:",
        *(_commented(f"{name}: {value}", comment, width) for name, value, comment in fields),
    ]
    return "\n".join(lines) + "\n"


def _commented(field: str, comment: str, width: int) -> str:
    return f"    {field:{width}}  # {comment}" if comment else f"    {field}"


def _file(head: Iterable[str], section: str, entries: Iterable[list[str]]) -> str:
    """The comment, then the section, an empty line before each entry but the first."""
    comment = [f"# {line}".rstrip() for line in head]
    body = "\n\n".join("\n".join(lines) for lines in entries)
    return "\n".join([*comment, "", f"{section}:", body]) + "\n"


def _ordered(entry: Entry, order: Sequence[str]) -> Entry:
    return {name: entry[name] for name in order if name in entry}


def _entry(key: str, entry: Entry) -> list[str]:
    lines = [f"  {spell_key(key)}:"]
    for name, value in entry.items():
        shown = _ordered(value, NAME_ORDER) if name == "name" else value
        lines.extend(_field("    ", name, shown))
    return lines


def _field(indent: str, name: str, value: object) -> Iterator[str]:
    """`name: value` on one line where it fits, else a line for each of its own."""
    line = f"{indent}{spell_key(name)}: {spell(value)}"
    comment = COMMENTS.get((name, value)) if isinstance(value, str | bool | None) else None
    if comment:
        yield f"{line}  # {comment}"
    elif len(line) <= WIDTH or not isinstance(value, Mapping | list):
        yield line
    elif isinstance(value, Mapping):
        yield f"{indent}{spell_key(name)}:"
        yield from (f"{indent}  {spell_key(inner)}: {spell(one)}" for inner, one in value.items())
    else:
        yield f"{indent}{spell_key(name)}:"
        yield from (line for one in value for line in _item(indent, one))


def _item(indent: str, value: object) -> Iterator[str]:
    line = f"{indent}  - {spell(value)}"
    if len(line) <= WIDTH or not isinstance(value, Mapping):
        yield line
        return
    for number, (part, one) in enumerate(value.items()):
        yield f"{indent}  {'  ' if number else '- '}{spell_key(part)}: {spell(one)}"


def _assignment(role: str, users: Sequence[str]) -> list[str]:
    return [f"  - role: {role}", *_field("    ", "users", list(users))]


def _and(names: Iterable[str]) -> str:
    return " and ".join(map(_visible, sorted(names)))


def _visible(text: str) -> str:
    """The text for a comment: on one line, and nothing in it that can't be seen."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
