"""An import → the text of a desired-state folder's files, in the form that `fmt` keeps. Writes no file itself."""

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
    ("externalId", None): "has none in the account; remove this line to set it to the key",
    ("membership", "additive"): "has members who are inactive or not imported",
    ("active", False): "inactive in the account",
}


@dataclass(frozen=True, slots=True)
class ImportOrigin:
    """The source of an import: the tenant, its address, and the day; `declared` if the folder had the tenant before."""

    name: str
    tenant: Tenant
    day: date
    declared: bool

    @property
    def sentence(self) -> str:
        """The source of the import, for the head of a file."""
        where = "the embedded 4me" if self.tenant.url == SANDBOX else _replace_invisible(self.tenant.url)
        return f"Imported from {self.name} ({where}) on {self.day}."


def write_import(imported: Imported, origin: ImportOrigin, by: Literal["department", "hundred"]) -> Mapping[str, str]:
    """Returns the text of each file, by its path below the folder."""
    files = _by_department(imported, origin) if by == "department" else _by_hundred(imported, origin)
    if imported.groups:
        files["groups.yaml"] = _groups(imported.groups, origin)
    if imported.roles:
        files["roles.yaml"] = _roles(imported.roles, origin)
    if not origin.declared:
        files["tenants.yaml"] = _tenants(origin)
    return dict(sorted(files.items()))


def _by_department(imported: Imported, origin: ImportOrigin) -> dict[str, str]:
    """Returns one file for each department, named after it; departments with the same file name share one."""
    files: dict[str, dict[str, Fields]] = {}
    departments: dict[str, set[str]] = {}
    for key, user in imported.users.items():
        department = str(user.get("department", ""))
        file = f"users/{make_slug(department) or NOWHERE}.yaml"
        files.setdefault(file, {})[key] = user
        departments.setdefault(file, set()).update({department} - {""})
    return {file: _users(users, origin, _describe_departments(departments[file])) for file, users in files.items()}


def _describe_departments(departments: Iterable[str]) -> str:
    names = " and ".join(map(_replace_invisible, sorted(departments)))
    return f"The people of {names}." if names else "People without a department."


def _by_hundred(imported: Imported, origin: ImportOrigin) -> dict[str, str]:
    """Returns a file for each hundred people, in the order of their keys."""
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
        origin.sentence,
        "",
        "The rule: the key is a person's permanent name; groups, roles and managers refer to it. The externalId is the",
        "key, unless the entry has another. An attribute that is not here is not changed; `null` would clear it.",
    ]
    return _file(head, "users", _entries(users, ORDER))


def _groups(groups: Mapping[str, Fields], origin: ImportOrigin) -> str:
    head = [
        "Every group and its members.",
        origin.sentence,
        "",
        "The rule: an authoritative group (the default) has exactly these members, an additive one at least these.",
        "A member can be a group (`group/other`); a rule (`members_where`) can replace the list.",
    ]
    return _file(head, "groups", _entries(groups, GROUP_ORDER))


def _roles(roles: Mapping[str, Sequence[str]], origin: ImportOrigin) -> str:
    head = [
        "Who holds which 4me role.",
        origin.sentence,
        "",
        "The rule: a user holds every role that is assigned to them or to a group they are in. The account does not",
        "show why a user holds a role: if it comes with a group, name the group (`groups: [service-desk]`) instead.",
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
    fields.append(("scope", "all", "every declared user has access, as now; or `assigned`: every user with a role"))
    head = ["The 4me account whose desired state is in this folder.", origin.sentence]
    pairs = (YamlPair(name, make_value(value), behind=comment) for name, value, comment in _align(fields))
    return _file(head, "tenants", make_mapping([YamlPair(origin.name, make_mapping(pairs))]))


def _align(fields: Sequence[tuple[str, object, str]]) -> list[tuple[str, object, str]]:
    """Returns the fields with their comments in one column."""
    ends = [len(name) + len(spell(value)) for name, value, _comment in fields]
    widest = max(end for end, (_name, _value, comment) in zip(ends, fields, strict=True) if comment)
    return [
        (name, value, f"{' ' * (widest - end)}# {comment}" if comment else "")
        for end, (name, value, comment) in zip(ends, fields, strict=True)
    ]


def _file(head: Iterable[str], section: str, declared: Sequence[Event]) -> str:
    """Returns the text of a file: the comment, then the section."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head)
    return write_document(make_mapping([YamlPair(section, declared, above=f"{comment}\n")]))


def _entries(named: Mapping[str, Fields], order: Sequence[str]) -> list[Event]:
    """Returns a block mapping, with an empty line before each entry but the first."""
    return make_mapping(
        YamlPair(key, _fields(_sort_fields(fields, order)), above="\n" if number else "")
        for number, (key, fields) in enumerate(named.items())
    )


def _sort_fields(entry: Fields, order: Sequence[str]) -> Fields:
    return {name: entry[name] for name in order if name in entry}


def _fields(fields: Fields) -> list[Event]:
    return make_mapping(_field(name, value) for name, value in fields.items())


def _field(name: str, value: object) -> YamlPair:
    comment = COMMENTS.get((name, value)) if isinstance(value, str | bool | None) else None
    in_order = _sort_fields(value, NAME_ORDER) if name == "name" and isinstance(value, Mapping) else value
    return YamlPair(name, make_value(in_order), behind=f"# {comment}" if comment else "")


def _replace_invisible(text: str) -> str:
    """Returns a text for a comment: line breaks and invisible characters become question marks."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
