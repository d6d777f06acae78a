"""The account's resources as the service returned them: as values, and as JSON to plan from without the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from reconciler.core.model.messages import JsonObject
from reconciler.core.model.states import Certificate, LiveState
from reconciler.core.scim.people import NotPeople, People, people_to_json, read_saved_people, with_people
from reconciler.core.scim.same_ids import align_references
from reconciler.core.scim.wire import NotScim, read_group, read_user
from reconciler.errors import UsageError

FORMAT = 1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The account's resources as the service returned them, groups with members; a saved live state holds this.

    `people` are the people behind the users, with their roles, if roles are managed over REST.
    """

    users: list[JsonObject]
    groups: list[JsonObject]
    people: People | None = None


def to_live_state(snapshot: Snapshot, certificate: Certificate) -> LiveState:
    """Converts the snapshot to values; an unreadable resource is a fault, and makes the state incomplete."""
    return _read_state(iter(snapshot.users), iter(snapshot.groups), snapshot.people, certificate)


def _read_state(
    rows: Iterator[JsonObject], group_rows: Iterator[JsonObject], people: People | None, certificate: Certificate
) -> LiveState:
    faults = list(certificate.faults)
    users = _read_each(rows, read_user, faults)
    groups = _read_each(group_rows, read_group, faults)
    aligned = align_references(users, groups)
    faults += aligned.faults
    checked = Certificate(certificate.mode, len(users), len(groups), certificate.requests, tuple(faults))
    state = LiveState(tuple(aligned.users), tuple(aligned.groups), checked)
    return state if people is None else join_people(state, people)


def join_people(state: LiveState, people: People, certificate: Certificate | None = None) -> LiveState:
    """Adds the roles of people to the live state, and the requests and faults of their read to the certificate."""
    checked = state.certificate
    if certificate is not None:
        requests = checked.requests + certificate.requests
        checked = replace(checked, requests=requests, faults=(*checked.faults, *certificate.faults))
    return replace(state, users=with_people(state.users, people), me=people.me, certificate=checked)


def _read_each(resources: Iterator[JsonObject], read: Callable[[JsonObject], T], faults: list[str]) -> list[T]:
    values: list[T] = []
    for resource in resources:
        try:
            values.append(read(resource))
        except NotScim as error:
            faults.append(str(error))
    return values


def snapshot_to_json(snapshot: Snapshot, faults: Sequence[str] = ()) -> str:
    """Renders the file that `plan --save-live` writes, with the faults of the read; equal accounts give equal bytes."""
    document = {"format": FORMAT, "faults": list(faults), "users": snapshot.users, "groups": snapshot.groups}
    if snapshot.people is not None:
        document |= people_to_json(snapshot.people)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def load_snapshot(path: Path) -> LiveState:
    """Reads the live state from the file; raises UsageError if it is not a saved live state."""
    document = _read_document(path)
    snapshot = _snapshot_of(path, document)
    faults = document.get("faults", [])
    if not isinstance(faults, list):
        raise UsageError(f"{path}: `faults` is not a list")
    certificate = Certificate("snapshot", len(snapshot.users), len(snapshot.groups), 0, tuple(map(str, faults)))
    return _read_state(_drain(snapshot.users), _drain(snapshot.groups), snapshot.people, certificate)


def _drain(resources: list[JsonObject]) -> Iterator[JsonObject]:
    """Yields each resource and drops it from the list, so that a large account is not in memory twice."""
    resources.reverse()
    while resources:
        yield resources.pop()


def read_snapshot_file(path: Path) -> Snapshot:
    """Reads the resources from the file; raises UsageError if it is not a saved live state."""
    return _snapshot_of(path, _read_document(path))


def _read_document(path: Path) -> JsonObject:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a saved live state: {getattr(error, 'strerror', None) or error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UsageError(f"{path} is not a saved live state of format {FORMAT}: make one with `plan --save-live FILE`")
    return document


def _snapshot_of(path: Path, document: JsonObject) -> Snapshot:
    try:
        people = read_saved_people(document)
    except NotPeople as error:
        raise UsageError(f"{path}: {error}") from error
    return Snapshot(_resources(path, document, "users"), _resources(path, document, "groups"), people)


def _resources(path: Path, document: JsonObject, name: str) -> list[JsonObject]:
    listed = document.get(name)
    if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
        raise UsageError(f"{path}: `{name}` is not a list of SCIM resources")
    return listed
