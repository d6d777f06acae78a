"""What a check of GitHub's protections found: what is set, what is lacking, and what is not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

REQUIRED_CHECK = "reconciler"  # the job that always reports, and that branch protection requires
ProtectionState: TypeAlias = Literal["lacking", "not_known", "note", "set"]


@dataclass(frozen=True, slots=True)
class ProtectionCheck:
    """One protection: `code` is its stable name, and `subject` the environment, branch or file that it is about.

    `found` is what GitHub answers. If the protection is lacking, `opens` is what that makes possible, and `remedy`
    where to set it; if it is not known, `remedy` is how to find out.
    """

    code: str
    subject: str
    state: ProtectionState
    found: str
    opens: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class ProtectionReport:
    """All checks of a repository on a host of GitHub; `version` is that of a GitHub Enterprise Server, if it is one."""

    repository: str
    host: str
    version: str | None
    default_branch: str
    checks: tuple[ProtectionCheck, ...]

    @property
    def has_gaps(self) -> bool:
        """Whether a protection is lacking or not known."""
        return any(check.state in {"lacking", "not_known"} for check in self.checks)
