"""The users whose people the embedded 4me links later: automation rules run some time after the write over SCIM."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.core.simulator.permissions import PeopleQuirks


@dataclass(slots=True)
class LateLinks:
    """The written users that wait for the rules: the time of the last write, and the requests since, by SCIM id."""

    quirks: PeopleQuirks
    waiting: dict[str, tuple[datetime, int]] = field(default_factory=dict)

    def add(self, user_ids: Iterable[str], now: datetime) -> None:
        """Adds users that were written now."""
        self.waiting |= dict.fromkeys(user_ids, (now, 0))

    def take_due(self, now: datetime) -> list[str]:
        """Counts one more request, and returns the users whose turn has come, which wait no longer."""
        self.waiting = {user_id: (written, count + 1) for user_id, (written, count) in self.waiting.items()}
        after, requests = timedelta(seconds=self.quirks.links_after), self.quirks.links_after_requests
        due = [user_id for user_id, (at, count) in self.waiting.items() if count >= requests and now - at >= after]
        for user_id in due:
            del self.waiting[user_id]
        return due
