"""Where a run works: the folder of the desired state, the tenant, the settings, and where its reports go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from reconciler.pipeline.progress import ProgressDisplay, hide_progress
from reconciler.settings import Settings, read_settings

Log: TypeAlias = Callable[[str], None]


def drop(_text: str) -> None:
    """Reports nothing."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A desired-state folder, and what a run there needs from its surroundings.

    `tenant` is None where the folder declares a single one. `log` takes notes, which a quiet caller drops, and `warn`
    what a person must see. `progress` shows how far a read or an apply is.
    """

    folder: Path
    tenant: str | None = None
    settings: Settings = field(default_factory=read_settings)
    log: Log = drop
    warn: Log = drop
    progress: ProgressDisplay = hide_progress

    @property
    def private_folder(self) -> Path:
        """Where snapshots, the provisioning log and embedded accounts are."""
        return self.settings.private_folder(self.folder)
