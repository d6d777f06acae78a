"""The workspace of a run: the desired-state folder, the tenant, the settings, and the recipients of its reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from reconciler.pipeline.progress import ProgressDisplay, hide_progress
from reconciler.settings import Settings, read_settings

Log: TypeAlias = Callable[[str], None]


def drop(_text: str) -> None:
    """Drops a note or a warning."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A desired-state folder, with the settings and the outputs of a run.

    `tenant` may be None if the folder declares a single tenant. `log` takes notes, which a quiet caller drops, and
    `warn` takes warnings that a person must see. `progress` shows the progress of a read or an apply.
    """

    folder: Path
    tenant: str | None = None
    settings: Settings = field(default_factory=read_settings)
    log: Log = drop
    warn: Log = drop
    progress: ProgressDisplay = hide_progress

    @property
    def private_folder(self) -> Path:
        """The folder of snapshots, the provisioning log and embedded accounts."""
        return self.settings.private_folder(self.folder)
