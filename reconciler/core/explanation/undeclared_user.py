"""Explains an undeclared user: a leaver or an unmanaged user, what a plan does, and how to declare them.

The edits are tried: compiled with the rest of git and, if the account was read, compared with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, count
from typing import Final, Literal, cast

from reconciler.core.access.access import filters_of, make_access
from reconciler.core.access.compile import compile_state
from reconciler.core.access.edited import assign_role, declare
from reconciler.core.access.scope import path_steps
from reconciler.core.adoption.importing import import_account
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.declared import Declarations, DeclaredUser, UserDeclaration
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.explanation.account_view import AccountSide, AccountView, Planned, view_account
from reconciler.core.explanation.flip import CandidateEdit, edited_by, find_edits, spell_value
from reconciler.core.model.frozen import Frozen
from reconciler.core.model.matching import match_resources
from reconciler.core.model.resources import DesiredUser, Key, LiveUser
from reconciler.core.model.states import Certificate, DesiredState, LiveState
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.errors import Source

NOWHERE: Final = Source("desired-state", 1)  # a declaration that is tried has no line yet
IDENTITY: Final = frozenset({"userName", "externalId", "active"})
ONE_OF_MANY: Final = Certificate("snapshot", 1, 0, 0)


class Managing(Frozen):
    """The edits that bring a user under management, and the verdict and plan after them.

    `plan` is None if the account was not read.
    """

    edits: tuple[str, ...]
    verdict: str
    plan: tuple[Planned, ...] | None


class UndeclaredUser(Frozen):
    """The explanation of an undeclared user. `key` is the last key of a leaver, else None.

    `account` is None if it was not read; `obstacle` is the reason if no edit brings the user under management.
    """

    standing: Literal["left", "unmanaged", "unclear"]
    key: str | None
    name: str
    tenant: str
    as_of: str
    in_scope: Literal[False] = False
    verdict: str
    source: Source | None
    account: AccountSide | None
    manage: Managing | None
    obstacle: str | None


@dataclass(frozen=True, slots=True)
class GitStates:
    """The declarations of HEAD and of the base, for one tenant on one day.

    `then` holds the users that the base, `then_at`, declares; `evidence` shows which users of the account are owned.
    """

    declarations: Declarations
    tenant_name: str
    today: date
    earlier: Earlier
    then: Mapping[str, DeclaredUser]
    then_at: str | None
    evidence: Evidence = NO_EVIDENCE

    @property
    def tenant(self) -> Tenant:
        """The settings of the tenant."""
        return self.declarations.tenants[self.tenant_name].tenant

    def state(self) -> DesiredState:
        """Compiles the declarations for the tenant."""
        return compile_state(self.declarations, self.tenant_name, self.today)

    def after(self, edits: Iterable[CandidateEdit]) -> GitStates:
        """Returns the states with the edits applied to HEAD's declarations."""
        return replace(self, declarations=edited_by(self.declarations, edits))


def explain_leaver(git: GitStates, left: DesiredUser, beside: AccountView | None) -> UndeclaredUser:
    """Explains a user that the base declares and HEAD does not; `beside` is None if the account was not read."""
    live = _live_of(left, beside) if beside else None
    known_as = beside.keys.get(live.id, left.key) if beside and live else left.key
    manage, obstacle = (
        _manage(git, left.key.name, _again(git, left), (beside, live))
        if known_as == left.key
        else (None, f"they are under management as {known_as}")
    )
    was = f"left git: declared at {left.source} when {git.then_at} was applied"
    return UndeclaredUser(
        standing="left",
        key=str(left.key),
        name=left.name,
        tenant=git.tenant_name,
        as_of=git.today.isoformat(),
        verdict=f"{was}. {_fate(git, live, known_as, left.key) if beside else f'If active, they are {_then(git)}.'}",
        source=left.source,
        account=beside.side_of(known_as, live) if beside else None,
        manage=manage,
        obstacle=obstacle,
    )


def _again(git: GitStates, left: DesiredUser) -> tuple[CandidateEdit, ...]:
    """Returns the edits that declare a user as before, and assign the roles that they would not get back otherwise."""
    name = left.key.name
    again = CandidateEdit(
        f"declare {name} again, as at {left.source} of {git.then_at}",
        lambda declarations: declare(declarations, name, git.then[name]),
    )
    held = make_access(git.after([again]).declarations, git.tenant_name, git.today).holdings.roles(name)
    return again, *(_assigning(role, name) for role in sorted((left.roles or frozenset()) - held))


def _live_of(left: DesiredUser, beside: AccountView) -> LiveUser | None:
    """Finds the live user that matches, even if HEAD declares the same person under another key."""
    return match_resources([left], beside.live.users, beside.desired.matching).live_of.get(left.key)


def _then(git: GitStates) -> str:
    return "not changed: on_removed is ignore" if git.tenant.on_removed == "ignore" else "deactivated by the next apply"


