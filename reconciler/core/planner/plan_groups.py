"""The changes to a group: create, update, add members and, if membership is authoritative, remove members."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.changes.plan import AddMembers, Cause, Change, CreateGroup, RemoveMembers, Skipped, UpdateGroup
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.references import References
from reconciler.core.model.amounts import few
from reconciler.core.model.diff import different_paths
from reconciler.core.model.logins import fold_name, name_of
from reconciler.core.model.matching import Matches
from reconciler.core.model.resources import DesiredGroup, LiveGroup
from reconciler.core.model.states import DesiredState
from reconciler.core.ordering.decided import LEFT_OVER, NameDecisions
from reconciler.core.ownership.verdicts import GroupThatLeft, Ownership
from reconciler.core.planner.result import UNCLEAR, Result, adoption_reason, attribute_changes, skip
from reconciler.errors import Problem

MOST_NAMED = 10
NOT_MEMBERS = "they should be members, and are not"
AFTER_THE_GROUP = "they are created after the group, which is an organization or site of users"


@dataclass(frozen=True, slots=True)
class GroupPlanner:
    """Plans one group after another; the fields are the same for all groups."""

    matches: Matches[LiveGroup]
    references: References
    earlier: Earlier
    desired: DesiredState
    ownership: Ownership = Ownership()  # noqa: RUF009  # frozen, and empty
    is_4me: bool = True
    names: NameDecisions = NameDecisions()  # noqa: RUF009  # frozen, and empty
    named_by_users: frozenset[str] = frozenset()

    def plan(self, group: DesiredGroup) -> Result:
        """Returns the changes to a group that git declares."""
        if group.key in self.matches.unclear:
            return skip(group, self.names.held_back(group.key) or UNCLEAR)
        live = self.matches.live_of.get(group.key)
        if not group.in_scope:
            return skip(group, group.reason)
        if live is None:
            return Result(self._create(group))
        update = self._update(group, live)
        return Result(
            [*update, *self._change_members(group, live)],
            self._note_kept(group, live),
            _renames(group, update) if self.is_4me else (),
        )

    def plan_left(self, left: GroupThatLeft) -> Result:
        """Returns the changes to a group that left git, or its scope: it stays, without the members that git declared.

        Unresolved members and released members stay too.
        """
        group, live = left.group, left.live
        kept = self.ownership.spared | {
            live_id for kind, live_id, _evidence in self.ownership.released if kind == "user"
        }
        going = self._selected(group, set(map(self.references.key_of, left.members - kept)))
        if not going:
            return Result()
        how = "is out of scope" if self.desired.resource(group.key) else "left git"
        reason = f"the group {how}: it stays, and the members that git declared leave it"
        removed = self._remove(group, live, sorted(going), self._cause_of_leaving(group), reason)
        staying = sorted(set(map(self.references.key_of, live.members - self.ownership.spared)) - going)
        noted = [*_note(group, staying, "git did not declare them"), *self._note_spared(group, live)]
        return Result([removed], skipped=noted)

    def _cause_of_leaving(self, group: DesiredGroup) -> Cause:
        if self.desired.resource(group.key):
            return self.earlier.presence(group.key, head=False)
        return self.earlier.removal(group.key)

    def _create(self, group: DesiredGroup) -> list[Change]:
        attributes = {**group.on_create, **group.attributes}
        paths = sorted(path for path, value in attributes.items() if value is not None)
        members = sorted(self._wanted(group))
        later = [member for member in members if self._follows(group, member)]
        created = CreateGroup(
            key=str(group.key),
            name=group.name,
            cause=self.earlier.presence(group.key, head=True),
            reason=group.reason,
            attributes=attribute_changes(paths, {}, attributes),
            members=tuple(member for member in members if member not in later),
            source=group.source,
        )
        return [created, self._add(group, None, later, AFTER_THE_GROUP)] if later else [created]

    def _follows(self, group: DesiredGroup, member: str) -> bool:
        """Whether a member is created after the group, because users have it as organization or site."""
        name = name_of("group", group.attributes)
        named = name is not None and fold_name("group", name) in self.named_by_users
        return named and member in self.references.created

    def _wanted(self, group: DesiredGroup) -> set[str]:
        """Returns the members that can be written: in the account, or created by this plan."""
        return {key for key in map(str, group.members or ()) if self.references.will_exist(key)}

    def _selected(self, group: DesiredGroup, members: set[str]) -> set[str]:
        """Returns the members that the plan covers."""
        selected = self.desired.selected_members(group.key)
        return members if selected is None else members & set(map(str, selected))

    def _update(self, group: DesiredGroup, live: LiveGroup) -> list[Change]:
        attributes = self.names.without_held(group.key, group.attributes)
        paths = different_paths(live.attributes, attributes)
        if not paths:
            return []
        attribute = self.matches.adopted.get(group.key)
        cause = self.earlier.attributes(group.key, paths, group.attributes, live.attributes)
        reason = adoption_reason(group, attribute)
        if self.names.is_left_over(group.key):
            cause, reason = "merged" if cause == "drift" else cause, f"{LEFT_OVER}; {reason}"
        return [
            UpdateGroup(
                key=str(group.key),
                name=group.name,
                target_id=live.id,
                cause=cause,
                reason=reason,
                adopted=attribute or "",
                attributes=attribute_changes(paths, live.attributes, group.attributes),
                over=self.names.over.get(group.key, ""),
                source=group.source,
            )
        ]

    def _change_members(self, group: DesiredGroup, live: LiveGroup) -> list[Change]:
        if group.members is None:
            return []
        wanted = self._selected(group, self._wanted(group))
        known = set(self._known(live.members)) - self.ownership.spared
        now = self._selected(group, set(map(self.references.key_of, known)))
        changes: list[Change] = []
        if added := sorted(wanted - now):
            changes.append(self._add(group, live, added))
        if group.authoritative and (removed := sorted(now - wanted)):
            cause = self.earlier.members(group.key, removed, head=False)
            reason = "membership is authoritative, and they should not be members"
            changes.append(self._remove(group, live, removed, cause, reason))
        return changes

    def _note_kept(self, group: DesiredGroup, live: LiveGroup) -> list[Skipped]:
        """Names members that stay though git does not declare them: unresolved, or no longer in an additive group."""
        if group.members is None:
            return []
        if group.authoritative:
            return self._note_spared(group, live)
        undeclared = self.earlier.former_members(group.key) - group.members
        in_account = set(map(self.references.key_of, live.members))
        named = sorted(self._selected(group, set(map(str, undeclared))) & in_account)
        return _note(group, named, "membership is additive, so no member is removed")

    def _note_spared(self, group: DesiredGroup, live: LiveGroup) -> list[Skipped]:
        doubts = [doubt for doubt in self.ownership.doubts if doubt.kind == "user" and doubt.id in live.members]
        named = [f"{doubt.key} ({doubt.id})" for doubt in doubts]
        return _note(group, named, "it is not known whether they left git")

    def _known(self, members: Iterable[str]) -> Iterable[str]:
        """Drops members whose match is ambiguous; a linked member is kept."""
        references = self.references
        return (member for member in members if member in references.keys or member not in references.contested)

    def _add(
        self, group: DesiredGroup, live: LiveGroup | None, members: list[str], reason: str = NOT_MEMBERS
    ) -> AddMembers:
        return AddMembers(
            key=str(group.key),
            name=group.name,
            target_id=live.id if live else None,
            cause=self.earlier.members(group.key, members, head=True),
            reason=reason,
            members=tuple(members),
            source=group.source,
        )

    def _remove(
        self, group: DesiredGroup, live: LiveGroup, members: list[str], cause: Cause, reason: str
    ) -> RemoveMembers:
        return RemoveMembers(
            key=str(group.key),
            name=group.name,
            target_id=live.id,
            cause=cause,
            reason=reason,
            members=tuple(sorted(members)),
            source=group.source,
        )


def _note(group: DesiredGroup, named: list[str], why: str) -> list[Skipped]:
    if not named:
        return []
    verb = "stays" if len(named) == 1 else "stay"
    return [Skipped(key=str(group.key), reason=f"{few(named, MOST_NAMED)} {verb} in the group: {why}")]


def _renames(group: DesiredGroup, changes: list[Change]) -> list[Problem]:
    """Warns that 4me also renames an organization or site linked to the group (default rules of its SCIM groups)."""
    renamed = any(
        attribute.path == "displayName" and attribute.before for change in changes for attribute in change.attributes
    )
    if not renamed:
        return []
    meanwhile = ", also to the third name meanwhile" if any(change.over for change in changes) else ""
    message = f"{group.key} is renamed: 4me also renames an organization or site that is linked to it{meanwhile}"
    return [Problem("group_renamed", message, group.source, severity="warning")]
