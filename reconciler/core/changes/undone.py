"""The parts of a change that were not done, and why; and the sentences about them.

A service may refuse one attribute, or store another value than was asked for, and a user that a change refers to may
not exist. If a change has undone parts, all its other parts are done.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from json import dumps
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from reconciler.core.changes.plan import Change
from reconciler.core.model.amounts import few
from reconciler.core.model.diff import begin_before_difference, narrow, show_quoted
from reconciler.core.model.frozen import Frozen
from reconciler.core.model.resources import Value

Why: TypeAlias = Literal["waits", "changed", "refused", "failed"]
Text: TypeAlias = Annotated[str, Field(exclude_if=lambda text: not text)]

ACTIVE: Final = "active"
MEMBERS: Final = "members"
ROLES: Final = "roles"
MANAGER: Final = "manager"
NOT_DONE: Final = {
    (MEMBERS, True): "was not added",
    (MEMBERS, False): "was not removed",
    (ROLES, True): "was not granted",
    (ROLES, False): "was not revoked",
}
NOT_OPTIONAL: Final = frozenset({ACTIVE, "userName", "externalId"})
MOST_NAMED = 10
LONGEST = 80


class Undone(Frozen):
    """An attribute by its `path`, or `active`, or one member or role `of` the paths `members` and `roles`.

    `waits`: its user was not created. `changed`: the service answered with success, and has `got` instead of `asked`.
    `refused`: the service refused it, with `error`. `failed`: it was not answered, or not sent. Redacted values are
    fingerprints.
    """

    path: str
    of: Text = ""
    why: Why
    asked: Value = None
    got: Value = None
    error: Text = ""

    @property
    def name(self) -> str:
        """The attribute, or the member or role."""
        return self.of or self.path


def count_parts(change: Change) -> int:
    """Counts the parts of a change: attributes, members and roles, and the existence or access that it gives."""
    own = change.action in {"create_user", "create_group", "reactivate_user", "deactivate_user"}
    return len(change.attributes) + len(change.members) + len(change.roles) + own


def describe_undone(change: Change, undone: Iterable[Undone]) -> str:
    """Returns a sentence on the undone parts of a change, with what to write in git."""
    by_why: dict[Why, list[Undone]] = {}
    undone = tuple(undone)
    for part in undone:
        by_why.setdefault(part.why, []).append(part)
    refused = [*by_why.pop("refused", ()), *by_why.pop("failed", ())]
    sentences = [_describe(why, some) for why, some in by_why.items()]
    if refused:
        rest = "; all else of it was done" if count_parts(change) > len(undone) else ""
        sentences.append(f"{few(_describe_refusals(refused), MOST_NAMED, between='; ')}{rest}")
    named = [part.path for part in refused if part.why == "refused" and not part.of and part.path not in NOT_OPTIONAL]
    return "; ".join([*sentences, *([how_to_leave_out(change.key, named)] if named else [])])


def _describe(why: Why, parts: Sequence[Undone]) -> str:
    if why == "waits":
        managers = [str(part.asked) for part in parts if not part.of]
        members = sorted(part.of for part in parts if part.of)
        missing = [f"manager {manager}" for manager in managers]
        missing += [f"member{'s' * (len(members) > 1)} {few(members, MOST_NAMED)}"] if members else []
        verb = "was" if len(parts) == 1 else "were"
        return f"without its {' and '.join(missing)}, which {verb} not created"
    shown = few(parts, MOST_NAMED, show_difference, "; ")
    return f"the service answered with success, but not as asked: {shown}"


def _describe_refusals(parts: Sequence[Undone]) -> list[str]:
    """Returns one text for each error, with the parts that it is about."""
    by_error: dict[tuple[Why, str], list[str]] = {}
    for part in parts:
        by_error.setdefault((part.why, part.error), []).append(part.name)
    return [
        f"{few(names, MOST_NAMED)} {'refused' if why == 'refused' else 'not done'}: {error}"
        for (why, error), names in by_error.items()
    ]


def how_to_leave_out(key: str, paths: Sequence[str]) -> str:
    """Returns what to write in git, so that an attribute of a user or group is no longer asked for."""
    kind, _, name = key.partition("/")
    declared = few([f"{kind}s.{name}.{path}" for path in paths], MOST_NAMED)
    return f"to stop asking, leave out {declared}, or the mapping whose target is {few(paths, MOST_NAMED)}"


def show_difference(part: Undone) -> str:
    """Returns `title: asked "Lead ", got "Lead"`: quoted, and bounded around the first difference.

    A member that an answer without `members` may hide is not listed.
    """
    if part.of and part.got is None:
        return f"{part.of} is not listed"
    if part.of:
        return f"{part.of} {NOT_DONE[part.path, part.asked is True]}"
    got = narrow(part.got, part.asked) if isinstance(part.got, list) and isinstance(part.asked, list) else part.got
    asked, got_shown = _apart(part.asked, got)
    return f"{part.path}: asked {asked}, got {got_shown}"


def show_exactly(value: Value) -> str:
    """Returns one value as `show_difference` does: text in quotes, at most 80 characters."""
    return _quoted(value, _cut(_spell(value)))


def _apart(asked: Value, got: Value) -> tuple[str, str]:
    """Shows two values; if they look the same (NFC and NFD do), with all signs but ASCII as code points."""
    one, other = _spell(asked), _spell(got)
    if type(asked) is type(got) and unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other):
        one, other = dumps(one)[1:-1], dumps(other)[1:-1]
    shown = begin_before_difference(one, other, LONGEST)
    return _quoted(asked, _cut(shown[0])), _quoted(got, _cut(shown[1]))


def _spell(value: Value) -> str:
    return value if isinstance(value, str) else show_quoted(value)


def _cut(text: str) -> str:
    return f"{text[:LONGEST]}…" if len(text) > LONGEST else text


def _quoted(value: Value, shown: str) -> str:
    return f'"{shown}"' if isinstance(value, str) else shown
