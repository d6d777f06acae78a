"""The stand-in's calls about pull requests and the repository: one pull request, those of a branch, their events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.github.calls import Call, Reply

OPENED, PLANNED, MERGED = "2026-11-25T08:00:00Z", "2026-11-25T09:00:00Z", "2026-11-25T10:00:00Z"


@dataclass
class PullCalls:
    """What StandIn answers; `issue_events` are the events of each pull request, by its number."""

    if TYPE_CHECKING:
        pulls: list[dict[str, Any]]
        files: dict[int, list[dict[str, Any]]]

        def _page(self, items: list[Any], call: Call, query: Mapping[str, Sequence[str]]) -> Reply: ...

    default_branch: str = "main"
    issue_events: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def change_base(self, number: int, at: str, event: str = "base_ref_changed") -> None:
        """Adds the event of a pull request that got another base."""
        self.issue_events.setdefault(number, []).append({"id": number, "event": event, "created_at": at})

    def open_pulls_of(self, run: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Returns the pull requests that GitHub lists in a run: those that are open now with its head or branch."""
        opened = [one for one in self.pulls if one["merged_at"] is None]
        heads = {"sha": run["head_sha"], "ref": run["head_branch"]}
        same = [one for one in opened if any(one["head"][name] == value for name, value in heads.items())]
        ends = {
            one["number"]: {end: {key: one[end][key] for key in ("sha", "ref")} for end in ("head", "base")}
            for one in same
        }
        return [{"id": number, "number": number, **both} for number, both in ends.items()]

    def get_repository(self, _call: Call, _query: object) -> Reply:
        return Reply(200, {"full_name": "acme/people", "default_branch": self.default_branch})

    def get_pull(self, _call: Call, _query: object, number: str) -> Reply:
        pull = next((one for one in self.pulls if one["number"] == int(number)), None)
        if pull is None:
            return Reply(404, {"message": "Not Found"})
        return Reply(200, {"changed_files": len(self.files[int(number)]), **pull})

    def list_pulls(self, call: Call, query: Mapping[str, Sequence[str]]) -> Reply:
        """Lists by `head`, as owner:branch, and `state`, which is `open` unless it is named."""
        head, state = query.get("head", [""])[0], query.get("state", ["open"])[0]
        listed = [one for one in self.pulls if state == "all" or one["merged_at"] is None]
        return self._page([one for one in listed if head in {"", _spell_head(one)}], call, query)

    def list_events(self, call: Call, query: Mapping[str, Sequence[str]], number: str) -> Reply:
        return self._page(self.issue_events.get(int(number), []), call, query)


def _spell_head(pull: Mapping[str, Any]) -> str:
    origin = pull["head"]["repo"]
    return f"{origin['full_name'].partition('/')[0] if origin else ''}:{pull['head']['ref']}"


_PULLS, _EVENTS = (("pull_requests", "read"),), (("issues", "read"), ("pull_requests", "read"))
PULL_ROUTES: tuple[tuple[str, tuple[tuple[str, str], ...], tuple[str, str]], ...] = (
    (r"", (("contents", "read"), ("pull_requests", "read")), ("GET", "get_repository")),
    (r"/pulls", _PULLS, ("GET", "list_pulls")),
    (r"/pulls/(\d+)", _PULLS, ("GET", "get_pull")),
    (r"/issues/(\d+)/events", _EVENTS, ("GET", "list_events")),
)
