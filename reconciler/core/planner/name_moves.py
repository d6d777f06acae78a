"""The names that the steps of a plan take and free, and the steps that wait for each other because of them.

Knows steps only. Linear in their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.core.changes.plan import AttributeChange, Change
from reconciler.core.model.cycles import find_cycles
from reconciler.core.model.logins import NAMING, PLACES, fold_name
from reconciler.core.model.resources import Kind
from reconciler.core.planner.steps import Step

CALLED: Mapping[Kind, str] = {"user": "login", "group": "name"}
Name: TypeAlias = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class StepWait:
    """A step that has its outcome before another one begins.

    `lacks` is what the other one lacks if that step fails, and it is skipped then; without it, only the order counts.
    """

    step: str
    lacks: str = ""


def find_name_change(step: Step) -> AttributeChange | None:
    """Returns the change of the unique name that a step makes, or None if the service sees no other name."""
    kind = kind_of(step)
    found = next((one for change in step.changes for one in change.attributes if one.path == NAMING[kind]), None)
    return None if found is None or _fold(kind, found.before) == _fold(kind, found.after) else found


def kind_of(step: Step) -> Kind:
    """Returns the kind of the resource that a step writes."""
    return "user" if step.kind == "Users" else "group"


def _fold(kind: Kind, value: object) -> str | None:
    return fold_name(kind, value) if isinstance(value, str) and value else None


@dataclass(frozen=True, slots=True)
class NameMoves:
    """The names that steps take and free. `takes` is by the id of the step, `frees` by the name.

    `places` has, by name, the step of each group that gets a name which a user's organization or site has. `first` has,
    for the second part of a split step, the first one. `created` are the keys that steps create, `awaited` the ids of
    the steps in `frees` and `places`.
    """

    takes: Mapping[str, Name]
    frees: Mapping[Name, Step]
    places: Mapping[str, Step]
    created: frozenset[str]
    awaited: frozenset[str]
    first: Mapping[str, Step] = field(default_factory=dict)

    def freer_of(self, step: Step) -> Step | None:
        """Returns the step that frees the name that this one takes, or None."""
        name = self.takes.get(step.id)
        return self.frees.get(name) if name else None

    def waits_of(self, step: Step) -> Iterator[StepWait]:
        """Yields what a step waits for."""
        if freer := self.freer_of(step):
            yield StepWait(freer.id, f"the {CALLED[kind_of(step)]} that {freer.key} keeps")
        for name in _places_of(step):
            if place := self.places.get(name):
                yield StepWait(place.id, f"the name of {place.key}, which was not written")
        if first := self.first.get(step.id):
            yield StepWait(first.id)

    def split(self, step: Step) -> tuple[Step, ...]:
        """Returns the step, or two: what the plan must not hold up comes first.

        A deactivation does not wait for a name. A name that another step takes waits for nothing that is created.
        """
        moving = tuple(change for change in step.changes if writes_name(change))
        rest = tuple(change for change in step.changes if change not in moving)
        if not (moving and rest) or step.creates or find_name_change(step) is None:
            return (step,)
        if self.freer_of(step) and step.deactivates:
            return Step(step.key, rest, step.via), Step(step.key, moving, step.via)
        later = Step(step.key, rest, step.via)
        if later.needs().isdisjoint(self.created):
            return (step,)
        return (Step(step.key, moving, step.via), later) if step.id in self.awaited else (step,)

    def rings(self, steps: Iterable[Step]) -> list[tuple[Step, ...]]:
        """Returns the rings: each step takes the name of the next; the first is the one that goes over a third name."""
        step_of = {step.id: step for step in steps}
        freers = {step.id: freer.id for step in steps if (freer := self.freer_of(step))}
        return [_from_first([step_of[one] for one in ring]) for ring in find_cycles(freers, freers.get)]


def find_moves(steps: Sequence[Step], first: Mapping[str, Step] | None = None) -> NameMoves:
    """Returns the moves of names: only those names that one step frees and another takes."""
    moving = [(step, change) for step in steps if step.via == "scim" and (change := find_name_change(step))]
    takes = {step.id: (kind_of(step), name) for step, change in moving if (name := _fold(kind_of(step), change.after))}
    taken = set(takes.values())
    frees = {
        (kind_of(step), name): step
        for step, change in moving
        if (name := _fold(kind_of(step), change.before)) and (kind_of(step), name) in taken
    }
    named = {name for step in steps for name in _places_of(step)}
    renamed = ((takes[step.id][1], step) for step, _change in moving if step.id in takes and kind_of(step) == "group")
    places = {name: step for name, step in renamed if name in named}
    created = frozenset(step.key for step in steps if step.creates)
    awaited = frozenset(step.id for step in (*frees.values(), *places.values()))
    return NameMoves(takes, frees, places, created, awaited, first or {})


def writes_name(change: Change) -> bool:
    """Whether a change writes the unique name of its resource."""
    kind: Kind = "user" if change.key.startswith("user/") else "group"
    return any(attribute.path == NAMING[kind] for attribute in change.attributes)


def _places_of(step: Step) -> Iterator[str]:
    """Yields the names of organizations and sites that a step writes to a user."""
    if step.kind == "Users" and step.via == "scim":
        values = (one.after for change in step.changes for one in change.attributes if one.path in PLACES)
        yield from dict.fromkeys(name for value in values if (name := _fold("group", value)))


def _from_first(ring: Sequence[Step]) -> tuple[Step, ...]:
    marked = (index for index, step in enumerate(ring) if any(change.over for change in step.changes))
    first = next(marked, 0)
    return (*ring[first:], *ring[:first])
