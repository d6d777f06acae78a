"""The head and base of a pull request. Apart from the comments, because an apply reads it and asks GitHub nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PullHead:
    """The head and the base branch of a pull request that a comment or a run is about."""

    head: str
    base: str
