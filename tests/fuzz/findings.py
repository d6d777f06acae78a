"""Every fault that scripts/fuzz found, by its description: the target and its input."""

from __future__ import annotations

from collections.abc import Mapping

FINDINGS: Mapping[str, tuple[str, str | bytes]] = {
    "an expression that is nested deeper than Python reads": ("expression", "{{" * 500 + "name" + "}}" * 500),
    "an expression of so many negations": ("expression", "{{ " + "not " * 2_000 + "name }}"),
    "an expression with a number of thousands of digits": ("expression", "{{ name." + "9" * 5_000 + " }}"),
}
