"""What all declarations share: nothing is guessed, nothing unknown is taken, nothing changes afterwards."""

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
    """Text is no number, a flag neither, an unknown key is refused, and so is what JSON can't say."""
    with pytest.raises(ValidationError):
        Room.model_validate(written)


def test_a_declaration_stays_as_it_was_read() -> None:
    """Frozen, for it is shared."""
    room = Room(seats=4)

    with pytest.raises(ValidationError):
        room.seats = 5  # type: ignore[misc]
    assert 4 == room.seats
