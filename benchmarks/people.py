"""The same people in the format of each tool: as declared, and as they were before.

Each person has ten attributes, and one in a hundred had another title before. Knows file formats and no tool.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

CHANGED_IN = 100
PEOPLE_IN_A_FILE = 100

Person: TypeAlias = dict[str, Any]

DEPARTMENTS = ("Finance", "Service Desk", "Engineering", "Legal", "Facilities", "Marketing", "Research")
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
IN_ENTERPRISE = frozenset({"employeeNumber", "costCenter", "organization", "department"})
ZONE = "people.example."


def count_changed(count: int) -> int:
    """Returns how many of `count` people differ from before."""
    return count // CHANGED_IN


def write_declared_yaml(folder: Path, count: int) -> None:
    """Writes a desired-state folder with one tenant, `bench`, and all people in files of a hundred."""
    _write_yaml(folder, count, _person)


def write_declared_yaml_before(folder: Path, count: int) -> None:
    """Writes the same folder, with all people as they were before."""
    _write_yaml(folder, count, _person_before)


def write_live_json(file: Path, count: int) -> None:
    """Writes a saved live state with all people as they were before, for `plan --live`."""
    users = [live_user(number) for number in _numbers(count)]
    _write(file, [json.dumps({"format": 1, "users": users, "groups": []}, indent=2), "\n"])


def write_terraform(folder: Path, count: int) -> None:
    """Writes a module with one resource a person in files of a hundred, and Terraform's state from before."""
    for name, numbers in _files(count):
        _write(folder / f"{name}.tf", map(_declared_resource, numbers))
    state = {
        "version": 4,
        "terraform_version": "1.4.0",  # the first version with terraform_data
        "serial": 1,
        "lineage": "5f0f4a52-5a3b-4a57-9d0b-3a3d7f6f7c11",
        "outputs": {},
        "resources": [_known_resource(number) for number in _numbers(count)],
    }
    _write(folder / "terraform.tfstate", [json.dumps(state, indent=2), "\n"])


def write_octodns(folder: Path, count: int) -> None:
    """Writes a zone with one A record a person, the zone as it was before, and the configuration that compares them.

    A record has two short values and a person ten attributes, so this is the least work for octoDNS.
    """
    provider = "octodns.provider.yaml.YamlProvider"
    config = {
        "providers": {name: {"class": provider, "directory": str(folder / name)} for name in ("declared", "before")},
        "zones": {ZONE: {"sources": ["declared"], "targets": ["before"]}},
    }
    _write(folder / "config.yaml", [json.dumps(config, indent=2), "\n"])
    _write(folder / "declared" / f"{ZONE}yaml", (_record(number, network=10) for number in _numbers(count)))
    before = (_record(number, network=11 if _is_changed(number) else 10) for number in _numbers(count))
    _write(folder / "before" / f"{ZONE}yaml", before)


def _numbers(count: int) -> range:
    return range(1, count + 1)


def _files(count: int) -> Iterator[tuple[str, range]]:
    """Yields the name of each file, and the numbers of its people."""
    numbers = _numbers(count)
    for start in range(0, count, PEOPLE_IN_A_FILE):
        yield f"team-{start // PEOPLE_IN_A_FILE + 1:04}", numbers[start : start + PEOPLE_IN_A_FILE]


def _write_yaml(folder: Path, count: int, person: Callable[[int], Person]) -> None:
    _write(folder / "tenants.yaml", ["tenants:\n", "  bench: {url: sandbox, scope: all}\n"])
    for name, numbers in _files(count):
        declared = (_declared_user(key_of(number), person(number)) for number in numbers)
        _write(folder / "users" / f"{name}.yaml", ["users:\n", *declared])


def _write(file: Path, texts: Iterable[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as out:
        out.writelines(texts)


def _is_changed(number: int) -> bool:
    return number % CHANGED_IN == 0


def key_of(number: int) -> str:
    """Returns the name of a person in YAML."""
    return f"person.{number:06}"


def _person(number: int) -> Person:
    """Returns the ten attributes as declared, in the spelling of RFC 7643."""
    department = DEPARTMENTS[number % len(DEPARTMENTS)]
    address = f"{key_of(number)}@example.com"
    return {
        "userName": address,
        "name": {"givenName": f"Given{number}", "familyName": f"Family{number}"},
        "displayName": f"Given{number} Family{number}",
        "title": "Senior Analyst" if _is_changed(number) else "Analyst",
        "emails": [{"value": address, "type": "work", "primary": True}],
        "active": True,
        "employeeNumber": f"{number:06}",
        "costCenter": f"CC-{number % 97:03}",
        "organization": f"Acme {department}",
        "department": department,
    }


def _person_before(number: int) -> Person:
    return {**_person(number), "title": "Analyst"}


def _declared_user(key: str, person: Person) -> str:
    return f"""\
  {key}:
    userName: {person["userName"]}
    name: {{givenName: {person["name"]["givenName"]}, familyName: {person["name"]["familyName"]}}}
    displayName: {person["displayName"]}
    title: {person["title"]}
    emails: [{{value: {person["emails"][0]["value"]}, type: work, primary: true}}]
    active: true
    employeeNumber: "{person["employeeNumber"]}"
    costCenter: {person["costCenter"]}
    organization: {person["organization"]}
    department: {person["department"]}
"""


def live_user(number: int) -> Person:
    """Returns a person as an account answered before."""
    person = _person_before(number)
    return {
        "schemas": [CORE, ENTERPRISE],
        "id": f"{7_000_000 + number}",
        "externalId": key_of(number),
        **{name: value for name, value in person.items() if name not in IN_ENTERPRISE},
        ENTERPRISE: {name: value for name, value in person.items() if name in IN_ENTERPRISE},
        "meta": {"resourceType": "User", "lastModified": "2026-01-05T08:00:00Z"},
    }


def _resource_name(number: int) -> str:
    return f"person_{number:06}"


def _declared_resource(number: int) -> str:
    person = _person(number)
    return f"""\
resource "terraform_data" "{_resource_name(number)}" {{
  input = {{
    userName       = "{person["userName"]}"
    name           = {{ givenName = "{person["name"]["givenName"]}", familyName = "{person["name"]["familyName"]}" }}
    displayName    = "{person["displayName"]}"
    title          = "{person["title"]}"
    emails         = [{{ value = "{person["emails"][0]["value"]}", type = "work", primary = true }}]
    active         = true
    employeeNumber = "{person["employeeNumber"]}"
    costCenter     = "{person["costCenter"]}"
    organization   = "{person["organization"]}"
    department     = "{person["department"]}"
  }}
}}
"""


def _known_resource(number: int) -> Person:
    before = _person_before(number)
    typed = {"value": before, "type": _terraform_type(before)}
    attributes = {"id": f"00000000-0000-4000-8000-{number:012}", "input": typed, "output": typed}
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": _resource_name(number),
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [{"schema_version": 0, "attributes": {**attributes, "triggers_replace": None}}],
    }


def _terraform_type(value: object) -> object:
    """Returns the type of a value as a state file writes it."""
    match value:
        case bool():
            return "bool"
        case dict():
            return ["object", {name: _terraform_type(one) for name, one in value.items()}]
        case list():
            return ["tuple", [_terraform_type(one) for one in value]]
        case _:
            return "string"


def _record(number: int, network: int) -> str:
    address = f"{network}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return f"person-{number:06}:\n  ttl: 3600\n  type: A\n  value: {address}\n"
