"""Checks that an attribute that a clause or a mapping reads exists: no declaration may have it, or ever have it."""

from __future__ import annotations

from reconciler.core.access.population import Population
from reconciler.core.model.suggest import did_you_mean
from reconciler.errors import Problem, Source


def check_attribute(path: str, population: Population, reads: str, source: Source, reader: str) -> Problem | None:
    """Returns the problem if no declaration has the attribute that a reader reads; a declared null counts as had.

    It is a warning if the contract has the attribute, because a declaration may have it later. Without declarations,
    nothing is wrong. `reads` is the end of the message, and `reader` names what can be removed: `clause`, `rule`.
    """
    if not population.subjects or population.holders(path) or population.is_declared(path):
        return None
    message = f'no declaration has the attribute "{path}", which {reads}'
    remove = f"declare the attribute, or remove the {reader}"
    if population.is_in_schema(path):
        return Problem("unused_attribute", message, source, remove, severity="warning")
    hint = did_you_mean(path, population.attribute_names) or remove
    return Problem("unknown_attribute", message, source, hint)
