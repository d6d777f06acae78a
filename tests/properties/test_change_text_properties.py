"""The text of a change has every value that changes, and no other as changed. The oracle counts naively."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from reconciler.core.changes.plan import AttributeChange, UpdateUser
from reconciler.core.model.diff import canonical, describe, differs, show_change, show_value
from reconciler.report.render import Format, render_plan
from tests.report.plans import make

# An oracle apart: it reads the lines back, by the syntax that docs/pull-requests.md explains, and replays them.


class Reader:
    """Reads values of a list from a line, from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def rest(self) -> str:
        return self.text[self.at :]

    def take(self, expected: str) -> bool:
        """Moves past the text that is expected, if it is there."""
        found = self.rest().startswith(expected)
        self.at += len(expected) * found
        return found

    def part(self, *ends: str) -> Any:
        """Reads JSON if it begins as JSON does, else a plain text up to the first of the ends."""
        if self.rest()[:1] in {'"', "[", "{"}:
            value, length = json.JSONDecoder().raw_decode(self.rest())
            self.at += length
            return value
        found = [place for end in ends if (place := self.rest().find(end)) >= 0]
        plain = self.rest()[: min(found, default=len(self.rest()))]
        self.at += len(plain)
        try:
            return json.loads(plain)
        except ValueError:
            return plain

    def head(self) -> dict[str, Any]:
        """Reads the type and the value."""
        if self.take("type: "):
            return {"type": self.part(" (", ", ")}
        if not self.rest() or self.rest().startswith("("):
            return {}
        first = self.part(" ", ", ")
        if self.rest().startswith(" ") and not self.rest().startswith(" ("):
            self.take(" ")
            return {"type": first, "value": self.part(" (", ", ")}
        return {"value": first}

    def facts(self) -> dict[str, tuple[Any, ...]]:
        """Reads what stands in brackets: for each name one value, or two around an arrow."""
        facts: dict[str, tuple[Any, ...]] = {}
        self.take(" ")
        if not self.take("("):
            return facts
        while True:
            name = self.part(": ", ", ", ")")
            values: tuple[Any, ...] = (True,)
            if self.take(": "):
                values = (self.side(),)
                if self.take(" → "):
                    values = (*values, self.side())
            facts[name] = values
            if not self.take(", "):
                assert self.take(")"), self.text
                return facts

    def side(self) -> Any:
        """Reads one side; the end is the arrow, the next fact, or the bracket that closes an item."""
        if self.rest()[:1] in {'"', "[", "{"}:
            return self.part()
        plain = re.match(r".*?(?= → |, |\), |\)\Z)", self.rest(), re.DOTALL)
        assert plain is not None, self.text
        self.at += plain.end()
        return NO_VALUE if plain[0] == "nothing" else Reader(plain[0]).part()

    def item(self) -> dict[str, Any]:
        head = self.head()
        return {**head, **{name: value for name, (value,) in self.facts().items()}}


NO_VALUE = object()


def replay(path: str, before: list[dict[str, Any]], lines: list[str]) -> list[dict[str, Any]]:
    """Returns the values after the changes of the lines, from the values before and the lines alone."""
    rows = [dict(one) for one in before]
    for line in sorted(lines, key=lambda line: "-~+".index(line[0])):  # what goes and changes was there before
        reader = Reader(line[2:])
        if line[0] == "~":
            head, facts = reader.head(), reader.facts()
            exact = [one for one in rows if has_kin(path, head, [one]) and has_kin(path, one, [head])]
            named = [one for one in rows if alike(path, head, {name: one[name] for name in one if name == "value"})]
            [row] = exact or named  # git may declare no types
            for name, (_old, new) in facts.items():
                row.pop(name, None)
                if new is not NO_VALUE and not (name == "primary" and new is False):
                    row[name] = new
        elif line[0] == "-":
            item = reader.item()
            rows.remove(next(one for one in rows if alike("", one, item)))
        else:
            rows.append(reader.item())
        assert not reader.rest() or line[0] == "+", line
    return rows


STEADY = settings(max_examples=300, derandomize=True, deadline=None, database=None)
FEWER = settings(max_examples=150, derandomize=True, deadline=None, database=None)
PATHS = st.sampled_from(["emails", "phoneNumbers", "addresses"])

