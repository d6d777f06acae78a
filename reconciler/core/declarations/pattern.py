"""Regular expressions that can't hang a run: pydantic's linear-time engine, not Python's backtracking one."""

from __future__ import annotations

from collections.abc import Callable

from pydantic_core import SchemaError, SchemaValidator, core_schema


def compile_pattern(pattern: str, *, case_sensitive: bool) -> Callable[[str], bool]:
    """A test of whether a *whole* text matches; raises ValueError, with the reason, where the pattern doesn't compile.

    The syntax is RE2's: no look-around and no back-references, which is what makes it linear.
    """
    _compile(pattern)  # alone first: wrapped below, an unbalanced `)` could close our own group
    flags = "" if case_sensitive else "(?i)"
    return _compile(rf"{flags}\A(?:{pattern})\z").isinstance_python


def _compile(pattern: str) -> SchemaValidator:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern, strict=True, regex_engine="rust-regex"))
    except SchemaError as error:
        reason = str(error).replace("SchemaError: ", "").strip().splitlines()[-1].removeprefix("error: ")
        raise ValueError(f"is not a pattern: {reason}") from error
