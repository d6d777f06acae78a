"""The stand-in's calls about a merge queue: the refs of its groups, which GitHub lists by how they start."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote

from tests.github.calls import Call, Reply


@dataclass
class QueueCalls:
    """What StandIn answers; `refs` are the commits of refs, by their full names."""

    refs: dict[str, str] = field(default_factory=dict)

    def list_matching_refs(self, _call: Call, _query: object, start: str) -> Reply:
        """Lists every ref that starts so, and not only those in that folder."""
        matching = {ref: sha for ref, sha in self.refs.items() if ref.startswith(f"refs/{unquote(start)}")}
        return Reply(200, [{"ref": ref, "object": {"type": "commit", "sha": sha}} for ref, sha in matching.items()])


QUEUE_ROUTES: tuple[tuple[str, tuple[tuple[str, str], ...], tuple[str, str]], ...] = (
    (r"/git/matching-refs/(.+)", (("contents", "read"),), ("GET", "list_matching_refs")),
)
