"""People and their roles over 4me's REST API: requests, answers, and the links between SCIM users and people.

Source: 4me's pages on people, people permissions and pagination. Nothing here deletes: roles are overwritten as a whole
set. `request_cost` decides how many requests to make.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from reconciler.core.declarations.role_catalogue import CATALOGUE
from reconciler.core.model.messages import JsonObject, Request, Response
from reconciler.core.model.name_forms import lower_name
from reconciler.core.model.resources import Attributes, LiveUser
from reconciler.core.scim.http_time import read_count
from reconciler.core.scim.request_cost import PAGE
from reconciler.core.scim.wire import describe_error

T = TypeVar("T")

SCIM_SOURCE: Final = "SCIM"
FIELDS: Final = "id,name,source,sourceID,primary_email"
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next"?')


class NotPeople(ValueError):
    """An answer that is not the requested person, list or roles; the message describes the fault."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the account, with the fields for links and roles."""

    id: str
    name: str = ""
    source: str | None = None
    source_id: str | None = None
    email: str | None = None
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """One page of people; `total` if the service gives the number of all people, `following` if more pages follow."""

    people: tuple[Person, ...]
    total: int | None
    following: Request | None


@dataclass(frozen=True, slots=True)
class People:
    """The people that were read. `looked_up` are the SCIM ids that were looked up, None for all of them.

    `me` is the person who owns the credentials.
    """

    people: tuple[Person, ...] = ()
    me: str | None = None
    looked_up: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class RoleLookup:
    """A user whose person's roles are needed, and the roles that git assigns, or None if it assigns none."""

    user: LiveUser
    roles: frozenset[str] | None = None


def me_request() -> Request:
    """Returns the request for the person who owns the credentials."""
    return Request("GET", "/me")


def people_request(**filters: str) -> Request:
    """Returns the request for the first page of the people who pass the filters, with the fields for links."""
    return Request("GET", f"/people?{urlencode({**filters, 'fields': FIELDS, 'per_page': PAGE})}")


def roles_request(person: str, account: str) -> Request:
    """Returns the request for the roles of one person in one account."""
    return Request("GET", _path(person, account))


def overwrite_request(person: str, account: str, roles: Iterable[str]) -> Request:
    """Returns the request that gives one person exactly these roles in one account. It is safe to send it again."""
    return Request("PATCH", f"{_path(person, account)}?{urlencode({'roles': ','.join(sorted(roles))}, safe=',')}")


def _path(person: str, account: str) -> str:
    return f"/people/{quote(person, safe='')}/permissions/{quote(account, safe='')}"


def read_person(document: object) -> Person:
    """Reads a person; raises NotPeople if it is not one. Only saved people contain roles: 4me lists roles apart."""
    if not isinstance(document, Mapping):
        raise NotPeople(f"a person was expected, not {type(document).__name__}")
    number = str(document.get("id"))
    if not (number.isascii() and number.isdigit()):
        raise NotPeople(f"a person has no id: {str(document.get('name'))[:60]!r}")
    return Person(
        id=number,
        name=_text(document, "name") or number,
        source=_text(document, "source"),
        source_id=_text(document, "sourceID"),
        email=_text(document, "primary_email"),
        roles=_names(document.get("roles", [])),
    )


def read_me(response: Response) -> Person:
    """Reads the person who owns the credentials; raises NotPeople if the answer is not a person."""
    if not response.succeeded:
        raise NotPeople(f"answered {describe_error(response)}")
    return read_person(response.body)


def _text(document: Mapping[str, object], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) and value else None


def read_people(response: Response) -> PeoplePage:
    """Reads a page of people; raises NotPeople if the answer is not one."""
    if not response.succeeded:
        raise NotPeople(f"answered {describe_error(response)}")
    if not isinstance(response.body, list):
        raise NotPeople(f"a list of people was expected, not {type(response.body).__name__}")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return PeoplePage(
        people=tuple(map(read_person, response.body)),
        total=read_count(headers.get("x-pagination-total-entries", "")),
        following=_following(headers.get("link", "")),
    )


def _following(link: str) -> Request | None:
    """Returns the request for the next page. Only the query of the link (RFC 8288) is used: it may name any host."""
    found = _NEXT.search(link)
    if found is None:
        return None
    try:
        return Request("GET", f"/people?{urlsplit(found[1]).query}")
    except ValueError as error:
        raise NotPeople(f"the link to the next page is not a URL: {error}") from error


def read_roles(response: Response) -> frozenset[str]:
    """Reads the roles of one person in one account; raises NotPeople if the answer has none."""
    if not response.succeeded:
        raise NotPeople(f"answered {describe_error(response)}")
    return _names(response.body.get("roles") if isinstance(response.body, Mapping) else None)


def _names(roles: object) -> frozenset[str]:
    if not isinstance(roles, list) or not all(isinstance(role, str) and role for role in roles):
        raise NotPeople("roles were expected, and the answer has no list of roles")
    return frozenset(roles)


def address_of(user: LiveUser) -> str | None:
    """Returns the address by which 4me links a user and a person."""
    return address_in(user.attributes)


def address_in(attributes: Attributes) -> str | None:
    """Returns the primary e-mail among a user's attributes, else the userName if it is an address."""
    emails = attributes.get("emails")
    listed = [email for email in emails if isinstance(email, dict)] if isinstance(emails, list) else []
    primary = next(
        (str(email["value"]) for email in listed if email.get("primary") is True and email.get("value")), None
    )
    address = primary or str(attributes.get("userName") or "")
    return address if "@" in address else None


