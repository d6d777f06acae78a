"""Clauses on a population give the same result as on each user, and test each value once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.access.population import Population
from reconciler.core.access.scope import Subject, compile_clause
from reconciler.core.declarations.clause import Clause
from tests.core.access.test_scope import DANA, TABLE, written
from tests.core.examples import clause
from tests.properties.test_filter_properties import STEADY, VALUES, clauses

NOBODY: dict[str, Any] = {"active": True}


@pytest.mark.parametrize("row", TABLE["clauses"], ids=lambda row: f"{row['attribute']}-{row['operator']}")
def test_every_row_of_the_truth_table_holds_among_many(row: dict[str, Any]) -> None:
    """All rows of the truth table, without IS_MEMBER_OF."""
    put = written(row)

    chosen = Population({"dana": DANA, "nobody": NOBODY}).satisfying([put])

    assert {name for name, one in (("dana", DANA), ("nobody", NOBODY)) if compile_clause(put)(Subject(one))} == chosen


@STEADY
@given(
    st.lists(clauses(), max_size=3),
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "title": st.sampled_from(VALUES),
                "active": st.booleans(),
                "emails": st.lists(st.fixed_dictionaries({"value": st.sampled_from(["a", "A", "ab", ""])}), max_size=2),
                "attributes": st.fixed_dictionaries(
                    {}, optional={"level": st.sampled_from(VALUES) | st.lists(st.sampled_from(VALUES), max_size=3)}
                ),
            },
        ),
        max_size=5,
    ),
)
def test_whoever_is_chosen_together_is_chosen_alone(put: list[Clause], people: list[dict[str, Any]]) -> None:
    """This holds for generated clauses and users."""
    subjects = {str(number): one for number, one in enumerate(people)}
    alone = {name for name, one in subjects.items() if all(compile_clause(each)(Subject(one)) for each in put)}

    assert alone == Population(subjects).satisfying(put)


class Looked(dict[str, object]):
    """Source attributes that count their reads."""

    times = 0

    def get(self, key: str, default: object = None) -> object:
        self.times += 1
        return super().get(key, default)


def test_each_person_is_looked_at_once_however_many_groups_have_clauses() -> None:
    """Two thousand groups and a hundred thousand users would need two hundred million tests."""
    people = {str(number): Looked(department=f"D{number % 3}") for number in range(30)}
    population = Population(people)

    sizes = [len(population.satisfying([clause("department", "EQUALS", f"D{group}")])) for group in range(20)]

    assert [10, 10, 10, *[0] * 17] == sizes
    assert {1} == {one.times for one in people.values()}
