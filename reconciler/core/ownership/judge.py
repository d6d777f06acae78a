"""HEAD × the account × the evidence → the verdicts: leavers, doubts, releases.

`findings` has the table; this module asks it about each live user and group that HEAD does not link, and gathers.
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
        users = self._users_asked()
        seen = find_sightings(self.evidence, users, self.live.users)
        table = make_table(self.desired, self.links.users, self.evidence, "user")
        found = [(one, finding) for one in users if (finding := self._find(table, one, seen.get(one.id, ())))]
        doubts = [(one, finding) for one, finding in found if finding.verdict not in ("leaver", "released")]
        groups, group_doubts, released = self._groups()
        return Ownership(
            leavers=self._leavers([(one, finding) for one, finding in found if finding.verdict == "leaver"]),
            groups=groups,
            doubts=(*self._doubts([(one, finding) for one, finding in doubts if one.active]), *group_doubts),
            released=(
                *((one.id, finding.words) for one, finding in found if one.active and finding.verdict == "released"),
                *released,
            ),
            provisioned=self._provisioned(),
            assigned=dict(self._assigned()),
            adopted=tuple(sorted(self._adopted())),
        )

    def _users_asked(self) -> list[LiveUser]:
        """Returns active users without a link, and inactive ones that an earlier state links: their roles go."""
        before = {one.id for one in self.links.former_users.live_of.values()}
        settled = {line.id for line in self.desired.left if line.id}
        linked = {one.id for one in self.links.users.live_of.values()}
        left_alone = self.links.users.contested - settled
        return [
            one
            for one in self.live.users
            if one.id not in linked and one.id not in left_alone and (one.active or one.id in before)
        ]

    def _find(
        self,
        table: VerdictTable[LiveUser] | VerdictTable[LiveGroup],
        one: LiveUser | LiveGroup,
        seen: tuple[Sighting, ...],
    ) -> Finding | None:
        kind: Kind = "user" if isinstance(one, LiveUser) else "group"
        keys = [key_by_id(kind, one.id), *(sighting.key for sighting in seen)]
        return table.find(one.id, seen) if any(map(self.desired.is_asked, keys)) else None

    def _leavers(self, found: Iterable[tuple[LiveUser, Finding]]) -> tuple[Leaver, ...]:
        taken = set(self.desired.users)
        leavers: list[Leaver] = []
        for one, finding in sorted(found, key=lambda pair: (not pair[0].active, pair[0].id)):
            declared = finding.sighting.resource if finding.sighting else None
            user = declared if isinstance(declared, DesiredUser) else _undeclared_user(one, finding.source or NOWHERE)
            words = finding.words
            if user.key in taken:
                words = f"{words}, declared there as {user.key}"
                user = replace(user, key=key_by_id("user", one.id))
            taken.add(user.key)
            commit = finding.sighting.state.commit if finding.sighting else ""
            leavers.append(Leaver(user, one, commit, finding.serial, words))
        return tuple(sorted(leavers, key=lambda leaver: leaver.user.key))

    def _doubts(self, found: Iterable[tuple[LiveUser | LiveGroup, Finding]]) -> list[Doubt]:
        found = list(found)
        keys = [finding.sighting.key for _one, finding in found if finding.sighting and finding.sighting.sure]
        doubts: list[Doubt] = []
        for one, finding in found:
            sighting = finding.sighting
            assert sighting is not None and finding.verdict != "released"  # noqa: S101, PT018  # doubts rest on a commit
            settles = sighting.sure and keys.count(sighting.key) == 1 and not self.desired.resource(sighting.key)
            doubts.append(
                Doubt(
                    kind="user" if isinstance(one, LiveUser) else "group",
                    id=one.id,
                    name=one.name,
                    verdict=finding.verdict,
                    key=str(sighting.key),
                    witnesses=finding.words,
                    settle=settle_by_key(sighting.key) if settles else settle_by_id(one.id),
                )
            )
        return sorted(doubts, key=lambda doubt: (doubt.key, doubt.id))

    def _provisioned(self) -> frozenset[Key]:
        """Returns users that HEAD has out of scope and a covered commit that leads here had in scope."""
        out = {
            live.id: key
            for key, live in self.links.users.live_of.items()
            if live.active and not self.desired.users[key].in_scope and self.desired.is_asked(key)
        }
        asked = [one for one in self.live.users if one.id in out]
        seen = find_sightings(self.evidence, asked, self.live.users) if self.evidence.known else {}
        return frozenset(
            key for live_id, key in out.items() if any(self._had(key, sighting) for sighting in seen.get(live_id, ()))
        )

    def _had(self, key: Key, sighting: Sighting) -> bool:
        known = sighting.sure or sighting.key in self._known_as(key)
        return known and sighting.state.place == "here" and sighting.record is not None

    def _known_as(self, key: Key) -> tuple[Key, ...]:
        return (key, *self.desired.was.get(key, ()))

    def _assigned(self) -> Iterable[tuple[Key, frozenset[str]]]:
        """Yields what the last covered commit assigned to each linked user, where HEAD assigns no roles."""
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
            if resource and resource.in_scope and self.desired.is_asked(key) and not self._is_covered(key):
                yield key

    def _is_covered(self, key: Key) -> bool:
        return any(
            state.place == "here" and state.covering(known) for state in self.evidence for known in self._known_as(key)
        )

    def _groups(self) -> tuple[tuple[GroupThatLeft, ...], list[Doubt], list[tuple[str, str]]]:
        linked = {live.id: key for key, live in self.links.groups.live_of.items()}
        out = {live_id for live_id, key in linked.items() if not self.desired.groups[key].in_scope}
        contested = self.links.groups.contested
        asked = [one for one in self.live.groups if one.id in out or one.id not in {*linked, *contested}]
        seen = find_sightings(self.evidence, asked, self.live.groups)
        table = make_table(self.desired, self.links.groups, self.evidence, "group")
        left: list[GroupThatLeft] = []
        doubts: list[tuple[LiveGroup, Finding]] = []
        released: list[tuple[str, str]] = []
        for one in asked:
            sightings = seen.get(one.id, ())
            finding = self._find_out_of_scope(sightings) if one.id in out else self._find(table, one, sightings)
            if finding is None:
                continue
            if finding.verdict == "released":
                released.append((one.id, finding.words))
            elif finding.sighting is not None and (group := self._at_stake(one, finding.sighting)):
                if finding.verdict == "leaver":
                    left.append(group)
                else:
                    doubts.append((one, finding))
            elif finding.serial is not None and (later := self._uncovered_at_stake(one, sightings)):
                doubts.append((one, Finding("unaccounted", later, describe_uncovered(later))))
        return tuple(self._named_once(left)), self._doubts(doubts), released

    def _named_once(self, left: Iterable[GroupThatLeft]) -> Iterable[GroupThatLeft]:
        """The groups, each under a key of its own: HEAD may use the key for another group."""
        taken = {key for key, live in self.links.groups.live_of.items() if self.desired.groups[key].in_scope}
        for one in sorted(left, key=lambda group: (group.group.key, group.live.id)):
            key = key_by_id("group", one.live.id) if one.group.key in taken else one.group.key
            taken.add(key)
            yield replace(one, group=replace(one.group, key=key))

    def _uncovered_at_stake(self, live: LiveGroup, seen: Iterable[Sighting]) -> Sighting | None:
        """A declaration that leads here, that no apply on record covers, and whose members are in the group."""
        uncovered = (one for one in seen if one.sure and one.state.place == "here" and one.record is None)
        return next((one for one in uncovered if self._at_stake(live, one)), None)

    def _find_out_of_scope(self, seen: Iterable[Sighting]) -> Finding | None:
        """The last covered declaration of a group that HEAD has out of scope."""
        covered = [
            (record.serial, one)
            for one in seen
            if one.sure and one.state.place == "here" and (record := one.record) and self.evidence.known
        ]
        if not covered or not any(self.desired.is_asked(one.key) for _serial, one in covered):
            return None
        serial, sighting = max(covered, key=lambda pair: pair[0])
        return Finding("leaver", sighting, "", serial)

    def _at_stake(self, live: LiveGroup, sighting: Sighting) -> GroupThatLeft | None:
        """A group with members whom its commit declares, if that commit alone decided on them."""
        group = sighting.resource
        if not isinstance(group, DesiredGroup) or not (group.authoritative and group.in_scope):
            return None
        members = match_members(sighting.state.desired, group, self.live.users, self.links.users) & live.members
        return GroupThatLeft(group, live, sighting.state.commit, members) if members else None


def _undeclared_user(live: LiveUser, source: Source) -> DesiredUser:
    """Returns a stand-in for a user that no commit declares, where a `left:` line has the id alone."""
    return DesiredUser(key_by_id("user", live.id), source, {"displayName": live.name}, in_scope=True, reason="")
