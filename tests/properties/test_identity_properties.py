"""Who is who, over small random worlds: each record has an owner that the program never sees.

Employee numbers are known on both sides, so that a link to another person's record is always avoidable.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.comparison.earlier import Earlier
from reconciler.core.comparison.link import Links, link_account
from reconciler.core.model.resources import DesiredUser, Key, LiveUser
from reconciler.core.model.states import DesiredState, LiveState, Selection
from tests.asking import ask_account
from tests.core.examples import desired_state, desired_user, live_state, live_user, user_key
from tests.properties.test_plan_properties import STEADY

ACTS = ("rename", "exchange", "chain", "leave", "hire", "rekey", "was", "reuse", "stranger", "unmark", "half")


@dataclass
class Declaration:
    """One declaration of a person."""

    person: int
    name: str
    mark: str | None
    was: str | None = None

    def desired(self, key: str) -> DesiredUser:
        values = {"externalId": self.mark, "userName": f"{self.name}@example.com", "employeeNumber": str(self.person)}
        return desired_user(key, values)


@dataclass
class Company:
    """Git before and now, and the account; `owners` is hidden from the program."""

    base: dict[str, Declaration] = field(default_factory=dict)
    head: dict[str, Declaration] = field(default_factory=dict)
    account: dict[str, LiveUser] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)

    def desired(self) -> DesiredState:
        state = desired_state(*(one.desired(key) for key, one in self.head.items()))
        was = {user_key(key): (user_key(one.was),) for key, one in self.head.items() if one.was}
        return replace(state, was=was)

    def earlier(self) -> Earlier:
        return Earlier(base=desired_state(*(one.desired(key) for key, one in self.base.items())))

    def live(self) -> LiveState:
        return live_state(*self.account.values())

    def link(self) -> Links:
        return link_account(self.desired(), self.earlier(), self.live())

    def put(self, person: int, name: str, mark: str | None) -> str:
        """Adds a record of a person, and returns its id."""
        number = f"{len(self.account):03}"
        values = {"externalId": mark, "userName": f"{name}@example.com", "employeeNumber": str(person)}
        self.account[f"id-{number}"] = live_user(number, values)
        self.owners[f"id-{number}"] = person
        return f"id-{number}"

    def write(self, live_id: str, wanted: DesiredUser) -> None:
        """Carries out the update of a record."""
        managed = {path: value for path, value in wanted.attributes.items() if value is not None}
        now = self.account[live_id]
        self.account[live_id] = replace(now, attributes={**now.attributes, **managed})


@st.composite
def companies(draw: st.DrawFn) -> Company:
    """Draws a company that was applied, and what changed since then in git and by hand."""
    company, people, names = Company(), count(1), (f"n{number}" for number in count())
    marked = draw(st.booleans())
    for key in ("ana", "bo", "cy", "di")[: draw(st.integers(1, 4))]:
        person, mark = next(people), key if marked and draw(st.integers(0, 4)) else None
        company.base[key] = Declaration(person, next(names), mark)
        company.put(person, company.base[key].name, mark)
    company.head = {key: replace(one) for key, one in company.base.items()}
    for act in draw(st.lists(st.sampled_from(ACTS), min_size=1, max_size=4)):
        _change(draw, company, act, next(people), next(names), marked=marked)
    return company


def _change(  # noqa: C901, PLR0913  # one branch for each act
    draw: st.DrawFn, company: Company, act: str, person: int, name: str, *, marked: bool
) -> None:
    head = company.head
    old = sorted(key for key, then in company.base.items() if key in head and head[key].person == then.person)
    one, *others = draw(st.permutations(old)) if old else ("", "")
    other = others[0] if others else ""
    held = {declared.name for declared in head.values()}
    freed = sorted({declared.name for declared in company.base.values()} - held)
    strangers = sorted(company.account.keys() - {f"id-{number:03}" for number in range(len(company.base))})
    new = f"new{person}"
    if act == "rename" and one:
        head[one].name = draw(st.sampled_from([name, *freed]))
    elif act == "exchange" and other:
        head[one].name, head[other].name = head[other].name, head[one].name
    elif act == "chain" and other:
        head[one].name, head[other].name = head[other].name, name
    elif act == "leave" and one:
        del head[one]
    elif act == "hire":
        head[new] = Declaration(person, draw(st.sampled_from([name, *freed])), new if marked else None)
    elif act in ("rekey", "was") and one:
        moved = head.pop(one)
        mark = None if moved.mark is None else new
        head[new] = replace(moved, mark=mark, was=one if act == "was" else None)
    elif act == "reuse" and one:
        head[one] = replace(head[one], person=person, name=name)
    elif act == "stranger":
        company.put(person, name, draw(st.sampled_from([None, f"x{person}"])))
    elif act == "unmark":
        live_id = draw(st.sampled_from(sorted(company.account)))
        now = company.account[live_id]
        company.account[live_id] = replace(now, attributes={**now.attributes, "externalId": None})
    elif act == "half" and strangers and one:
        live_id = draw(st.sampled_from(strangers))
        head[one].name = str(company.account[live_id].attributes["userName"]).partition("@")[0]


@settings(STEADY, max_examples=400)
@given(companies())
def test_no_key_is_linked_to_the_record_of_another_person(company: Company) -> None:
    """Every link is to a record of the declared person, or there is none."""
    linked = company.link().users.live_of

    assert all(company.owners[live.id] == company.head[key.name].person for key, live in linked.items())


@settings(STEADY, max_examples=150)
@given(companies(), st.randoms(use_true_random=False))
def test_the_order_of_keys_and_of_records_has_no_effect(company: Company, chance: object) -> None:
    """Links, doubts and problems are the same."""
    links = company.link()
    for each in ("base", "head", "account"):
        items = list(getattr(company, each).items())
        chance.shuffle(items)  # type: ignore[attr-defined]  # a Random
        setattr(company, each, dict(items))
    turned = company.link()

    assert links.users.live_of == turned.users.live_of
    assert links.former_users.live_of == turned.former_users.live_of
    assert (links.users.unclear, links.users.contested) == (turned.users.unclear, turned.users.contested)
    assert links.users.problems == turned.users.problems


@settings(STEADY, max_examples=250)
@given(companies())
def test_an_apply_that_stops_anywhere_leaves_every_link_as_it_was(company: Company) -> None:
    """After each update that finds its name free, all keys are linked to the same records."""
    desired, before = company.desired(), company.link().users.live_of
    waiting = set(before)
    while key := next((key for key in sorted(waiting) if _is_free(company, desired.users[key], before[key].id)), None):
        waiting.remove(key)
        company.write(before[key].id, desired.users[key])
        now = company.link().users.live_of

        assert {one: live.id for one, live in before.items()} == {one: now[one].id for one in before if one in now}


def _is_free(company: Company, wanted: DesiredUser, live_id: str) -> bool:
    """Whether no other record has the userName that is wanted."""
    name = wanted.attributes["userName"]
    return all(one.attributes["userName"] != name for one in company.account.values() if one.id != live_id)


@settings(STEADY, max_examples=150)
@given(companies(), st.data())
def test_a_lookup_of_one_key_links_it_as_a_full_read_does(company: Company, data: st.DataObject) -> None:
    """Except that a number of a record that no lookup finds is not seen."""
    key: Key = user_key(data.draw(st.sampled_from(sorted(company.head)), label="key")) if company.head else user_key("")
    desired = replace(company.desired(), selection=Selection(frozenset({key})))
    whole = link_account(desired, company.earlier(), company.live()).users
    asked = ask_account(desired, company.earlier(), company.live(), tells_groups=False)
    part = link_account(desired, company.earlier(), asked.live).users

    if whole.doubts.get(key) != "looks_like":
        assert whole.live_of.get(key) == part.live_of.get(key)
        assert whole.doubts.get(key) == part.doubts.get(key)
