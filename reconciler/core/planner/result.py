"""What was decided about one resource, as the planners of users and of groups hand it over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.changes.plan import AttributeChange, Change, Skipped
from reconciler.core.model.resources import Attributes, DesiredGroup, DesiredUser
from reconciler.errors import Problem

ADOPTS = "adopt: "


@dataclass(frozen=True, slots=True)
class Result:
    """What was decided about one resource."""

    changes: Sequence[Change] = ()
    skipped: Sequence[Skipped] = ()
    problems: Sequence[Problem] = ()


NOTHING = Result()


def joined(*results: Result) -> Result:
    """What was decided about one resource in several tables."""
    return Result(
        changes=[change for result in results for change in result.changes],
        skipped=[one for result in results for one in result.skipped],
        problems=[problem for result in results for problem in result.problems],
    )


def attribute_changes(paths: Iterable[str], before: Attributes, after: Attributes) -> tuple[AttributeChange, ...]:
    """Those attributes, before and after."""
    return tuple(AttributeChange(path=path, before=before.get(path), after=after.get(path)) for path in paths)


def adoption_reason(resource: DesiredUser | DesiredGroup, attribute: str | None) -> str:
    """Returns the reason of a change; where the resource is adopted, the attribute that found it comes first."""
    return f"{ADOPTS}found by {attribute}; {resource.reason}" if attribute else resource.reason


def skip(resource: DesiredUser | DesiredGroup, reason: str) -> Result:
    """Returns that nothing is done about a resource, with the reason."""
    return Result(skipped=[Skipped(key=str(resource.key), reason=reason)])
