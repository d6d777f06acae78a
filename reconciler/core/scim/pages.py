"""Whether the pages of a list add up, and, where they don't, whether somebody changed the account while it was read.

Knows pages as they came; nothing is sent here. Two looks, two proofs (docs/decisions/0017-a-second-look.md):

- side by side: every total is the same, every id comes once, and there are as many as announced;
- overlapping: each page begins with the last row of the page before. Rows keep their order, so nobody who was there all
  the time can have slipped from one page to another unseen, whatever came and went meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reconciler.core.model.amounts import few
from reconciler.core.model.messages import JsonObject
from reconciler.core.scim.wire import NotScim, Page, read_id

LIES = (
    "looked at again, it did not add up either: no change of the account explains it, the service's own lists are wrong"
)
CHANGES = "looked at again, it came to something else each time: somebody is changing the account, plan again later"


@dataclass(frozen=True, slots=True)
class Listing:
    """The resources by id, and what did not add up; `changeable` where a change of the account can be why."""

    resources: Mapping[str, JsonObject]
    faults: tuple[str, ...] = ()
    changeable: bool = True

    @property
    def wants_another_look(self) -> bool:
        """Whether reading once more could come to something else."""
        return bool(self.faults) and self.changeable

    def with_faults(self, *faults: str) -> Listing:
        """The listing with what else was wrong, that no change of the account explains."""
        return replace(self, faults=(*faults, *self.faults), changeable=not faults and self.changeable)


def list_starts(total: int, size: int, step: int) -> range:
    """Where the pages after the first start, when it brought `size` rows and each next one starts `step` further on."""
    return range(1 + step, total + 1 - (size - step), step) if size else range(0)


def add_up(kind: str, first: Page, rest: Sequence[Page]) -> Listing:
    """Pages side by side, that together are all that the first of them announced."""
    rows = [row for page in (first, *rest) for row in page.resources]
    gathered = _gather(kind, rows)
    changed = [
        f"{kind}: the total changed from {first.total} to {page.total} during the read"
        for page in rest
        if page.total != first.total
    ]
    return replace(gathered, faults=(*changed, *gathered.faults, *_short(kind, first.total, len(gathered.resources))))


def join_up(kind: str, pages: Mapping[int, Page]) -> Listing:
    """Pages by where they start, each beginning with the last row of the one before, the last one ending the list."""
    starts = sorted(pages)
    apart = [
        f"{kind}: what comes at {start} is not what came there a moment before"
        for before, start in pairwise(starts)
        if _id(pages[before].resources[-1:]) != _id(pages[start].resources[:1])
    ][:1]
    rows = [row for start in starts for row in (pages[start].resources if start == 1 else pages[start].resources[1:])]
    gathered = _gather(kind, rows)
    last = pages[starts[-1]]
    end = starts[-1] - 1 + len(last.resources)
    return replace(gathered, faults=(*apart, *gathered.faults, *_short(kind, last.total, end)))


def _gather(kind: str, rows: Iterable[JsonObject]) -> Listing:
    """The rows by id; one without an id is no change of the account."""
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
    """The id of the only row, or something that is equal to no other."""
    return rows[0].get("id") if rows else object()


def _short(kind: str, announced: int, came: int) -> list[str]:
    return [] if announced == came else [f"{kind}: {announced} were announced and {came} came"]


def goes_on(pages: Mapping[int, Page], full: int) -> bool:
    """Whether more may follow on the last page: it is full, and joins the one before."""
    *_earlier, last = starts = sorted(pages)
    joined = len(starts) == 1 or _id(pages[starts[-2]].resources[-1:]) == _id(pages[last].resources[:1])
    return joined and len(pages[last].resources) >= full


def conclude(kind: str, looks: Sequence[Listing]) -> Listing:
    """The last of some looks; where it does not add up either, what was wrong at first, and whether it stayed so."""
    first, *more = looks
    last = looks[-1]
    if not last.faults or not more:
        return last
    same = [one.faults == last.faults and one.resources.keys() == last.resources.keys() for one in more[:-1]]
    verdict = LIES if any(same) or not last.changeable else CHANGES
    return replace(last, faults=(*first.faults, f"{kind}: {verdict}"))
