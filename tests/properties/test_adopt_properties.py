"""The properties of every adoption: git then equals the account, and only lines that differ are changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.core.access.compile import compile_state
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.tenant import Tenant
from reconciler.core.model.messages import JsonObject
from reconciler.core.model.states import LiveState
from reconciler.core.planner.planner import decide_changes
from reconciler.core.scim.wire import ENTERPRISE
from reconciler.core.simulator.machine import Simulator
from reconciler.desired.writing.adopt import Adopted, AdoptionRequest, adopt_drift
from reconciler.desired.writing.nodes import Node, read_nodes
from reconciler.desired.writing.spell import spell, spell_key
from reconciler.desired.yaml.load import Loaded, load_declarations
from reconciler.desired.yaml.reader import read_yaml
from tests.core.examples import evidence_of
from tests.properties.worlds import NOON, execute, read_account

STEADY = settings(
    max_examples=35,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TODAY = date(2026, 3, 1)
NAMES = ("ann", "bob", "cid", "dee")
GROUPS = ("dev", "hr")
WORDS = ("Analyst", "0042", "no", "a: b", "it's", "two\nlines", "x # y", "Zoë 日本", "[x], {y}", "2026-03-01", '"q"')
words = st.sampled_from(WORDS)
SANDBOX = Tenant(url="sandbox")
ROLES = ("auditor", "key_contact", "specialist")
FILE = "desired-state/all.yaml"


def asked(earlier: Earlier) -> AdoptionRequest:
    """Returns the request to adopt all drift."""
    return AdoptionRequest("sandbox", TODAY, earlier, evidence=evidence_of(earlier))


@dataclass
class Scribe:
    """Writes YAML in mixed styles: flow and block, different quotes, comments, anchors and merges."""

    draw: st.DrawFn
    comments: int = 0

    def maybe(self, often: int = 3) -> bool:
        return self.draw(st.integers(0, often)) == 0

    def comment(self) -> str:
        if not self.maybe():
            return ""
        self.comments += 1
        return f"  # note {self.comments}"

    def scalar(self, value: object, *, flow: bool) -> str:
        style = self.draw(st.sampled_from(["plain", "plain", "single", "double"]))
        return spell(value, flow=flow, style=style)  # type: ignore[arg-type]

    def field(self, indent: str, name: str, value: object) -> list[str]:
        """Returns `name: value`, on one line or several."""
        if isinstance(value, str) and value.endswith("lines") and self.maybe():
            return [f"{indent}{name}: |-{self.comment()}", *(f"{indent}  {line}" for line in value.split("\n"))]
        if isinstance(value, dict) and value and self.maybe(1):
            inner = [line for key, one in value.items() for line in self.field(indent + "  ", spell_key(key), one)]
            return [f"{indent}{name}:{self.comment()}", *inner]
        if isinstance(value, list) and value and self.maybe(1):
            extra = "  " if self.maybe(1) else ""
            return [
                f"{indent}{name}:{self.comment()}",
                *(line for one in value for line in self.item(indent + extra, one)),
            ]
        return [f"{indent}{name}: {self.flow(value)}{self.comment()}"]

    def item(self, indent: str, value: object) -> Iterator[str]:
        if self.maybe():
            yield f"{indent}# above {value if isinstance(value, str) else ''}"
        if isinstance(value, dict) and self.maybe(1):
            first, *rest = [line for key, one in value.items() for line in self.field(indent + "  ", key, one)]
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {self.flow(value)}{self.comment()}"

    def flow(self, value: object) -> str:
        gap = self.draw(st.sampled_from([", ", ", ", ",  "]))
        if isinstance(value, dict):
            inner = (f"{spell_key(key)}: {self.flow_scalar(one)}" for key, one in value.items())
            return "{" + gap.join(inner) + "}"
        if isinstance(value, list):
            return "[" + gap.join(map(self.flow_scalar, value)) + "]"
        return self.scalar(value, flow=False)

    def flow_scalar(self, value: object) -> str:
        return self.flow(value) if isinstance(value, dict | list) else self.scalar(value, flow=True)


@st.composite
def declared_users(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Draws a user with any of the attributes."""
    emails = st.lists(
        st.fixed_dictionaries(
            {"value": st.sampled_from([f"{name}@a.example", f"{name}@b.example", f"{name}@c.example"])},
            optional={"type": st.sampled_from(["work", "home"]), "primary": st.booleans(), "display": words},
        ),
        max_size=2,
        unique_by=lambda one: one["value"],
    )
    optional = {
        "displayName": words,
        "title": words | st.none(),
        "name": st.fixed_dictionaries({}, optional={"givenName": words, "familyName": words}),
        "emails": emails,
        "department": st.sampled_from(["Finance", "IT"]),
        "manager": st.sampled_from(NAMES),
        "active": st.sampled_from([True, True, False]),
        "attributes": st.fixed_dictionaries({}, optional={"level": st.integers(1, 5), "started": st.just(TODAY)}),
    }
    return {"userName": f"{name}@example.com", **draw(st.fixed_dictionaries({}, optional=optional))}


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Draws a valid desired state of one file, in any style."""
    scribe = Scribe(draw)
    lines = ["# the whole company", "tenants: {sandbox: {url: sandbox, scope: all}}", "", "users:"]
    for number, name in enumerate(NAMES):
        user = draw(declared_users(name))
        lines += [""] if scribe.maybe() else []
        lines += ["  # about a person"] if scribe.maybe() else []
        anchor = " &model" if number == 0 else ""
        if number and scribe.maybe():
            user = {key: value for key, value in user.items() if key in {"userName", "title", "emails"}}
            inner = [line for key, one in user.items() for line in scribe.field("    ", key, one)]
            lines += [f"  {name}:", "    <<: *model", *inner]
        elif number and scribe.maybe():
            lines.append(f"  {name}: {scribe.flow(user)}{scribe.comment()}")
        else:
            inner = [line for key, one in user.items() for line in scribe.field("    ", key, one)]
            lines += [f"  {name}:{anchor}{scribe.comment()}", *inner]
    lines += ["", "groups:"]
    for name in GROUPS:
        members: list[str] = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
        members += ["group/hr"] if name == "dev" and scribe.maybe() else []
        group = {"displayName": f"The {name}", "members": members}
        if scribe.maybe():
            lines.append(f"  {name}: {scribe.flow(group)}")
        else:
            inner = [line for key, one in group.items() for line in scribe.field("    ", key, one)]
            where = (
                ["    members_where: [{attribute: department, operator: EQUALS, value: IT}]"] if scribe.maybe() else []
            )
            lines += [f"  {name}:{scribe.comment()}", *inner, *where]
    lines += ["", "role_assignments:"]
    for role in ROLES:
        users = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=3))
        given: dict[str, Any] = {"role": role, "users": users}
        given |= {"groups": ["hr"]} if scribe.maybe() else {}
        given |= {"reason": "CHG-1"} if scribe.maybe() else {}
        lines += [*scribe.item("  ", given), *([""] if scribe.maybe() else [])]
    return "\n".join(lines) + draw(st.sampled_from(["\n", "\n", "", "\n# end\n"]))


@st.composite
def hand_edits(draw: st.DrawFn, name: str) -> JsonObject:
    """Draws changes of a user in the account by hand."""
    roles = st.lists(st.sampled_from(ROLES), unique=True, max_size=3)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "title": words | st.just(""),
        "displayName": words,
        "active": st.booleans(),
        "name": st.fixed_dictionaries({}, optional={"givenName": words, "familyName": words | st.just("")}),
        "emails": st.lists(
            st.fixed_dictionaries(
                {"value": st.sampled_from([f"{name}@a.example", f"{name}@B.example", f"{name}@d.example"])},
                optional={"type": st.sampled_from(["work", "home"]), "primary": st.just(value=True)},
            ),
            max_size=3,
            unique_by=lambda one: str(one["value"]),
        ),
        "roles": roles.map(lambda held: [{"value": role} for role in held]),
        ENTERPRISE: st.fixed_dictionaries({"department": st.sampled_from(["Finance", "IT", "HR", ""])}),
    }
    return draw(st.fixed_dictionaries({}, optional=optional))


@dataclass(frozen=True)
class Drift:
    """A file, the state that it declared when it was applied, and the account after changes by hand."""

    text: str
    loaded: Loaded
    live: LiveState
    earlier: Earlier

    def adopt(self) -> Adopted:
        return adopt_drift(
            {FILE: self.text.encode()},
            self.loaded,
            self.live,
            asked(self.earlier),
        )


def load(text: str) -> Loaded:
    loaded = load_declarations({FILE: text.encode()})
    desired = compile_state(loaded.declarations, "sandbox", TODAY)
    assert () == loaded.problems
    assume(not [one for one in desired.problems if one.severity == "error"])
    return loaded


@st.composite
def drifts(draw: st.DrawFn) -> Drift:
    """Draws a desired state that was applied, and an account that was changed by hand since."""
    text = draw(documents())
    loaded = load(text)
    desired = compile_state(loaded.declarations, "sandbox", TODAY)
    simulator = Simulator()
    decided = decide_changes(desired, read_account(simulator), SANDBOX, Earlier())
    execute(decided.changes, decided.ids, simulator, SANDBOX)
    ids = {str(user["userName"]).split("@")[0]: live_id for live_id, user in simulator.users.items()}
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3)):
        if name in ids:
            answer = simulator.answer("PATCH", f"/Users/{ids[name]}", draw(hand_edits(name)), NOON)
            assert answer.response.succeeded, answer
    for group in list(simulator.groups):
        came = [{"value": ids[name]} for name in draw(st.lists(st.sampled_from(NAMES), max_size=2)) if name in ids]
        went = [
            {"value": ids[name], "operation": "delete"}
            for name in draw(st.lists(st.sampled_from(NAMES), max_size=1))
            if name in ids
        ]
        simulator.answer("PATCH", f"/Groups/{group}", {"members": [*came, *went]}, NOON)
    return Drift(text, loaded, read_account(simulator), Earlier(base=desired))


def after(drift: Drift, adopted: Adopted) -> str:
    return adopted.files.get(FILE, drift.text.encode()).decode()


@STEADY
@given(drifts())
def test_after_an_adoption_nothing_that_drifted_is_left_to_plan(drift: Drift) -> None:
    """But for what was said not to be adopted, and what the edits themselves bring about, which is told."""
    adopted = drift.adopt()
    loaded = load(after(drift, adopted))
    desired = compile_state(loaded.declarations, "sandbox", TODAY)
    left = decide_changes(desired, drift.live, SANDBOX, drift.earlier, evidence_of(drift.earlier)).changes

    told = " ".join(one.message for one in adopted.problems)
    following = {(one.key, about) for one in adopted.left for about in one.about or ("",)}
    assert [] == [
        (one.action, one.key, about)
        for one in left
        for about in (*one.members, *one.roles, *(attribute.path for attribute in one.attributes)) or ("",)
        if one.key not in told and one.key.replace("/", "s.", 1) not in told and "role_assignments" not in told
        if (one.key, about) not in following
    ]
    assert all(one.source and one.hint for one in adopted.problems)


@STEADY
@given(drifts())
def test_only_lines_that_hold_what_differs_are_touched(drift: Drift) -> None:
    """Every other line is there as it was, in the same order: comments, quotes, layout."""
    text = after(drift, drift.adopt())
    lines = iter(text.splitlines())

    lost = [line for line in _untouched(drift.text, text) if not any(line == other for other in lines)]
    assert [] == lost


@STEADY
@given(drifts())
def test_another_reader_of_yaml_reads_the_same_after_an_adoption(drift: Drift) -> None:
    """ruamel, as YAML 1.2."""
    text = after(drift, drift.adopt())

    assert YAML(typ="safe", pure=True).load(StringIO(text)) == read_yaml(FILE, text.encode()).value


@STEADY
@given(drifts())
def test_an_account_that_is_as_git_says_changes_no_file(drift: Drift) -> None:
    """Adopting twice is adopting once."""
    adopted = drift.adopt()
    text = after(drift, adopted)
    again = adopt_drift(
        {FILE: text.encode()},
        load(text),
        drift.live,
        asked(drift.earlier),
    )

    assert {} == again.files


@dataclass(frozen=True)
class Mark:
    """A value in a text, with its start and end; equal values are equal, wherever they are."""

    path: tuple[object, ...]
    says: str
    start: int
    end: int

    def key(self) -> tuple[object, ...]:
        return (*self.path, self.says)


def _untouched(before: str, now: str) -> list[str]:
    """Returns the lines whose values are unchanged, without empty lines."""
    there = {mark.key() for mark in marks(now)}
    touched = {
        line
        for mark in marks(before)
        if mark.key() not in there
        for line in range(before.count("\n", 0, mark.start), before.count("\n", 0, mark.end) + 1)
    }
    return [line for number, line in enumerate(before.splitlines()) if number not in touched and line.strip()]


def marks(text: str) -> list[Mark]:
    root = read_nodes(text).root
    assert root is not None
    return list(_marks(root, read_yaml(FILE, text.encode()).value, (), root.start))


def _marks(node: Node, value: Any, path: tuple[object, ...], start: int) -> Iterator[Mark]:
    """Yields the values of a node; `start` is the position of its key."""
    if node.kind in {"scalar", "alias"}:
        yield Mark(
            path, f"{node.name} {value!r}" if node.kind == "alias" else repr(value), start, max(node.end - 1, start)
        )
        return
    names = [key.name for key in node.keys] if node.kind == "mapping" else [_name(one) for one in value]
    inside = repr(sorted(names)) if node.flow else repr(bool(names))
    yield Mark(path, f"{node.kind} {inside}", start, max(node.end - 1, start))
    if node.kind == "mapping":
        for key, item in zip(node.keys, node.items, strict=True):
            yield from _marks(item, value.get(key.name), (*path, key.name), key.start)
    else:
        for item, one in zip(node.items, value, strict=True):
            yield Mark((*path, _name(one)), "item", item.start, max(item.end - 1, item.start))
            yield from _marks(item, one, (*path, _name(one)), item.start)


def _name(item: Any) -> str:
    return str(item.get("role") or item.get("value")) if isinstance(item, Mapping) else str(item)
