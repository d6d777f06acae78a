"""Every way this program stops, and Problem: what a person must fix. Imports nothing of ours.

ReconcilerError         a sentence for the person who ran the command, and its exit code
├── Failed          1   something did not work out, in part or whole
│   ├── InvalidInput    the YAML has problems; carries all of them
│   ├── NotSent         the run was stopped before the request left
│   ├── NotFound        GitHub has no such thing, or hides it from this token
│   └── Conflict        GitHub did not do it, for somebody else changed the same thing at that moment
├── UsageError      2   the command line, or a path on it, can't be used
│   └── IncompleteInput not every file of the desired state can be read; carries all problems
├── Refused         4   a guardrail, an approval, a disabled tenant, an incomplete read
│   ├── NotARecord      what should be a record of an apply does not read as one
│   ├── RecordUnknown   the record of applies can't be fetched, read or pushed
│   └── ApplyIsOpen     another apply may still send requests; says until when
└── Unreachable     5   the tenant or GitHub can't be reached, or refuses the credentials
    ├── Forbidden       GitHub knows the token, and does not allow it this
    ├── LostAnswer      a request may have been received and done, and no answer says so
    └── NotAnAnswer     what answers is not a SCIM service: HTML, half a document, too much of one
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

MOST_TOLD: Final = 20  # problems in one sentence


class ReconcilerError(Exception):
    """The root: `str(error)` is a sentence that says what happened and what to do."""

    exit_code = 1


class Failed(ReconcilerError):
    """Something did not work out, in part or whole."""


class NotSent(Failed):
    """The run was stopped before the request left."""


class NotFound(Failed):
    """GitHub has no such thing, or hides it from this token."""


class Conflict(Failed):
    """GitHub did not do it, for somebody else changed the same thing at that moment: look again, and decide again."""


class UsageError(ReconcilerError):
    """The command line, or a path on it, can't be used."""

    exit_code = 2


class IncompleteInput(UsageError):
    """Not every file of the desired state can be read; all problems are in `problems`, the first few in the text."""

    def __init__(self, problems: tuple[Problem, ...], read: int = 0, known: int = 0) -> None:
        more = f"; and {len(problems) - MOST_TOLD:,} more, which `validate` lists" if len(problems) > MOST_TOLD else ""
        counted = f"{read:,} of {known:,} files of the desired state can be read: " if read < known else ""
        super().__init__(counted + "; ".join(str(problem) for problem in problems[:MOST_TOLD]) + more)
        self.problems = problems
        self.read, self.known = read, known


class Refused(ReconcilerError):
    """It could have been done, and must not be; of a plan, `problems` are what refuses it."""

    exit_code = 4

    def __init__(self, sentence: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(sentence)
        self.problems = problems


class NotARecord(Refused):
    """What should be a record of an apply does not read as one."""


class RecordUnknown(Refused):
    """The record of applies can't be fetched, read or pushed: what was applied before is not known."""


class ApplyIsOpen(Refused):
    """Another apply may still send requests; `until` is when the next run may take over."""

    def __init__(self, sentence: str, until: datetime) -> None:
        super().__init__(sentence)
        self.until = until


class Unreachable(ReconcilerError):
    """The tenant or GitHub can't be reached, or refuses the credentials; `requests` is how many it took to know."""

    exit_code = 5
    requests = 1


class Forbidden(Unreachable):
    """GitHub knows the token, and does not allow it this."""


class LostAnswer(Unreachable):
    """A request may have been received and done, and no answer says so."""


class NotAnAnswer(Unreachable):
    """What answers is not a SCIM service: HTML, half a document, too much of one."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a declaration stands: a file below the desired-state folder's parent, and a line from 1.

    It lives beside Problem, which carries one, because this module imports nothing.
    """

    file: str
    line: int = 0
    commit: str | None = None
    author: str | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person must fix (`error`), should look at (`warning`) or may want to know (`info`)."""

    code: str
    message: str
    source: Source | None = None
    hint: str | None = None
    severity: Literal["error", "warning", "info"] = "error"

    def __str__(self) -> str:
        where = f"{self.source}: " if self.source else ""
        what_to_do = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.message}{what_to_do}"


class InvalidInput(Failed):
    """The YAML has problems, all of which are in `problems`."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