texts = st.text(alphabet="aAß é漢😀'\"`[](){}<>\\,→-+~_1", min_size=1, max_size=6) | st.sampled_from(
    ["root", "root['a']", "work", "nothing", "cleared", "true", "null", "1", "1.0", "a b", "__a", "']['", " a", "a "]
)
numbers = st.sampled_from([0, 1, 1.0, 2, 2.5, -1, 10**20])
scalars = texts | st.booleans() | numbers
nested = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=4)


def items(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Draws values of a list attribute: few types, many without a `value`, with equal parts."""
    parts = {
        "type": st.sampled_from(["work", "home", "a b", "a"]),
        "value": values,
        "primary": st.booleans(),
        "display": values,
        "locality": values,
        "__part['a']": values,
    }
    return st.fixed_dictionaries({}, optional=parts)


def pairs(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[list[Any], list[Any]]]:
    """Draws two similar lists from one pool of a few values."""
    pools = st.lists(items(values) | texts, min_size=1, max_size=4)
    return pools.flatmap(
        lambda pool: st.tuples(
            st.lists(st.sampled_from(pool), max_size=5), st.lists(st.sampled_from(pool) | items(values), max_size=5)
        )
    )


def typed(value: Any) -> str:
    """Returns a text that only equal values share: 1 and 1.0 are equal, true and "1" are not."""
    if isinstance(value, list):
        return f"[{','.join(map(typed, value))}]"
    if isinstance(value, bool | str):
        return json.dumps(value)
    return f"number {float(value)}"


def read(listed: list[Any]) -> list[dict[str, Any]]:
    """Returns each value as a dictionary, without empty parts."""
    dictionaries = [one if isinstance(one, dict) else {"value": one} for one in listed]
    said = [
        {name: value for name, value in one.items() if value not in ("", []) and (name, value) != ("primary", False)}
        for one in dictionaries
    ]
    return [one for one in said if one]


def alike(path: str, one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Returns whether two values are the same; e-mail addresses ignore case."""

    def told(item: dict[str, Any], name: str) -> str | None:
        if name not in item:
            return None
        value = item[name]
        return typed(value.casefold() if (path, name) == ("emails", "value") and isinstance(value, str) else value)

    return all(told(one, name) == told(other, name) for name in {*one, *other})


def unmatched(path: str, before: list[Any], after: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    """Returns the removed, added and kept values; removed ones only if git declares their type."""
    spoken_of = {"value"} | {name for one in after for name in one}
    waiting, gone, stays = list(after), [], []
    for one in before:
        known = {name: value for name, value in one.items() if name in spoken_of}
        found = next((other for other in waiting if alike(path, known, other)), None)
        if found is None:
            gone.append(known)
        else:
            waiting = [other for other in waiting if other is not found]
            stays.append(found)
    return gone, waiting, stays


def leaves(value: Any) -> list[Any]:
    """Returns the scalars in a value."""
    return [leaf for one in value for leaf in leaves(one)] if isinstance(value, list) else [value]


def is_in(name: str, value: Any, line: str) -> bool:
    """Returns whether a line has a value, plain or as JSON; a flag by its name."""
    if name == "primary" and value is True:
        return "primary" in line
    spelled = [json.dumps(one, ensure_ascii=False) for one in leaves(value)]
    return all(one in line or one.strip('"') in line or str(leaf) in line for one, leaf in zip(spelled, leaves(value)))  # noqa: B905


def has_kin(path: str, one: dict[str, Any], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the values of the same type and value."""
    known_by = ("type", "value")
    mine = {name: one[name] for name in known_by if name in one}
    return [other for other in others if alike(path, mine, {name: other[name] for name in known_by if name in other})]


def check_told(path: str, one: dict[str, Any], others: list[dict[str, Any]], sign: str, lines: list[str]) -> None:
    """Checks that one line has all of an added or removed value, or that lines have each changed part of a kept one."""
    kin = has_kin(path, one, others)
    whole = any(
        line.startswith(f"{sign} ") and all(is_in(name, value, line) for name, value in one.items()) for line in lines
    )
    changed = [
        name
        for name in one
        if len(kin) == 1 and not alike(path, {"x": one[name]}, {"x": kin[0][name]} if name in kin[0] else {})
    ]
    by_parts = len(kin) == 1 and all(
        any(line[0] in f"{sign}~" and is_in(name, one[name], line) for line in lines)
        for name in changed
        if name not in ("type", "value")
    )
    assert whole or by_parts, (one, lines)


@STEADY
@given(PATHS, pairs(nested))
@example("addresses", ([{"type": "work", "locality": "Rome"}, {"type": "work", "locality": "Oslo"}], []))
@example("addresses", ([], [{"type": "work", "locality": "Rome"}, {"type": "work", "locality": "Oslo"}]))
@example("emails", ([{"type": "work", "value": "a", "display": 1}], [{"type": "work", "value": "a", "display": "1"}]))
@example("emails", ([{"value": True}], [{"value": 1}]))
@example("emails", ([{"value": "a", "primary": True}], [{"value": "a", "primary": "true"}]))
@example("ims", ([{"type": "a b", "value": "c"}], [{"type": "a", "value": "b c"}]))
@example("ims", ([1, "1.0"], [1.0, "1.0"]))
def test_every_value_that_changes_is_in_the_text(path: str, both: tuple[list[Any], list[Any]]) -> None:
    """What goes and what comes, as often as it does; and no line where nothing changes."""
    before, after = map(read, both)
    gone, come, _stays = unmatched(path, before, after)

    lines = describe(path, *both)

    assert bool(lines) is bool(gone or come)
    assert bool(lines) is differs(path, canonical(both[0]), canonical(both[1]))
    for one in gone:
        check_told(path, one, come, "-", lines)
    for one in come:
        check_told(path, one, gone, "+", lines)


@STEADY
@given(PATHS, pairs(nested))
@example("addresses", ([{"type": "work", "locality": "Rome"}, {"type": "work", "region": "Rome"}], []))
@example("addresses", ([], [{"type": "work", "locality": "Rome"}, {"value": "work", "locality": "Rome"}]))
@example("addresses", ([{"type": "a"}, {"type": "a", "locality": "b"}], [{"type": "a"}, {"type": "a", "value": "b"}]))
@example("emails", ([{"value": "A"}], [{"value": "a"}, {"value": "a", "type": "work"}]))
@example("emails", ([{"value": "A", "display": "x"}], [{"value": "a", "display": "y (z)", "primary": True}]))
@example("emails", ([{"type": "work", "value": "a"}], [{"value": "a", "display": "b"}]))
@example("emails", ([{"type": "work"}, {"display": "1"}], [{"primary": True}]))
@example("addresses", ([{"type": "a"}, {"locality": "b"}], [{"type": "a"}, {"locality": "c"}]))
@example("emails", ([{"type": "work"}], ["1", {"display": "1"}]))
@example("emails", (["1", {"type": "work"}], ["1", {"display": "1"}]))
@example("phoneNumbers", ([{"value": "1", "display": "nothing"}], [{"value": "1", "display": "nothing)"}]))
def test_the_lines_determine_the_value_after(path: str, both: tuple[list[Any], list[Any]]) -> None:
    """Who reads the lines knows the values after: replayed on the values before, they give them."""
    before, after = map(read, both)

    replayed = replay(path, before, describe(path, *both))

    gone, come, _stays = unmatched(path, replayed, after)
    assert ([], []) == (gone, come)


@STEADY
@given(st.lists(items(nested) | texts, max_size=4))
def test_a_list_is_read_back_from_its_text(listed: list[Any]) -> None:
    """As a new user's addresses are shown, on one line."""
    value = canonical(listed)
    assume(value)
    reader, found = Reader(show_value(value)), []
    while True:
        found.append(reader.item())
        if not reader.take(", "):
            break

    assert "" == reader.rest()
    assert ([], []) == unmatched("", found, read(listed))[:2]


@STEADY
@given(texts | st.none(), texts | st.none())
def test_a_text_is_read_back_from_the_line_of_its_change(before: str | None, after: str | None) -> None:
    """Quotes belong to the text only where they are doubled."""
    shown = show_change(before, after)[1]

    assert after == (None if shown == "cleared" else json.loads(shown) if shown.startswith('"') else shown)


@STEADY
@given(scalars | st.none(), scalars | st.none())
def test_a_custom_field_is_read_back_with_its_type(before: Any, after: Any) -> None:
    """The number 3 and the text "3" are two values."""
    shown = show_change(before, after, "customFields.level")[1]

    read_back = None if shown == "cleared" else Reader(shown).part()
    assert after is read_back is None or typed(after) == typed(read_back)


@STEADY
@given(PATHS, pairs(nested))
def test_no_line_claims_a_change_that_is_none(path: str, both: tuple[list[Any], list[Any]]) -> None:
    """Each line has something that goes or comes, and there are no more lines than that; what stays is in none."""
    before, after = map(read, both)
    gone, come, stays = unmatched(path, before, after)

    lines = describe(path, *both)

    most_gone, most_come = (sum(max(1, len(one)) for one in some) for some in (gone, come))
    assert len(lines) <= most_gone + most_come
    assert sum(line.startswith("- ") for line in lines) <= most_gone
    assert sum(line.startswith("+ ") for line in lines) <= most_come
    for one in stays:
        marked = {**one, "value": "a mark of what stays", "primary": True}
        assert not any(
            "a mark of what stays" in line for line in describe(path, [*both[0], marked], [*both[1], marked])
        )


@STEADY
@given(scalars | st.none(), scalars | st.none())
@example("nothing", None)
@example(None, "nothing")
@example("cleared", None)
@example(3, "3")
@example(before="true", after=True)
@example(" a", "a")
@example('" a"', " a")
def test_two_values_never_read_alike(before: Any, after: Any) -> None:
    """A number and its digits, a flag and its word, nothing and the word for it."""
    assume(before is None or after is None or typed(before) != typed(after))
    assume(before is not None or after is not None)

    shown = show_change(before, after)

    assert shown[0] != shown[1]
    assert (before == "nothing") <= (shown[0] != "nothing")
    assert (after == "cleared") <= (shown[1] != "cleared")


@pytest.mark.parametrize("form", ["text", "markdown"])
@FEWER
@given(st.data())
def test_every_value_that_changes_is_in_the_report(form: Format, data: st.DataObject) -> None:
    """Of one value and of many, in a plan for a terminal and in a comment for a pull request."""
    both = data.draw(pairs(scalars))
    one, other = data.draw(scalars), data.draw(scalars)
    assume(typed(one) != typed(other))
    before, after = map(read, both)
    gone, come, _stays = unmatched("addresses", before, after)
    many = [AttributeChange(path="addresses", before=canonical(both[0]), after=canonical(both[1]))]
    single = AttributeChange(path="customFields.x", before=one, after=other)
    attributes = (*(many if gone or come else []), single)

    change = UpdateUser(key="user/ann", name="Ann Lee", target_id="1", attributes=attributes)
    told = in_one_line(render_plan(make(change), form))

    assert all(is_in("x", value, told) or is_in("x", in_one_line(str(value)), told) for value in (one, other))
    for sign, listed, others in (("-", gone, come), ("+", come, gone)):
        for item in listed:
            kept = has_kin("addresses", item, others)
            for name, value in item.items():
                if not any(typed(value) == typed(old.get(name, [])) for old in kept):
                    assert is_in(name, value, told) or is_in(name, in_one_line(str(value)), told), (sign, name, value)


def in_one_line(text: str) -> str:
    """Returns the text without line breaks for the terminal's width."""
    return " ".join(text.split())


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_no_value_of_many_is_left_out_of_a_report(form: Format) -> None:
    """However many they are, and whatever they begin with."""
    before: list[Any] = [{"type": "work", "value": f"old{number}@example.com"} for number in range(30)]
    after: list[Any] = [{"type": "work", "value": f"new{number}@example.com"} for number in range(30)]
    many = AttributeChange(path="emails", before=before, after=after)
    alike = "the same words " * 60
    long = AttributeChange(path="title", before=f"{alike}for Rome", after=f"{alike}for Oslo")
    longer = AttributeChange(path="nickName", before=f"{alike * 3}once", after=f"{alike * 3}once and more")

    change = UpdateUser(key="user/ann", name="Ann Lee", target_id="1", attributes=(many, long, longer))
    told = in_one_line(render_plan(make(change), form))

    assert all(one["value"] in told for one in [*before, *after])
    assert "for Rome" in told
    assert "for Oslo" in told
    assert "and more" in told
