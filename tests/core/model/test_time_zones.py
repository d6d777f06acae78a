"""Names of time zones, and what to write for a text that is none."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest

from reconciler.core.model.time_zones import TIME_ZONES, suggest_time_zone

NOT_OF_THE_DATABASE = {"Factory", "localtime"}


def test_the_table_has_every_zone_of_this_machine() -> None:
    """A zone that a new database adds is added to the table; until then it is a warning at worst."""
    assert available_timezones() - NOT_OF_THE_DATABASE <= TIME_ZONES
    assert {"Europe/London", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+2"} <= TIME_ZONES


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Europe/London", None),
        ("CET", None),
        ("Europe/Lodnon", 'did you mean "Europe/London"?'),
        ("europe/london", 'write "Europe/London"'),
        ("Amsterdam", 'write "Europe/Amsterdam"'),
        ("New York", 'write "America/New_York"'),
        ("GMT+2", "write a name of the IANA database, such as Europe/London"),
        ("W. Europe Standard Time", "write a name of the IANA database, such as Europe/London"),
        ("", "write a name of the IANA database, such as Europe/London"),
    ],
)
def test_a_text_that_is_no_zone_has_the_zone_that_is_meant(text: str, hint: str | None) -> None:
    """A typing error, another case, a city; Etc/GMT+2 is never suggested, because it is behind and not ahead."""
    assert hint == suggest_time_zone(text)
