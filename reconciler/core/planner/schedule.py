"""The order of a plan's requests: a name is freed before it is taken, and names in a ring go over a third name.

Knows changes only, so that the executor, the simulation and the cost of a plan have one schedule, also for a part of a
plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.changes.plan import AttributeChange, Change, UpdateGroup, UpdateUser
from reconciler.core.declarations.tenant import RolesVia
from reconciler.core.model.logins import NAMING, make_third_name, replace_primary
from reconciler.core.model.resources import Value
from reconciler.core.planner.name_moves import NameMoves, StepWait, find_moves, find_name_change, kind_of
from reconciler.core.planner.steps import Step, make_steps

_LOGIN = (*NAMING.values(), "emails")


@dataclass(frozen=True, slots=True)
class Unit:
    """Steps that are carried out as one: a single step, or a ring, of which the first step goes over a third name.

    In a ring each step takes the name that the next one frees, and the last that of the first.
    """

    steps: tuple[Step, ...]
    waits: tuple[StepWait, ...] = ()

    @property
    def id(self) -> str:
        """Returns the id of the first step."""
        return self.steps[0].id

    @property
    def is_ring(self) -> bool:
        """Whether the steps exchange their names."""
        return len(self.steps) > 1

    @property
    def awaits_person(self) -> bool:
        """Whether 4me must link a person before the request."""
        return self.steps[0].awaits_person

    @property
    def requests(self) -> int:
        """Counts the requests if none fails; a ring has one more, for the third name."""
        return sum(step.requests for step in self.steps) + self.is_ring

    def in_turn(self) -> tuple[Step, ...]:
        """Returns the steps in the order of their requests: in a ring the third name, and then the last step first."""
        if not self.is_ring:
            return self.steps
        first, *others = self.steps
        return (go_over_third_name(first), *reversed(others), first)

    def back(self) -> tuple[Step, ...]:
        """Returns for each step of a ring, in turn, the one that gives the resource the name back that it had then."""
        first, *others = self.steps
        return (undo(first), *map(undo, reversed(others)), go_over_third_name(first))


def make_schedule(changes: Iterable[Change], roles_via: RolesVia = "scim") -> tuple[Unit, ...]:
    """Returns the units of the changes in the plan's order, but each after those that it waits for."""
    steps = make_steps(changes, roles_via)
    moves = find_moves(steps)
    if not moves.frees and not moves.places:
        return tuple(Unit((step,)) for step in steps)
    pairs = [moves.split(step) for step in steps]
    parts = [part for pair in pairs for part in pair]
    moves = find_moves(parts, {pair[1].id: pair[0] for pair in pairs if len(pair) > 1})
    rings = moves.rings(parts)
    in_ring = {step.id for ring in rings for step in ring}
    units = [
        *(Unit((part,), tuple(moves.waits_of(part))) for part in parts if part.id not in in_ring),
        *(Unit(ring, tuple(_waits_of_ring(ring, moves))) for ring in rings),
    ]
    return _in_order(list(_after_rings_of_groups(units)), {part.id: index for index, part in enumerate(parts)})


def _waits_of_ring(ring: Sequence[Step], moves: NameMoves) -> Iterator[StepWait]:
    own = {step.id for step in ring}
    yield from (wait for step in ring for wait in moves.waits_of(step) if wait.step not in own)


def _after_rings_of_groups(units: Sequence[Unit]) -> Iterator[Unit]:
    """Yields the units with one more wait: no user is written while a group is on a third name (4me: default rules).

    One ring of groups waits for the one before it, so that a user waits for the last one alone.
    """
    last = ""
    for unit in units:
        if unit.is_ring and kind_of(unit.steps[0]) == "group":
            yield _after(unit, last)
            last = unit.id
    for unit in units:
        if kind_of(unit.steps[0]) == "user":
            yield _after(unit, last)
        elif not unit.is_ring:
            yield unit


def _after(unit: Unit, step: str) -> Unit:
    return replace(unit, waits=(*unit.waits, StepWait(step))) if step else unit


def _in_order(units: Iterable[Unit], position: Mapping[str, int]) -> tuple[Unit, ...]:
    """Sorts the units by the plan's order, each after those that it waits for; a wait for a later unit is dropped."""
    stack = sorted(units, key=lambda unit: -min(position[step.id] for step in unit.steps))
    unit_of = {step.id: unit for unit in stack for step in unit.steps}
    ordered: dict[str, Unit] = {}
    begun: set[str] = set()
    while stack:
        name = stack[-1].id
        ahead = [
            one for wait in stack[-1].waits if (one := unit_of[wait.step]).id not in begun and one.id not in ordered
        ]
        if ahead and name not in ordered:
            begun.add(name)
            stack += ahead
            continue
        unit = stack.pop()
        known = tuple(wait for wait in unit.waits if unit_of[wait.step].id in ordered)
        ordered.setdefault(name, replace(unit, waits=known))
    return tuple(ordered.values())


def go_over_third_name(step: Step) -> Step:
    """Returns the step that gives the first of a ring a third name: with the primary e-mail, and the externalId."""
    change, written = find_name_change(step), _attributes_of(step)
    name = str(change.before if change else "")
    over = next((one.over for one in step.changes if one.over), "")
    third = over or make_third_name(kind_of(step), str(step.changes[0].target_id), name)
    logins = [
        _write(one, third if one.path != "emails" else replace_primary(one.before, name, third)) for one in written
    ]
    changed = [one for one in logins if one.path in _LOGIN and one.after != one.before]
    return _make_update(step, [*changed, *(one for one in written if one.path == "externalId")])


def undo(step: Step) -> Step:
    """Returns the step that gives a member of a ring the name back that it had before."""
    return _make_update(
        step,
        [
            AttributeChange(path=one.path, before=one.after, after=one.before)
            for one in _attributes_of(step)
            if one.path in _LOGIN
        ],
    )


def _attributes_of(step: Step) -> list[AttributeChange]:
    return [attribute for change in step.changes for attribute in change.attributes]


def _write(attribute: AttributeChange, value: Value) -> AttributeChange:
    return AttributeChange(path=attribute.path, before=attribute.before, after=value)


def _make_update(step: Step, attributes: Iterable[AttributeChange]) -> Step:
    """Returns the step that writes these attributes of the same resource."""
    first = step.changes[0]
    kind: type[UpdateUser | UpdateGroup] = UpdateUser if kind_of(step) == "user" else UpdateGroup
    changed = kind(key=step.key, name=first.name, target_id=first.target_id, attributes=tuple(attributes))
    return Step(step.key, (changed,))
