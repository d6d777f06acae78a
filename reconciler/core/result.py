"""What was decided about one resource, as the planners of users and of groups hand it over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.model import Attributes, DesiredGroup, DesiredUser
from reconciler.core.plan import AttributeChange, Change, Skipped
from reconciler.errors import Problem


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


def skip(resource: DesiredUser | DesiredGroup, reason: str) -> Result:
    """Nothing is done, and it is said why."""
    return Result(skipped=[Skipped(key=str(resource.key), reason=reason)])
