"""The clock of a run, and the only clock besides the client's. The core gets times as arguments only."""

from __future__ import annotations

from datetime import UTC, datetime


def now_in_utc() -> datetime:
    """Returns the present time in UTC."""
    return datetime.now(UTC)
