"""Checks the matching attributes: a list, or an attribute that no resource has, never finds one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from reconciler.core.declarations.rule import OF_MANY
from reconciler.core.model.matching import EMAILS, FILTERABLE, can_be_asked, matching_value
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, Kind
from reconciler.errors import Problem, Source

HINT: Final = "match by an attribute with one text, such as userName; of the lists, emails match primary to primary"


def check_matching(
    kind: Kind,
    attributes: Sequence[str],
    resources: Mapping[Key, DesiredUser | DesiredGroup],
    rules: Mapping[tuple[Kind, str], Source],
    dialect: str,
) -> Iterator[Problem]:
    """Yields a problem for each matching attribute without an effect, and a note on one that needs full reads."""
    for attribute in attributes:
        source = rules.get((kind, attribute))
        if attribute in OF_MANY and attribute != EMAILS:
            yield Problem("bad_matching", f"{kind}s can't be matched by {attribute}, which is a list", source, HINT)
        elif attribute not in FILTERABLE and resources and not _has_any(attribute, resources.values()):
            message = f"{kind}s are matched by {attribute}, and no {kind} in git has a text there"
            yield Problem("bad_matching", message, source, HINT)
        elif not can_be_asked(attribute, dialect):
            message = (
                f"the service can't be asked for {kind}s by {attribute}: a plan that finds one by no other matching "
                "attribute reads the whole account"
            )
            yield Problem("matching_cost", message, source, severity="info")


def _has_any(attribute: str, resources: Collection[DesiredUser | DesiredGroup]) -> bool:
    return any(matching_value(attribute, resource.attributes) for resource in resources)
