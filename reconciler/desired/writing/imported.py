"""What was imported → the text of a desired-state folder's files, in the form that `fmt` keeps. Writes none itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias

from reconciler.core.adoption.importing import Imported
from reconciler.core.adoption.naming import make_slug
from reconciler.core.declarations.tenant import SANDBOX, Tenant
from reconciler.desired.writing.round_trip import Event, YamlPair, make_list, make_mapping, make_value, write_document
from reconciler.desired.writing.spell import spell

Fields: TypeAlias = Mapping[str, Any]
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
    files: dict[str, dict[str, Fields]] = {}
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


def _users(users: Mapping[str, Fields], origin: ImportOrigin, title: str) -> str:
    head = [
        title,
        origin.said,
        "",
        "The rule: the key is a person's name for life; groups, roles and managers refer to it. The externalId is the",
        "key, where no other stands here. An attribute that is not here is left alone; `null` would clear it.",
    ]
    return _file(head, "users", _entries(users, ORDER))


def _groups(groups: Mapping[str, Fields], origin: ImportOrigin) -> str:
    head = [
        "Every group and who is in it.",
        origin.said,
        "",
        "The rule: an authoritative group (the default) has exactly these members, an additive one at least these.",
        "Groups can be nested (`group/other`) or filled by a rule (`members_where`) in place of a list.",
    ]
    return _file(head, "groups", _entries(groups, GROUP_ORDER))


def _roles(roles: Mapping[str, Sequence[str]], origin: ImportOrigin) -> str:
    head = [
        "Who holds which 4me role.",
        origin.said,
        "",
        "The rule: a user holds every role given to them or to a group they are in. The account does not say why",
        "somebody holds a role: where it comes with a group, name the group (`groups: [service-desk]`) instead.",
    ]
    given = ({"role": role, "users": list(users)} for role, users in roles.items())
    return _file(head, "role_assignments", make_list(map(_fields, given)))


def _tenants(origin: ImportOrigin) -> str:
    tenant = origin.tenant
    fields: list[tuple[str, object, str]] = [("url", tenant.url, "")]
    if tenant.token:
        hint = "add its last day, `expires: 2027-06-30`, to be warned in time"
        fields.append(("token", {"env": tenant.token.env}, hint))
    if tenant.dialect != "4me":
        fields.append(("dialect", tenant.dialect, "how changes are written on the wire"))
    fields.append(("scope", "all", "everyone declared has access, as now; or `assigned`: whoever holds a role"))
    head = ["The 4me account that this folder is the desired state of.", origin.said]
    pairs = (YamlPair(name, make_value(value), behind=comment) for name, value, comment in _aligned(fields))
    return _file(head, "tenants", make_mapping([YamlPair(origin.name, make_mapping(pairs))]))


def _aligned(fields: Sequence[tuple[str, object, str]]) -> list[tuple[str, object, str]]:
    """The fields with their comments below each other."""
    ends = [len(name) + len(spell(value)) for name, value, _comment in fields]
    widest = max(end for end, (_name, _value, comment) in zip(ends, fields, strict=True) if comment)
    return [
        (name, value, f"{' ' * (widest - end)}# {comment}" if comment else "")
        for end, (name, value, comment) in zip(ends, fields, strict=True)
    ]


def _file(head: Iterable[str], section: str, declared: Sequence[Event]) -> str:
    """The comment, then the section."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head)
    return write_document(make_mapping([YamlPair(section, declared, above=f"{comment}\n")]))


def _entries(named: Mapping[str, Fields], order: Sequence[str]) -> list[Event]:
    """A mapping in lines, with an empty line before each entry but the first."""
    return make_mapping(
        YamlPair(key, _fields(_ordered(fields, order)), above="\n" if number else "")
        for number, (key, fields) in enumerate(named.items())
    )


def _ordered(entry: Fields, order: Sequence[str]) -> Fields:
    return {name: entry[name] for name in order if name in entry}


def _fields(fields: Fields) -> list[Event]:
    return make_mapping(_field(name, value) for name, value in fields.items())


def _field(name: str, value: object) -> YamlPair:
    comment = COMMENTS.get((name, value)) if isinstance(value, str | bool | None) else None
    shown = _ordered(value, NAME_ORDER) if name == "name" and isinstance(value, Mapping) else value
    return YamlPair(name, make_value(shown), behind=f"# {comment}" if comment else "")


def _and(names: Iterable[str]) -> str:
    return " and ".join(map(_visible, sorted(names)))


def _visible(text: str) -> str:
    """The text for a comment: on one line, and nothing in it that can't be seen."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
