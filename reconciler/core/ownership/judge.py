"""Judges the users and groups that HEAD does not link: HEAD × the account × the evidence → leavers, doubts, releases.

`findings` has the table of verdicts; this module applies it to each live user and group, and collects the results.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.core.comparison.link import Links
from reconciler.core.comparison.references import key_by_id
from reconciler.core.model.resources import DesiredGroup, DesiredUser, Key, Kind, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.ownership.evidence import Evidence
from reconciler.core.ownership.findings import Finding, VerdictTable, make_table
from reconciler.core.ownership.sentences import describe_uncovered, settle_by_id, settle_by_key
from reconciler.core.ownership.sightings import Sighting, declares, find_sightings, match_members
from reconciler.core.ownership.verdicts import Doubt, GroupThatLeft, Leaver, Ownership
from reconciler.errors import Source

NOWHERE = Source("desired-state", 1)


def judge(desired: DesiredState, live: LiveState, links: Links, evidence: Evidence) -> Ownership:
    """Returns the verdicts on users and groups that HEAD does not link, within the selection of `desired`."""
    return _Judge(desired, live, links, evidence).judge()


@dataclass(frozen=True, slots=True)
class _Judge:
    desired: DesiredState
    live: LiveState
    links: Links
    evidence: Evidence

    def judge(self) -> Ownership:
        users = self._users_to_judge()
        seen = find_sightings(self.evidence, users, self.live.users)
        table = make_table(self.desired, self.links.users, self.evidence, "user")
        found = [(user, finding) for user in users if (finding := self._find(table, user, seen.get(user.id, ())))]
        doubts = [(user, finding) for user, finding in found if finding.verdict not in ("leaver", "released")]
        groups, group_doubts, released = self._groups()
        return Ownership(
            leavers=self._leavers([(user, finding) for user, finding in found if finding.verdict == "leaver"]),
            groups=groups,
            doubts=(*self._doubts([(user, finding) for user, finding in doubts if user.active]), *group_doubts),
            released=(
                *(
                    ("user", user.id, finding.words)
                    for user, finding in found
                    if user.active and finding.verdict == "released"
                ),
                *released,
            ),
            provisioned=self._provisioned(),
            assigned=dict(self._assigned()),
            adopted=tuple(sorted(self._adopted())),
        )

    def _users_to_judge(self) -> list[LiveUser]:
        """Returns active users without a link, and inactive users that an earlier state links, who lose their roles."""
        formerly_linked = {user.id for user in self.links.former_users.live_of.values()}
        resolved = {line.id for line in self.desired.left if line.id}
        linked = {user.id for user in self.links.users.live_of.values()}
        excluded = linked | (self.links.users.contested - resolved)
        return [
            user for user in self.live.users if user.id not in excluded and (user.active or user.id in formerly_linked)
        ]

    def _find(
        self,
        table: VerdictTable[LiveUser] | VerdictTable[LiveGroup],
        live: LiveUser | LiveGroup,
        seen: tuple[Sighting, ...],
    ) -> Finding | None:
        kind: Kind = "user" if isinstance(live, LiveUser) else "group"
        keys = [key_by_id(kind, live.id), *(sighting.key for sighting in seen)]
        return table.find(live.id, seen) if any(map(self.desired.is_selected, keys)) else None

    def _leavers(self, found: Iterable[tuple[LiveUser, Finding]]) -> tuple[Leaver, ...]:
        taken = set(self.desired.users)
        leavers: list[Leaver] = []
        for live, finding in sorted(found, key=lambda pair: (not pair[0].active, pair[0].id)):
            declared = finding.sighting.resource if finding.sighting else None
            user = declared if isinstance(declared, DesiredUser) else _undeclared_user(live, finding.source or NOWHERE)
            reason = finding.words
            if user.key in taken:
                reason = f"{reason} (declared there as {user.key})"
                user = replace(user, key=key_by_id("user", live.id))
            taken.add(user.key)
            commit = finding.sighting.state.commit if finding.sighting else ""
            leavers.append(Leaver(user, live, commit, finding.serial, reason))
        return tuple(sorted(leavers, key=lambda leaver: leaver.user.key))

    def _doubts(self, found: Iterable[tuple[LiveUser | LiveGroup, Finding]]) -> list[Doubt]:
        found = list(found)
        keys = [finding.sighting.key for _live, finding in found if finding.sighting and finding.sighting.sure]
        doubts: list[Doubt] = []
        for live, finding in found:
            sighting = finding.sighting
            assert sighting is not None and finding.verdict != "released"  # noqa: S101, PT018  # doubts rest on a commit
            unique = sighting.sure and keys.count(sighting.key) == 1 and not self.desired.resource(sighting.key)
            doubts.append(
                Doubt(
                    kind="user" if isinstance(live, LiveUser) else "group",
                    id=live.id,
                    name=live.name,
                    verdict=finding.verdict,
                    key=str(sighting.key),
                    witnesses=finding.words,
                    settle=settle_by_key(sighting.key) if unique else settle_by_id(live.id),
                )
            )
        return sorted(doubts, key=lambda doubt: (doubt.key, doubt.id))

    def _provisioned(self) -> frozenset[Key]:
        """Returns users that HEAD has out of scope and a covered commit in HEAD's history had in scope."""
        out = {
            live.id: key
            for key, live in self.links.users.live_of.items()
            if live.active and not self.desired.users[key].in_scope and self.desired.is_selected(key)
        }
        users = [user for user in self.live.users if user.id in out]
        seen = find_sightings(self.evidence, users, self.live.users) if self.evidence.known else {}
        return frozenset(
            key
            for live_id, key in out.items()
            if any(self._is_provisioned(key, sighting) for sighting in seen.get(live_id, ()))
        )

    def _is_provisioned(self, key: Key, sighting: Sighting) -> bool:
        known = sighting.sure or sighting.key in self._known_as(key)
        return known and sighting.state.place == "here" and sighting.record is not None

    def _known_as(self, key: Key) -> tuple[Key, ...]:
        return (key, *self.desired.was.get(key, ()))

    def _assigned(self) -> Iterable[tuple[Key, frozenset[str]]]:
        """Yields the roles that the last covered commit assigned to each linked user without roles in HEAD."""
        for key, live in self.links.users.live_of.items():
            user = self.desired.users[key]
            if user.in_scope and user.roles is None and self.evidence.known:
                last = self._last_covered(key, live)
                if isinstance(last, DesiredUser) and last.roles:
                    yield key, last.roles

    def _last_covered(self, key: Key, live: LiveUser) -> DesiredUser | DesiredGroup | None:
        found = [
            (record.serial, resource)
            for state in self.evidence
            for known in self._known_as(key)
            if state.place == "here" and (record := state.covering(known))
            if (resource := state.desired.resource(known)) and declares(state.desired, resource, live)
        ]
        return max(found, key=lambda pair: pair[0], default=(0, None))[1]

    def _adopted(self) -> Iterable[Key]:
        linked = (*self.links.users.live_of, *self.links.groups.live_of)
        for key in linked:
            resource = self.desired.resource(key)
            if resource and resource.in_scope and self.desired.is_selected(key) and not self._is_covered(key):
                yield key

    def _is_covered(self, key: Key) -> bool:
        return any(
            state.place == "here" and state.covering(known) for state in self.evidence for known in self._known_as(key)
        )

    def _groups(self) -> tuple[tuple[GroupThatLeft, ...], list[Doubt], list[tuple[Kind, str, str]]]:
        linked = {live.id: key for key, live in self.links.groups.live_of.items()}
        out = {live_id for live_id, key in linked.items() if not self.desired.groups[key].in_scope}
        contested = self.links.groups.contested
        candidates = [live for live in self.live.groups if live.id in out or live.id not in {*linked, *contested}]
        seen = find_sightings(self.evidence, candidates, self.live.groups)
        table = make_table(self.desired, self.links.groups, self.evidence, "group")
        left: list[GroupThatLeft] = []
        doubts: list[tuple[LiveGroup, Finding]] = []
        released: list[tuple[Kind, str, str]] = []
        for live in candidates:
            sightings = seen.get(live.id, ())
            finding = self._find_out_of_scope(sightings) if live.id in out else self._find(table, live, sightings)
            if finding is None:
                continue
            if finding.verdict == "released":
                released.append(("group", live.id, finding.words))
            elif finding.sighting is not None and (group := self._with_members(live, finding.sighting)):
                if finding.verdict == "leaver":
                    left.append(group)
                else:
                    doubts.append((live, finding))
            elif finding.serial is not None and (later := self._uncovered_with_members(live, sightings)):
                doubts.append((live, Finding("unaccounted", later, describe_uncovered(later))))
        return tuple(self._with_unique_keys(left)), self._doubts(doubts), released

    def _with_unique_keys(self, left: Iterable[GroupThatLeft]) -> Iterable[GroupThatLeft]:
        """Yields the groups, each with a key of its own, because HEAD may use the key for another group."""
        taken = {key for key, live in self.links.groups.live_of.items() if self.desired.groups[key].in_scope}
        for former in sorted(left, key=lambda group: (group.group.key, group.live.id)):
            key = key_by_id("group", former.live.id) if former.group.key in taken else former.group.key
            taken.add(key)
            yield replace(former, group=replace(former.group, key=key))

    def _uncovered_with_members(self, live: LiveGroup, seen: Iterable[Sighting]) -> Sighting | None:
        """Returns a declaration in HEAD's history that no apply covers, and whose members are in the group."""
        uncovered = (
            sighting
            for sighting in seen
            if sighting.sure and sighting.state.place == "here" and sighting.record is None
        )
        return next((sighting for sighting in uncovered if self._with_members(live, sighting)), None)

    def _find_out_of_scope(self, seen: Iterable[Sighting]) -> Finding | None:
        """Returns the last covered declaration of a group that HEAD has out of scope."""
        covered = [
            (record.serial, sighting)
            for sighting in seen
            if sighting.sure and sighting.state.place == "here" and (record := sighting.record) and self.evidence.known
        ]
        if not covered or not any(self.desired.is_selected(sighting.key) for _serial, sighting in covered):
            return None
        serial, sighting = max(covered, key=lambda pair: pair[0])
        return Finding("leaver", sighting, "", serial)

    def _with_members(self, live: LiveGroup, sighting: Sighting) -> GroupThatLeft | None:
        """Returns the group with the members that its commit declares; None if additive or without such members."""
        group = sighting.resource
        if not isinstance(group, DesiredGroup) or not (group.authoritative and group.in_scope):
            return None
        members = match_members(sighting.state.desired, group, self.live.users, self.links.users) & live.members
        return GroupThatLeft(group, live, sighting.state.commit, members) if members else None


def _undeclared_user(live: LiveUser, source: Source) -> DesiredUser:
    """Returns a declaration for a user that no commit declares, if a `left:` line has the id alone."""
    return DesiredUser(key_by_id("user", live.id), source, {"displayName": live.name}, in_scope=True, reason="")
