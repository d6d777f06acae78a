"""A report of protections has gaps if one of them is lacking or not known."""

from __future__ import annotations

import pytest

from reconciler.core.model.protection import ProtectionCheck, ProtectionReport, ProtectionState


@pytest.mark.parametrize(("state", "gap"), [("set", False), ("note", False), ("lacking", True), ("not_known", True)])
def test_what_is_not_known_is_a_gap(state: ProtectionState, *, gap: bool) -> None:
    """Missing information is never good news."""
    checks = (ProtectionCheck("a", "b", "set", "c"), ProtectionCheck("a", "b", state, "c"))

    assert gap == ProtectionReport("acme/people", "api.github.com", None, "main", checks).has_gaps
