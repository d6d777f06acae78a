"""The account's resources as it answered them: as values, and saved as JSON to plan from without the network."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from reconciler.core.model import Certificate, JsonObject, LiveState
from reconciler.core.wire import NotScim, read_group, read_user
from reconciler.errors import UsageError

FORMAT = 1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The account's resources as it answered them, groups with members; what a saved live state holds."""

    users: list[JsonObject]
    groups: list[JsonObject]


def to_live_state(snapshot: Snapshot, certificate: Certificate) -> LiveState:
    """The snapshot as values; a resource that can't be read is a fault, and so the state is not complete."""
    faults = list(certificate.faults)
    users = _read_each(snapshot.users, read_user, faults)
    groups = _read_each(snapshot.groups, read_group, faults)
    checked = Certificate(certificate.mode, len(users), len(groups), certificate.requests, tuple(faults))
    return LiveState(tuple(users), tuple(groups), checked)


def _read_each(resources: list[JsonObject], read: Callable[[JsonObject], T], faults: list[str]) -> list[T]:
    values: list[T] = []
    for resource in resources:
        try:
            values.append(read(resource))
        except NotScim as error:
            faults.append(str(error))
    return values


def snapshot_to_json(snapshot: Snapshot, faults: Sequence[str] = ()) -> str:
    """What `plan --save-live` writes; the same account is the same bytes. A read's faults stay with what it read."""
    document = {"format": FORMAT, "faults": list(faults), "users": snapshot.users, "groups": snapshot.groups}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def load_snapshot(path: Path) -> LiveState:
    """The live state that the file holds; raises UsageError where it is not such a file."""
    document = _read_document(path)
    snapshot = _snapshot_of(path, document)
    faults = document.get("faults", [])
    if not isinstance(faults, list):
        raise UsageError(f"{path}: `faults` is not a list")
    certificate = Certificate("snapshot", len(snapshot.users), len(snapshot.groups), 0, tuple(map(str, faults)))
    return to_live_state(snapshot, certificate)


def read_snapshot_file(path: Path) -> Snapshot:
    """The resources that the file holds; raises UsageError where it is not such a file."""
    return _snapshot_of(path, _read_document(path))


def _read_document(path: Path) -> JsonObject:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not a saved live state: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UsageError(f"{path} is not a saved live state of format {FORMAT}: make one with `plan --save-live FILE`")
    return document


def _snapshot_of(path: Path, document: JsonObject) -> Snapshot:
    return Snapshot(_resources(path, document, "users"), _resources(path, document, "groups"))


def _resources(path: Path, document: JsonObject, name: str) -> list[JsonObject]:
    listed = document.get(name)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise UsageError(f"{path}: `{name}` is not a list of SCIM resources")
    return listed