def _fate(git: GitStates, live: LiveUser | None, known_as: Key, key: Key) -> str:
    """Describes in one sentence what a plan does to a user who left git."""
    if live is None:
        return "No user of the account clearly matches them, and nothing is changed."
    if known_as != key:
        return f"They are now declared as {known_as}, and that declaration counts."
    return f"They are active, and {_then(git)}. Nothing is deleted." if live.active else "They are inactive already."


def explain_unmanaged(git: GitStates, live: LiveUser, beside: AccountView) -> UndeclaredUser:
    """Explains a live user that git does not declare, and did not declare before."""
    claims, side = ", ".join(map(str, beside.claims(live))), beside.side_of(None, live)
    name, edits = (None, ()) if claims else _declaring(git, live)
    manage, obstacle = _manage(git, name, edits, (beside, live)) if name else (None, _why_not(claims))
    return UndeclaredUser(
        standing="unclear" if claims else "unmanaged",
        key=None,
        name=live.name,
        tenant=git.tenant_name,
        as_of=git.today.isoformat(),
        verdict=_describe_ambiguous(claims) if claims else _describe_unmanaged(git, side),
        source=None,
        account=side,
        manage=manage,
        obstacle=obstacle,
    )


def _describe_ambiguous(claims: str) -> str:
    return f"is unclear: {claims} could be this user or another one. Nothing is changed until the match is clear."


def _describe_unmanaged(git: GitStates, side: AccountSide) -> str:
    then = f", and did not when {git.then_at} was applied" if git.then_at else ""
    groups = ", except that authoritative groups remove them" if side.plan else ""
    return (
        f"is unmanaged: in the account, and git does not declare them{then}. "
        f"A plan lists them and does not change them{groups}; nothing is ever deleted."
    )


def _why_not(claims: str) -> str:
    if claims:
        return f"give {claims} an externalId or userName that only one user of the account has"
    return "git could not match them: correct their userName and externalId in the account first"


def _declaring(git: GitStates, live: LiveUser) -> tuple[str | None, tuple[CandidateEdit, ...]]:
    """Declares a live user as an import would, with only the attributes that access needs.

    These are the identity, the attributes that filters test, and the roles. Returns no name if imports skip the user.
    """
    imported = import_account(LiveState((live,), (), ONE_OF_MANY), git.tenant)
    if not imported.users:
        return None, ()
    (key, entry), *_ = imported.users.items()
    name = _free(key, git.declarations.users)
    tested = {
        path_steps(clause.attribute)[0]
        for declared in filters_of(git.declarations, git.tenant_name).users
        for clause in declared.clauses
    }
    needed = {"userName": entry["userName"]}
    needed |= {path: value for path, value in entry.items() if path in IDENTITY | tested and value is not None}
    if name != key:
        needed.setdefault("externalId", key)
    attributes = cast("UserDeclaration", needed)
    spelled = ", ".join(f"{path}: {_spell(value)}" for path, value in needed.items())
    first = CandidateEdit(
        f"declare {name} under users, with {spelled}",
        lambda declarations: declare(declarations, name, DeclaredUser(attributes, NOWHERE)),
    )
    roles = imported.roles if git.declarations.assignments or git.tenant.scope == "assigned" else ()
    return name, (first, *(_assigning(role, name) for role in roles))


def _free(key: str, taken: Mapping[str, object]) -> str:
    """Returns the key, with a number appended if another user has it."""
    candidates = chain([key], (f"{key}-{number}" for number in count(2)))
    return next(candidate for candidate in candidates if candidate not in taken)


def _assigning(role: str, name: str) -> CandidateEdit:
    return CandidateEdit(
        f"assign the role {role} to {name}", lambda declarations: assign_role(declarations, role, name)
    )


def _spell(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else spell_value(value)


def _manage(
    git: GitStates, name: str, edits: tuple[CandidateEdit, ...], account: tuple[AccountView | None, LiveUser | None]
) -> tuple[Managing | None, str | None]:
    """Tries the edits, with more edits if access needs them; returns them with the result, or else the obstacle."""
    beside, live = account
    edited = git.after(edits)
    key = Key("user", name)
    state = edited.state()
    if not state.users[key].in_scope and edited.declarations.users[name].attributes.get("active") is not False:
        more = find_edits(edited.declarations, git.tenant_name, name, git.today)
        edits = (*edits, *(more.edits if more else ()))
        edited = git.after(edits)
        state = edited.state()
    wrong = next((problem for problem in state.problems if problem.severity == "error"), None)
    if wrong:
        return None, f"this declaration has an error: {wrong.message}"
    after = view_account(state, beside.live, edited.tenant, git.earlier, git.evidence) if beside else None
    if after and live and after.links.users.live_of.get(key) != live:
        return None, f"this declaration would not match them: users match by {', '.join(state.matching)}"
    return Managing(
        edits=tuple(edit.text for edit in edits),
        verdict=state.users[key].reason,
        plan=after.side_of(key, live).plan if after else None,
    ), None
