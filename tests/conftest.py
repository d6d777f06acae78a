"""What pytest is told for all tests: the one flag that writes the plans of the cases anew."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--update-cases`."""
    parser.addoption(
        "--update-cases", action="store_true", help="Write the plans of tests/cases anew; read their diff."
    )


@pytest.fixture
def update_cases(request: pytest.FixtureRequest) -> bool:
    """Whether the plans of the cases are written anew."""
    return bool(request.config.getoption("--update-cases"))
