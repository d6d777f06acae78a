"""Links the users and groups of git to those of the account, leavers too (docs/decisions/0026-who-is-who.md).

`identities` has the values of a key in HEAD and before, `linking` makes the links, `doubts` and `missing` decide which
links and creations are in doubt. A live resource is linked to one key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic

from reconciler.core.comparison import doubt_words as words
from reconciler.core.comparison.doubts import LinkDoubts, Numbers
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.identities import Declared, Identities, Identity, make_identities, name_attribute
from reconciler.core.comparison.linking import Link, Linked, Tangle, link_identities
from reconciler.core.comparison.missing import MissingDoubt, MissingTable
from reconciler.core.model.matching import MARK, Live, Matches, matching_value
from reconciler.core.model.person_evidence import compare_people
from reconciler.core.model.resources import Key, LiveGroup, LiveUser
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.errors import Problem

PAIR: Final = 2


@dataclass(frozen=True, slots=True)
class Links:
    """The links to the account: of resources that HEAD declares, and of earlier declarations whose keys left git."""

    users: Matches[LiveUser]
    groups: Matches[LiveGroup]
    former_users: Matches[LiveUser]
    former_groups: Matches[LiveGroup]

    def user(self, key: Key) -> LiveUser | None:
        """Returns the live user of a key that HEAD or an earlier state declares, or None."""
        return self.users.live_of.get(key) or self.former_users.live_of.get(key)

    def group(self, key: Key) -> LiveGroup | None:
        """Returns the live group of a key that HEAD or an earlier state declares, or None."""
        return self.groups.live_of.get(key) or self.former_groups.live_of.get(key)

    def problems(self, desired: DesiredState) -> Iterator[Problem]:
        """Yields the problems of matching for the selected keys."""
        for matches in (self.users, self.groups):
            yield from (problem for problem, keys in matches.problems.items() if any(map(desired.is_selected, keys)))


def link_account(desired: DesiredState, earlier: Earlier, live: LiveState) -> Links:
    """Links the declarations of HEAD and of earlier states to an account."""
    return link_resources(desired, make_identities(desired, earlier), live)


def link_resources(desired: DesiredState, identities: Identities, live: LiveState) -> Links:
    """Links identities to an account."""
    applied = identities.applied
    users = _Linker(
        desired, identities, identities.users, live.users, desired.matching, applied.users if applied else {}
    ).link()
    groups = _Linker(
        desired, identities, identities.groups, live.groups, desired.group_matching, applied.groups if applied else {}
    ).link()
    return Links(users[0], groups[0], users[1], groups[1])


@dataclass(slots=True)
class _Linker(Generic[Live]):
    """Links the resources of one kind, and writes down the problems."""

    desired: DesiredState
    git: Identities
    identities: Mapping[Key, Identity]
    live: Sequence[Live]
    attributes: Sequence[str]
    applied: Mapping[Key, Declared]
    linked: Linked[Live] = field(default_factory=Linked)
    matches: Matches[Live] = field(default_factory=Matches)
    former: Matches[Live] = field(default_factory=Matches)

    def link(self) -> tuple[Matches[Live], Matches[Live]]:
        """Returns the links of HEAD's keys, and those of the keys that left git."""
        numbers = Numbers(self.identities, self.live)
        doubts: LinkDoubts[Live] = LinkDoubts(numbers)
        self._leave_wrong_alone()
        self._link_all(doubts)
        for key, link in self.linked.doubtful.items():
            problem = words.doubt_link(doubts.found[key], self.identities[key], link)
            self._block(problem, (key,), (link.live,))
        for tangle in self.linked.tangles:
            self._untangle(tangle)
        self._decide_on_missing(
            MissingTable(self.identities, self.linked, self.live, self.attributes, numbers, self.applied)
        )
        self._fill()
        return self.matches, self.former

    def _leave_wrong_alone(self) -> None:
        """Links no key whose `was:` can't be right; what has the externalId of one is not changed."""
        wrong = self.git.wrong & self.identities.keys()
        if not wrong:
            return
        marks = {value for key in wrong for value in self.identities[key].values(MARK)}
        found = [one for one in self.live if matching_value(MARK, one.attributes) in marks]
        self.linked.tangled |= wrong
        self.linked.closed |= {one.id for one in found}
        for key in sorted(wrong):
            if self.identities[key].head is not None:
                self._block(words.name_wrong_was(self.identities[key]), (key,), found)

    def _link_all(self, doubts: LinkDoubts[Live]) -> None:
        """Links first to resources whose id is not under `left:` or `released:`, then HEAD's values to all."""
        settled = {line.id for line in (*self.desired.left, *self.desired.released) if line.id}
        others = [one for one in self.live if one.id not in settled] if settled else self.live
        link_identities(self.identities, others, self.attributes, doubts.accept, self.linked)
        if len(others) < len(self.live):
            now = {
                key: replace(identity, earlier=()) if identity.head is not None else identity
                for key, identity in self.identities.items()
            }
            link_identities(now, self.live, self.attributes, doubts.accept, self.linked)

    def _block(self, problem: Problem, keys: tuple[Key, ...], live: Iterable[Live]) -> None:
        """Links and creates nothing for HEAD's keys among `keys`, and leaves the live resources alone."""
        self.matches.problems[problem] = tuple(dict.fromkeys((*self.matches.problems.get(problem, ()), *keys)))
        self.matches.contested |= {resource.id for resource in live}
        for key in keys:
            matches = self.former if self.identities[key].head is None else self.matches
            matches.unclear.add(key)
            matches.doubts[key] = problem.code

    def _untangle(self, tangle: Tangle[Live]) -> None:
        """Names the keys that can't be distinguished; those of leavers alone are left to the evidence of ownership."""
        concerned = [self.identities[key] for key in tangle.keys]
        heads = [identity for identity in concerned if identity.head is not None]
        if not heads:
            self.former.contested |= {resource.id for resource in tangle.live}
            self.former.unclear |= set(tangle.keys)
        elif len(concerned) == 1:
            self._block(words.name_ambiguous(tangle, heads[0]), tangle.keys, tangle.live)
        elif len(heads) == len(tangle.live) == 1 and len(concerned) == PAIR and not heads[0].was_there:
            [leaver] = [identity for identity in concerned if identity.head is None]
            self._decide_on_heir(tangle, leaver, heads[0])
        else:
            self._block(words.name_claimed_twice(tangle, concerned), tangle.keys, tangle.live)

    def _decide_on_heir(self, tangle: Tangle[Live], leaver: Identity, heir: Identity) -> None:
        """Gives a leaver the record that a new key wants too, if they are two people; else it stays as it is."""
        [live] = tangle.live
        doubt = MissingDoubt("leaver_holds", heir.key, leaver.key, live)
        problem = words.doubt_missing(doubt, heir, hidden=True)
        if compare_people(leaver.declared.attributes, heir.declared.attributes) == "contradicts":
            self.linked.links[leaver.key] = Link(live, tangle.attribute, own=True)
            self._block(problem, (heir.key,), ())
        else:
            self._block(problem, tangle.keys, tangle.live)

    def _decide_on_missing(self, table: MissingTable[Live]) -> None:
        """Finds the doubts about resources that would be created, and warns of names that look alike."""
        hidden = bool(self.desired.redact)
        for key in sorted(key for key in self.identities if self._is_missing(key)):
            identity = self.identities[key]
            doubt = table.find(identity)
            if doubt is None:
                if alike := table.find_alike(identity.declared):
                    self._warn(words.warn_of_alike(identity, *alike, hidden=hidden), key)
                continue
            stays = doubt.code == "leaver_holds"  # a leaver loses access, also if another key wants the name
            self._block(
                words.doubt_missing(doubt, identity, hidden=hidden),
                (key,),
                [doubt.live] if doubt.live and not stays else [],
            )
            if doubt.other is not None and not stays:
                self.linked.links.pop(doubt.other, None)

    def _is_missing(self, key: Key) -> bool:
        head = self.identities[key].head
        return head is not None and head.in_scope and self.linked.is_open(key) and self.desired.is_selected(key)

    def _fill(self) -> None:
        """Makes the matches of the links, with the warnings about them."""
        for key, link in self.linked.links.items():
            identity = self.identities[key]
            if identity.head is None:
                self.former.live_of[key] = link.live
                continue
            self.matches.live_of[key] = link.live
            if identity.left_as is not None:
                self.matches.adopted[key] = name_attribute(key.kind)
                self._warn(words.warn_of_joined(identity, identity.left_as, link), key)
            elif link.attribute != MARK and not link.own:
                self.matches.adopted[key] = link.attribute
        self._warn_of_passed_on()
        for key, former in self.git.done:
            if key in self.identities and self.identities[key].head is not None:
                self._warn(words.warn_of_done(key, former, self.identities[key]), key)

    def _warn_of_passed_on(self) -> None:
        """Warns where a new key gets the name that another key had: it may be the same person."""
        new = {one.name: one for key, one in self.identities.items() if self._is_missing(key) and not one.was_there}
        for key, identity in self.identities.items() if new else ():
            if identity.head is None:
                continue
            had = [then.attributes for then in identity.earlier]
            if key in self.linked.links:
                had.append(self.linked.links[key].live.attributes)
            for attributes in had:
                name = matching_value(name_attribute(key.kind), attributes)
                heir = new.get(name) if name and name != identity.name else None
                if heir and compare_people(attributes, heir.declared.attributes) == "silent":
                    self._warn(words.warn_of_passed_on(heir, identity, name_attribute(key.kind)), heir.key)

    def _warn(self, problem: Problem, key: Key) -> None:
        self.matches.problems[problem] = (key,)


def matching_terms(desired: DesiredState, resource: Declared) -> Iterable[tuple[str, str]]:
    """Yields the matching attributes of a resource with its values, in order of precedence."""
    attributes = desired.matching if resource.key.kind == "user" else desired.group_matching
    for attribute in attributes:
        value = resource.attributes.get(attribute)
        if isinstance(value, str) and value:
            yield attribute, value
