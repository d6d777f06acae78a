"""The snapshot as a file: one line with its origin and a checksum, and one line with all users.

Knows the format only: `core/scim/increment.py` decides whether a read may start from it, and the caller sets the mode.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256

from reconciler.core.model.messages import JsonObject
from reconciler.core.scim.increment import Binding, IncrementalSnapshot, NotCertain

FORMAT = 2
DAMAGED = "the snapshot is damaged"


def snapshot_to_text(kept: IncrementalSnapshot) -> str:
    """Renders the snapshot in the format that `parse_snapshot` reads."""
    about: JsonObject = {
        "format": FORMAT,
        "tenant": kept.of.tenant,
        "url": kept.of.url,
        "version": kept.of.version,
        "record": kept.of.record,
        "begun": kept.begun.isoformat(),
        "everything": kept.everything.isoformat(),
        "compared": kept.compared,
    }
    users = json.dumps(list(kept.users.values()), ensure_ascii=False, separators=(",", ":"))
    return json.dumps({**about, "sha256": _checksum(about, users)}, ensure_ascii=False) + "\n" + users + "\n"


def parse_snapshot(content: bytes) -> IncrementalSnapshot:
    """Returns the snapshot; raises NotCertain if a byte of it changed, or if it has another format."""
    try:
        first, users = content.decode().removesuffix("\n").split("\n", 1)
        about = json.loads(first)
        checksum = about.pop("sha256")
        if about.get("format") != FORMAT:
            raise NotCertain(f"the snapshot has format {about.get('format')!r}, and this version reads {FORMAT}")
        if checksum != _checksum(about, users):
            raise NotCertain(DAMAGED)
        return IncrementalSnapshot(
            of=Binding(about["tenant"], about["url"], about["version"], about["record"]),
            begun=_moment(about["begun"]),
            everything=_moment(about["everything"]),
            users={row["id"]: row for row in json.loads(users)},
            compared=about["compared"],
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise NotCertain(DAMAGED) from error


def _checksum(about: JsonObject, users: str) -> str:
    return sha256(f"{json.dumps(about, sort_keys=True)}\n{users}".encode()).hexdigest()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
