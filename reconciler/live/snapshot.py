"""A saved live state: the account's resources as JSON, to plan from again without the network."""

from __future__ import annotations

import json
from pathlib import Path

from reconciler.core.model import Certificate, JsonObject, LiveState
from reconciler.errors import UsageError
from reconciler.live.read import Snapshot, to_live_state

FORMAT = 1


def snapshot_to_json(snapshot: Snapshot) -> str:
    """What `plan --save-live` writes; the same account is the same bytes."""
    document = {"format": FORMAT, "users": snapshot.users, "groups": snapshot.groups}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def load_snapshot(path: Path) -> LiveState:
    """The live state that the file holds; raises UsageError where it is not such a file."""
    snapshot = read_snapshot_file(path)
    certificate = Certificate("snapshot", len(snapshot.users), len(snapshot.groups), 0)
    return to_live_state(snapshot, certificate)


def read_snapshot_file(path: Path) -> Snapshot:
    """The resources that the file holds; raises UsageError where it is not such a file."""
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} is not a saved live state: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UsageError(f"{path} is not a saved live state of format {FORMAT}: make one with `plan --save-live FILE`")
    return Snapshot(_resources(path, document, "users"), _resources(path, document, "groups"))


def _resources(path: Path, document: JsonObject, name: str) -> list[JsonObject]:
    listed = document.get(name)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise UsageError(f"{path}: `{name}` is not a list of SCIM resources")
    return listed
