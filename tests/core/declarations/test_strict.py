"""All declarations are strict, refuse unknown keys, and are frozen."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from reconciler.core.declarations.strict import Declaration


class Room(Declaration):
    """A declaration like any other."""

    seats: int
    height: float = 2.5


@pytest.mark.parametrize(
    "written",
    [{"seats": "4"}, {"seats": True}, {"seats": 4.0}, {"seats": 4, "colour": "red"}, {"seats": 4, "height": math.nan}],
)
def test_a_declaration_takes_nothing_but_what_it_declares(written: dict[str, object]) -> None:
    """Texts and booleans are not numbers; unknown keys, and values that JSON does not have, are refused."""
    with pytest.raises(ValidationError):
        Room.model_validate(written)


def test_a_declaration_stays_as_it_was_read() -> None:
    """Declarations are shared, so they are frozen."""
    room = Room(seats=4)

    with pytest.raises(ValidationError):
        room.seats = 5  # type: ignore[misc]
    assert 4 == room.seats
