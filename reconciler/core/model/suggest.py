"""Suggests the valid word that is nearest to a wrong one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """Returns the hint `did you mean "finance"?`, or None if no candidate is near."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    nearest = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.7)
    return f'did you mean "{by_folded[nearest[0]]}"?' if nearest else None