class PersonLinks:
    """The links of users to people: by source and sourceID, else by primary e-mail if no other user has that person."""

    def __init__(self, users: Iterable[LiveUser], people: Iterable[Person]) -> None:
        self._users = frozenset(user.id for user in users)
        self._by_scim: dict[str, list[Person]] = {}
        self._by_email: dict[str, list[Person]] = {}
        for person in people:
            if person.source == SCIM_SOURCE and person.source_id:
                self._by_scim.setdefault(person.source_id, []).append(person)
            if person.email:
                self._by_email.setdefault(lower_name(person.email), []).append(person)

    def person_of(self, user: LiveUser) -> Person | None:
        """Returns the person linked to a user, or None if no person, or more than one, fits."""
        found = self._by_scim.get(user.id) or [
            person
            for person in self._by_email.get(lower_name(address_of(user) or ""), ())
            if person.source != SCIM_SOURCE or person.source_id not in self._users
        ]
        return found[0] if len(found) == 1 else None


def find_linked(ids: Iterable[str], people: Iterable[Person]) -> dict[str, Person]:
    """Returns the person that 4me linked to each SCIM id, without the ids that no person, or more than one, bears."""
    linked = _alone((person.source_id, person) for person in people if person.source == SCIM_SOURCE)
    return {scim_id: linked[scim_id] for scim_id in ids if scim_id in linked}


def find_by_address(addresses: Mapping[str, str], people: Iterable[Person]) -> dict[str, Person]:
    """Returns the person with the primary e-mail of each SCIM id, for accounts whose rules don't write the SCIM id.

    A person who bears any SCIM id is left out, because the user of that id may not have been read. So are two users, or
    two people, of one address.
    """
    users = _alone((address.casefold(), scim_id) for scim_id, address in addresses.items())
    bearers = _alone(((person.email or "").casefold(), person) for person in people)
    found = ((scim_id, bearers[address]) for address, scim_id in users.items() if address in bearers)
    return {scim_id: person for scim_id, person in found if person.source != SCIM_SOURCE}


def _alone(pairs: Iterable[tuple[str | None, T]]) -> dict[str, T]:
    """Returns the value of each key that only one pair has, without empty keys."""
    values: dict[str, list[T]] = {}
    for key, value in pairs:
        if key:
            values.setdefault(key, []).append(value)
    return {key: found[0] for key, found in values.items() if len(found) == 1}


def list_to_be_sure(
    lookups: Iterable[RoleLookup], found: Iterable[Person], roles_of: Mapping[str, frozenset[str]]
) -> list[Person]:
    """Returns the people whose roles must be read one by one, although lists of role holders show some of them.

    They hold roles, and git assigns others. A list shows only the role that it was requested for; an overwrite would
    take away a role that no list shows.
    """
    lookups = list(lookups)
    links = PersonLinks((lookup.user for lookup in lookups), found)
    pairs = ((links.person_of(lookup.user), lookup.roles) for lookup in lookups if lookup.roles is not None)
    return [
        person for person, roles in pairs if person and roles_of[person.id] and roles_of[person.id] & CATALOGUE != roles
    ]


def with_people(users: tuple[LiveUser, ...], people: People) -> tuple[LiveUser, ...]:
    """Returns the users with the roles in effect, those of the person. Roles in SCIM grant nothing in this mode."""
    links = PersonLinks(users, people.people)
    return tuple(_with_person(user, links, people.looked_up) for user in users)


def _with_person(user: LiveUser, links: PersonLinks, looked_up: frozenset[str] | None) -> LiveUser:
    if looked_up is not None and user.id not in looked_up:
        return replace(user, roles=frozenset())
    person = links.person_of(user)
    roles = person.roles if person else frozenset[str]()
    return replace(user, roles=roles, person=person.id if person else None, roles_looked_up=True)


def people_to_json(people: People) -> JsonObject:
    """Returns the people as a document to save beside the users; equal people give an equal document."""
    listed = sorted(people.people, key=lambda person: int(person.id))
    looked_up = {} if people.looked_up is None else {"sought": sorted(people.looked_up)}
    return {"me": people.me, "people": list(map(_person_to_json, listed)), **looked_up}


def _person_to_json(person: Person) -> JsonObject:
    return {
        "id": int(person.id),
        "name": person.name,
        "source": person.source,
        "sourceID": person.source_id,
        "primary_email": person.email,
        "roles": sorted(person.roles),
    }


def to_records(people: People, account: str) -> list[JsonObject]:
    """Returns the people as the embedded 4me stores them: with roles by account, and with the owner of credentials."""
    records = [_person_to_json(person) for person in people.people]
    known = {person.id for person in people.people}
    if people.me is not None and people.me not in known:
        records.append({"id": int(people.me), "name": "Integration", "roles": []})
    return [
        {**record, "permissions": {account: record["roles"]}, "me": str(record["id"]) == people.me}
        for record in records
    ]


def read_saved_people(document: Mapping[str, object]) -> People | None:
    """Reads the output of `people_to_json`; None if no people were read. Raises NotPeople for any other document."""
    listed, me, looked_up = document.get("people"), document.get("me"), document.get("sought")
    if listed is None:
        return None
    if not isinstance(listed, list) or not isinstance(looked_up, list | None):
        raise NotPeople("`people` and `sought` must be lists")
    return People(
        people=tuple(map(read_person, listed)),
        me=None if me is None else str(me),
        looked_up=None if looked_up is None else frozenset(map(str, looked_up)),
    )
