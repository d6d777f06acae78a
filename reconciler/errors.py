"""The errors that stop this program, and Problem, a fault that a person must fix. Imports no module of the project.

ReconcilerError         a sentence for the person who ran the command, and an exit code
├── Failed          1   the command failed, in part or completely
│   ├── InvalidInput    the YAML has problems; carries all of them
│   ├── NotSent         the run was stopped before the request was sent
│   ├── NotFound        GitHub does not have the resource, or hides it from this token
│   └── Conflict        GitHub refused a write, because another write came first
├── UsageError      2   the command line, or a path on it, can't be used
│   └── IncompleteInput not every file of the desired state can be read; carries all problems
├── Refused         4   a guardrail, an approval, a disabled tenant or an incomplete read forbids it
│   ├── NotARecord      a commit of the record of applies does not have its format
│   ├── RecordUnknown   the record of applies can't be fetched, read or pushed
│   └── ApplyIsOpen     another apply may still send requests; carries the time until when
└── Unreachable     5   the tenant or GitHub can't be reached, or refuses the credentials
    ├── Forbidden       GitHub accepts the token, but does not permit the request
    ├── LostAnswer      a request may have been received and done, but no answer confirms it
    └── NotAnAnswer     the answer is not from a SCIM service: HTML, an incomplete or too large document
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

MOST_TOLD: Final = 20  # problems in one sentence


class ReconcilerError(Exception):
    """The root: `str(error)` is a sentence with what happened and what to do."""

    exit_code = 1


class Failed(ReconcilerError):
    """The command failed, in part or completely."""


class NotSent(Failed):
    """The run was stopped before the request was sent."""


class NotFound(Failed):
    """GitHub does not have the resource, or hides it from this token."""


class Conflict(Failed):
    """GitHub refused a write, because another write came first; read again, and decide again."""


class UsageError(ReconcilerError):
    """The command line, or a path on it, can't be used."""

    exit_code = 2


class IncompleteInput(UsageError):
    """Not every file of the desired state can be read; `problems` has all problems, the text has the first few."""

    def __init__(self, problems: tuple[Problem, ...], read: int = 0, known: int = 0) -> None:
        more = f"; and {len(problems) - MOST_TOLD:,} more, which `validate` lists" if len(problems) > MOST_TOLD else ""
        counted = f"{read:,} of {known:,} files of the desired state can be read: " if read < known else ""
        super().__init__(counted + "; ".join(str(problem) for problem in problems[:MOST_TOLD]) + more)
        self.problems = problems
        self.read, self.known = read, known


class Refused(ReconcilerError):
    """The command is possible, but not allowed; `problems` holds the reasons why a plan is refused."""

    exit_code = 4

    def __init__(self, sentence: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(sentence)
        self.problems = problems


class NotARecord(Refused):
    """A commit of the record of applies does not have the format of a record."""


class RecordUnknown(Refused):
    """The record of applies can't be fetched, read or pushed, so earlier applies are unknown."""


class ApplyIsOpen(Refused):
    """Another apply may still send requests; from `until` on, the next run may take over."""

    def __init__(self, sentence: str, until: datetime) -> None:
        super().__init__(sentence)
        self.until = until


class Unreachable(ReconcilerError):
    """The tenant or GitHub can't be reached, or refuses the credentials; `requests` counts the requests sent."""

    exit_code = 5
    requests = 1


class Forbidden(Unreachable):
    """GitHub accepts the token, but does not permit the request."""


class LostAnswer(Unreachable):
    """A request may have been received and done, but no answer confirms it."""


class NotAnAnswer(Unreachable):
    """The answer is not from a SCIM service: HTML, an incomplete document, or one that is too large."""


@dataclass(frozen=True, slots=True)
class Source:
    """The place of a declaration: a file below the desired-state folder's parent, and a line from 1 (0: none).

    Defined here because Problem carries one, and this module imports none of the project.
    """

    file: str
    line: int = 0
    commit: str | None = None
    author: str | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault that a person must fix (`error`) or should check (`warning`), or a fact to know (`info`)."""

    code: str
    message: str
    source: Source | None = None
    hint: str | None = None
    severity: Literal["error", "warning", "info"] = "error"

    def __str__(self) -> str:
        source = f"{self.source}: " if self.source else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{source}{self.message}{hint}"


class InvalidInput(Failed):
    """The YAML has problems; `problems` has all of them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
