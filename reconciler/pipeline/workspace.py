"""What every command is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What every command is told: where the desired state is, which tenant, and how much to say."""

    folder: Path
    tenant: str | None
    verbosity: int
