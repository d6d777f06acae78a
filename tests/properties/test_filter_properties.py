"""No user disproves a warning about filters, for any filters and users."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.access.clause_logic import contradict, follows, is_same_attribute, may_be_many, takes_nothing
from reconciler.core.access.filter_sense import check_sense
from reconciler.core.access.scope import Subject, compile_clause, compile_filter, read_values
from reconciler.core.declarations.clause import (
    NEEDS_DATE,
    NEEDS_INTEGER,
    NEEDS_NO_VALUE,
    NEEDS_PATTERN,
    Clause,
    Filter,
    Filters,
    Operator,
)
from reconciler.core.declarations.declared import Declarations, DeclaredUser
from reconciler.errors import Source
from tests.core.examples import clause

STEADY = settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
DAY = date(2026, 3, 31)
PATHS = ("title", "level", "attributes.level", "emails.value", "active")
VALUES: tuple[Any, ...] = (
    *("a", "A", "ab", "AB", "b", "ba", "ß", "SS", "ss", "3", "+3", "4", "true", "True", "", "2026-03-31", "20260331"),
    *(True, False, 2, 3, 4, 5, DAY, DAY + timedelta(days=1), DAY - timedelta(days=1)),
)

texts = st.sampled_from(["a", "A", "ab", "aB", "b", "ß", "ss", "3", "4", "true", "2026-03-31", ""])
numbers = st.integers(2, 5)
days = st.integers(-1, 1).map(lambda offset: DAY + timedelta(days=offset))


@st.composite
def clauses(draw: st.DrawFn, path: str | None = None) -> Clause:
    """Draws a clause on that attribute, or on one of a few."""
    operator = draw(st.sampled_from(Operator))
    value: object = draw(texts | numbers | st.booleans() | days)
    if operator in NEEDS_NO_VALUE:
        value = None
    elif operator in NEEDS_INTEGER:
        value = draw(numbers)
    elif operator in NEEDS_DATE:
        value = draw(days | st.sampled_from([date.min, date.max]))
    elif operator in NEEDS_PATTERN:
        value = draw(st.sampled_from(["a.*", ".*b", "3|4", "ss"]))
    elif operator is Operator.IN:
        value = draw(st.lists(texts | numbers, min_size=1, max_size=3))
    elif operator is Operator.IS_MEMBER_OF:
        value = draw(st.sampled_from(["desk", "group/desk", "staff"]))
    options = {"quantifier": draw(st.sampled_from(["any", "all"])), "case_sensitive": draw(st.booleans())}
    return clause(path or draw(st.sampled_from(PATHS)), operator.value, value, **options)


pairs = st.sampled_from(PATHS).flatmap(lambda path: st.tuples(clauses(path), clauses(path)))


def subjects(*about: Clause, many: bool) -> list[Subject]:
    """Returns all users that the clauses can distinguish: each value of a few, and each pair of values."""
    whole = [[], *([value] for value in VALUES), *([list(two) for two in product(VALUES, VALUES)] if many else [])]
    path = next((one.attribute for one in about if one.operator is not Operator.IS_MEMBER_OF), "level")
    groups = [frozenset[str](), frozenset({"desk"}), frozenset({"desk", "staff"})]
    return [Subject(_having(path, values), groups[index % 3]) for index, values in enumerate(whole)]


def _having(path: str, values: list[Any]) -> dict[str, Any]:
    if path == "emails.value":
        return {"emails": [{"value": value} for value in values]}
    held: Any = values if len(values) != 1 else values[0]
    return {path: held} if path in {"title", "active"} else {"attributes": {"level": held}}


def may_be(one: Clause, *, several: bool) -> bool:
    return may_be_many(one, lambda _path: several)


@STEADY
@given(pairs, st.booleans())
def test_nobody_satisfies_two_clauses_that_are_said_to_contradict_each_other(
    pair: tuple[Clause, Clause],
    several: bool,  # noqa: FBT001
) -> None:
    """In whichever order they are put."""
    one, other = pair
    many = may_be(one, several=several)
    same = is_same_attribute(one, other)

    assert contradict(one, other, many=many) is contradict(other, one, many=many) or not same
    if same and contradict(one, other, many=many):
        both = (compile_clause(one), compile_clause(other))
        assert [] == [who for who in subjects(one, other, many=many) if all(test(who) for test in both)]


@STEADY
@given(pairs, st.booleans())
def test_whoever_satisfies_a_clause_satisfies_what_is_said_to_follow_from_it(
    pair: tuple[Clause, Clause],
    several: bool,  # noqa: FBT001
) -> None:
    """Without exception."""
    clause_, other = pair
    many = may_be(clause_, several=several)

    if is_same_attribute(clause_, other) and follows(clause_, other, many=many):
        premise, conclusion = compile_clause(other), compile_clause(clause_)
        assert [] == [who for who in subjects(clause_, other, many=many) if premise(who) and not conclusion(who)]


@STEADY
@given(clauses())
def test_nobody_satisfies_a_clause_that_is_said_to_take_nothing(one: Clause) -> None:
    """And every clause follows from itself, unless it looks at something that is no plain value."""
    if takes_nothing(one):
        assert [] == [who for who in subjects(one, many=True) if compile_clause(one)(who)]
    assert follows(one, one, many=True)


@st.composite
def rules(draw: st.DrawFn) -> tuple[Filter, ...]:
    """Draws a few filters, with each clause and each filter on a line of its own."""
    written = draw(st.lists(st.lists(clauses(), min_size=1, max_size=3), min_size=1, max_size=3))
    return tuple(
        Filter(
            f"Filter {number}",
            tuple(replace(one, source=Source("f.yaml", 10 * number + place)) for place, one in enumerate(each, 1)),
            Source("f.yaml", 10 * number),
        )
        for number, each in enumerate(written, 1)
    )


people = st.fixed_dictionaries(
    {"userName": st.just("somebody@example.com")},
    optional={
        "title": st.sampled_from(["a", "A", "ab", "ss", "3", "2026-03-31"]),
        "attributes": st.fixed_dictionaries(
            {}, optional={"level": st.sampled_from(VALUES) | st.lists(st.sampled_from(VALUES), max_size=2)}
        ),
        "emails": st.lists(st.fixed_dictionaries({"value": st.sampled_from(["a", "ab", "b"])}), max_size=2),
    },
)


@STEADY
@given(rules(), st.lists(people, max_size=6))
def test_what_is_said_of_filters_is_true_of_everyone_in_git(
    filters: tuple[Filter, ...], attributes: list[dict[str, Any]]
) -> None:
    """A filter that never holds lets nobody in; without a clause or a filter that changes nothing all is as before."""
    users = {f"u{number}": DeclaredUser(cast("Any", one), Source("u.yaml", 1)) for number, one in enumerate(attributes)}
    everyone = [Subject({"active": True, **one}, frozenset({"desk"})) for one in attributes]
    for problem in check_sense(Declarations(users=users), Filters(users=filters)):
        line = problem.source.line if problem.source else 0
        number, place = divmod(line, 10)
        told = filters[number - 1]
        match problem.code:
            case "contradictory_filter":
                assert not any(compile_filter(told).holds(one) for one in everyone)
            case "redundant_clause":
                without = replace(told, clauses=(*told.clauses[: place - 1], *told.clauses[place:]))
                for one in everyone:
                    assert compile_filter(told).holds(one) is compile_filter(without).holds(one)
            case _:
                others = [compile_filter(one) for one in filters if one is not told]
                for one in everyone:
                    assert not compile_filter(told).holds(one) or any(other.holds(one) for other in others)


def test_the_people_of_these_tests_have_what_they_are_said_to_have() -> None:
    """Or nothing would be shown by them."""
    held = subjects(clause("level", "EQUALS", "a"), many=True)

    assert {0, 1, 2} == {len(read_values(one.attributes, "level")) for one in held}
