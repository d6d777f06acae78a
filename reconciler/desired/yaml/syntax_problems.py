"""A file that is not YAML → a Problem with its line and what to do. Knows the errors of libyaml; reads no file."""

from __future__ import annotations

from typing import Final

from yaml import MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

from reconciler.errors import Problem, Source

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 32
TOO_DEEP: Final = f"is nested more than {MAX_DEPTH} levels deep"
TOO_DEEP_FOR_LIBYAML: Final = "exceeded maximum nesting depth"  # of PyYAML 6.0.4, beyond 1,000, before the first event
INDENTATION: Final = "check the indentation of this line and the one above, and quote text that holds `: ` or quotes"
HINTS: Final = {
    "did not find expected ',' or ']'": "close the list with ], and put a comma between its items",
    "did not find expected ',' or '}'": "close the mapping with }, and put a comma between its entries",
    "found character that cannot start any token": "indent with spaces instead of tabs, and quote text that starts "
    "with @, ` or %",
    "found a tab character where an indentation space is expected": "indent with spaces instead of tabs",
    "mapping values are not allowed in this context": INDENTATION,
    "did not find expected key": INDENTATION,
    "did not find expected '-' indicator": "start each item of the list with a dash, in the same column",
    "block sequence entries are not allowed in this context": "put each item of the list on a line of its own",
    "could not find expected ':'": "put a colon and a space behind the key",
    "found unexpected end of stream": "close the quotes, or the brackets",
    "found unknown escape character": "write the text in single quotes, or \\\\ for a backslash",
    "did not find expected node content": "remove the bracket, or quote the text",
}


def explain_yaml_error(file: str, text: str, error: YAMLError) -> Problem:
    """Returns the problem of a text that libyaml refuses, at its line."""
    if isinstance(error, ReaderError):
        source = Source(file, text.count("\n", 0, error.position) + 1)
        message = f"is not YAML: the character U+{error.character:04X} is not allowed"
        return Problem("yaml", message, source, "remove it, or write its escape in double quotes")
    if not isinstance(error, MarkedYAMLError):
        first_line = str(error).strip().split("\n", 1)[0]
        return Problem("yaml", f"is not YAML: {first_line}", Source(file, 1))
    mark = error.problem_mark or error.context_mark
    source = Source(file, mark.line + 1 if mark else 1)
    if error.problem == TOO_DEEP_FOR_LIBYAML:
        return Problem("yaml", TOO_DEEP, source)
    reason = error.problem or error.context or ""
    return Problem("yaml", f"is not YAML: {reason}", source, HINTS.get(reason))


def explain_size(file: str) -> Problem:
    """Returns the problem of a file that is larger than the limit."""
    message = f"is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB, the largest size that is read"
    return Problem("file_too_large", message, Source(file), "split it: every *.yaml below the folder is read")


def explain_encoding(file: str, content: bytes, error: UnicodeDecodeError) -> Problem:
    """Returns the problem of a file that is not UTF-8, at the line of its first wrong byte."""
    line = content[: error.start].count(b"\n") + 1
    message = f"is not UTF-8: the byte 0x{content[error.start]:02x}"
    return Problem("encoding", message, Source(file, line), "save it as UTF-8")
