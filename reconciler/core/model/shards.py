"""Divides tenants over several runs of a workflow, if they are more than its matrix may have jobs.

A job always has one tenant, because its environment holds the secrets of that tenant only, and its name is part of
the approval. So more tenants need more runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_JOBS = 256  # in one matrix of GitHub Actions
PART = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """Part `number` out of `of` parts, counted from 1."""

    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


def read_part(text: str) -> Part | None:
    """Parses a part such as `2/3`; returns None if the text is malformed or the number is above the count."""
    written = PART.fullmatch(text)
    part = Part(int(written[1]), int(written[2])) if written else None
    return part if part and part.number <= part.of else None


def take_part(tenants: Sequence[str], part: Part) -> Sequence[str]:
    """Returns the tenants of a part: every `of`-th, so that part sizes differ by at most one.

    A tenant that is added at the end does not move the others.
    """
    return tenants[part.number - 1 :: part.of]


def count_parts(tenants: int) -> int:
    """Returns the smallest number of parts that each fit into a matrix."""
    return max(1, -(-tenants // MOST_JOBS))
