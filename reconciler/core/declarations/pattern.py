"""Compiles regular expressions with pydantic's linear-time engine, because Python's backtracking can hang a run."""

from __future__ import annotations

from collections.abc import Callable

from pydantic_core import SchemaError, SchemaValidator, core_schema


def compile_pattern(pattern: str, *, case_sensitive: bool) -> Callable[[str], bool]:
    """Returns a test whether a *whole* text matches; raises ValueError with the reason if the pattern is invalid.

    The syntax is RE2's, which is linear because it has no look-around and no back-references.
    """
    _compile(pattern)  # alone first: an unbalanced `)` could close the group that is added below
    flags = "" if case_sensitive else "(?i)"
    return _compile(rf"{flags}\A(?:{pattern})\z").isinstance_python


def _compile(pattern: str) -> SchemaValidator:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, strict=True, regex_engine="rust-regex"))
    except SchemaError as error:
        reason = str(error).replace("SchemaError: ", "").strip().splitlines()[-1].removeprefix("error: ")
        raise ValueError(f"is not a pattern: {reason}") from error
