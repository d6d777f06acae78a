"""Which tenants a run of a workflow is about, where they are more than its matrix may have jobs. Pure.

One job has one tenant always: its environment holds that tenant's secrets and no other's, and its name is part of the
approval. So it is not jobs that get more tenants, but tenants that get more runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_JOBS = 256  # of one matrix of GitHub Actions
PART = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """The part `number` of `of`, from 1."""

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def read_part(text: str) -> Part | None:
    """The part that is written as `2/3`, or None where there is no such part."""
    written = PART.fullmatch(text)
    part = Part(int(written[1]), int(written[2])) if written else None
    return part if part and part.number <= part.of else None


def take_part(tenants: Sequence[str], part: Part) -> Sequence[str]:
    """The tenants of a part: in limiter, so that parts differ by one, and one who is added at the end moves nobody."""
    return tenants[part.number - 1 :: part.of]


def count_parts(tenants: int) -> int:
    """The fewest parts of which each fits into a matrix."""
    return max(1, -(-tenants // MOST_JOBS))
