"""The result of planning one resource, as the planners of users, groups and roles return it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.changes.plan import AttributeChange, Change, Skipped
from reconciler.core.model.resources import Attributes, DesiredGroup, DesiredUser
from reconciler.errors import Problem

ADOPTS = "adopt: "
UNCLEAR = "no clear match in the account"


@dataclass(frozen=True, slots=True)
class Result:
    """The changes, skips and problems of one resource."""

    changes: Sequence[Change] = ()
    skipped: Sequence[Skipped] = ()
    problems: Sequence[Problem] = ()


NOTHING = Result()


def joined(*results: Result) -> Result:
    """Joins the results of several decision tables about one resource."""
    return Result(
        changes=[change for result in results for change in result.changes],
        skipped=[skipped for result in results for skipped in result.skipped],
        problems=[problem for result in results for problem in result.problems],
    )


def attribute_changes(paths: Iterable[str], before: Attributes, after: Attributes) -> tuple[AttributeChange, ...]:
    """Returns the changes of the attributes at `paths`, in that order."""
    return tuple(AttributeChange(path=path, before=before.get(path), after=after.get(path)) for path in paths)


def adoption_reason(resource: DesiredUser | DesiredGroup, attribute: str | None) -> str:
    """Returns the reason of a change; if the resource is adopted, the attribute that found it comes first."""
    return f"{ADOPTS}found by {attribute}; {resource.reason}" if attribute else resource.reason


def skip(resource: DesiredUser | DesiredGroup, reason: str) -> Result:
    """Returns the result of a resource that is not changed, with the reason."""
    return Result(skipped=[Skipped(key=str(resource.key), reason=reason)])
