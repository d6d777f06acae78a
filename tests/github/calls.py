"""A request, an answer and a token of the stand-in, for its modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BOT = "github-actions[bot]"
READ, WRITE = "read", "write"


@dataclass(frozen=True)
class Call:
    """A request that arrived."""

    method: str
    path: str
    body: Any = None
    token: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class UndescribedReply(Reply):
    """An answer that GitHub does not describe: a fault that is sent as it is, and not checked."""


@dataclass(frozen=True)
class Token:
    """The permissions of a token, and its owner: a person by login, an app, or neither for that of a workflow."""

    permissions: Mapping[str, str]
    login: str | None = None
    app: str | None = None

    @property
    def account(self) -> str:
        """Returns the login that GitHub shows as the author."""
        return self.login or self.app or BOT

    def allows(self, *needed: tuple[str, str]) -> bool:
        """Returns whether any of these permissions is granted."""
        return ("metadata", READ) in needed or any(
            self.permissions.get(name) in {level, WRITE} for name, level in needed
        )


def forbidden(needed: str) -> Reply:
    return Reply(403, {"message": "Resource not accessible by integration"}, {"x-accepted-github-permissions": needed})
