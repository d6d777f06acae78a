"""Whether the pages of a list add up and, if not, whether a change of the account during the read explains it.

Knows pages as answered; sends nothing. Two ways to read, two proofs (docs/decisions/0017-a-second-look.md):

- side by side: every total is the same, every id comes once, and there are as many rows as announced;
- overlapping: each page begins with the last row of the page before. Rows keep their order, so no resource that existed
  during the whole read can be missed, whatever was added or deleted meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reconciler.core.model.amounts import few
from reconciler.core.model.messages import JsonObject
from reconciler.core.scim.wire import NotScim, Page, read_id

LIES = "read again, it did not add up either: no change of the account explains this, the service's lists are wrong"
CHANGES = "read again, it differed each time: the account is being changed, plan again later"


@dataclass(frozen=True, slots=True)
class Listing:
    """The resources by id, and the faults; `changeable` if a change of the account can explain the faults."""

    resources: Mapping[str, JsonObject]
    faults: tuple[str, ...] = ()
    changeable: bool = True

    @property
    def wants_another_look(self) -> bool:
        """Whether another read could give another result."""
        return bool(self.faults) and self.changeable

    def with_faults(self, *faults: str) -> Listing:
        """Returns the listing with more faults, which no change of the account explains."""
        return replace(self, faults=(*faults, *self.faults), changeable=not faults and self.changeable)


def list_starts(total: int, size: int, step: int) -> range:
    """Returns where the pages after the first start: the first has `size` rows, each next starts `step` later."""
    return range(1 + step, total + 1 - (size - step), step) if size else range(0)


def add_up(kind: str, first: Page, rest: Sequence[Page]) -> Listing:
    """Returns the listing of pages side by side; their rows must be as many as the first page announced."""
    rows = [row for page in (first, *rest) for row in page.resources]
    gathered = _gather(kind, rows)
    changed = [
        f"{kind}: the total changed from {first.total} to {page.total} during the read"
        for page in rest
        if page.total != first.total
    ]
    return replace(gathered, faults=(*changed, *gathered.faults, *_short(kind, first.total, len(gathered.resources))))


def join_up(kind: str, pages: Mapping[int, Page]) -> Listing:
    """Returns the listing of overlapping pages, by start; each begins with the last row of the page before.

    The last page must end the list.
    """
    starts = sorted(pages)
    apart = [
        f"{kind}: the row at {start} changed between two requests"
        for before, start in pairwise(starts)
        if _id(pages[before].resources[-1:]) != _id(pages[start].resources[:1])
    ][:1]
    rows = [row for start in starts for row in (pages[start].resources if start == 1 else pages[start].resources[1:])]
    gathered = _gather(kind, rows)
    last = pages[starts[-1]]
    end = starts[-1] - 1 + len(last.resources)
    return replace(gathered, faults=(*apart, *gathered.faults, *_short(kind, last.total, end)))


def _gather(kind: str, rows: Iterable[JsonObject]) -> Listing:
    """Gathers the rows by id; no change of the account explains a row without an id."""
    resources: dict[str, JsonObject] = {}
    nameless: list[str] = []
    twice: list[str] = []
    for resource in rows:
        try:
            live_id = read_id(resource)
        except NotScim as error:
            nameless.append(f"{kind}: {error}")
            continue
        if live_id in resources:
            twice.append(live_id)
        resources[live_id] = resource
    repeated = [f"{kind}: {few(twice, 1)} came twice"] if twice else []
    return Listing(resources, (*nameless, *repeated), changeable=not nameless)


def _id(rows: Sequence[JsonObject]) -> object:
    """Returns the id of the only row, or an object that is equal to no other."""
    return rows[0].get("id") if rows else object()


def _short(kind: str, announced: int, came: int) -> list[str]:
    return [] if announced == came else [f"{kind}: {announced} were announced and {came} came"]


def goes_on(pages: Mapping[int, Page], full: int) -> bool:
    """Whether more pages may follow the last: it is full, and joins the page before."""
    *_earlier, last = starts = sorted(pages)
    joined = len(starts) == 1 or _id(pages[starts[-2]].resources[-1:]) == _id(pages[last].resources[:1])
    return joined and len(pages[last].resources) >= full


def conclude(kind: str, looks: Sequence[Listing]) -> Listing:
    """Returns the last of several reads of a list; if it has faults too, with the first faults and a verdict."""
    first, *more = looks
    last = looks[-1]
    if not last.faults or not more:
        return last
    same = [
        listing.faults == last.faults and listing.resources.keys() == last.resources.keys() for listing in more[:-1]
    ]
    verdict = LIES if any(same) or not last.changeable else CHANGES
    return replace(last, faults=(*first.faults, f"{kind}: {verdict}"))
