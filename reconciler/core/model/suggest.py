"""Did you mean: the nearest of the words that would have been right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """The hint `did you mean "finance"?`, or None where nothing is near."""
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    nearest = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.7)
    return f'did you mean "{by_folded[nearest[0]]}"?' if nearest else None
