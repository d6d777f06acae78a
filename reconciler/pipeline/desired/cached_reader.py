"""Reads files of the desired state, and caches parsed files if they are large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.desired.yaml.load import read_all
from reconciler.errors import UsageError
from reconciler.pipeline.private_files import make_private_folder
from reconciler.version import __version__

if TYPE_CHECKING:
    from reconciler.desired.yaml.reader import Document
    from reconciler.pipeline.workspace import Workspace

CACHE_FILE = "parsed.db"
LEAST_TO_CACHE = 1_000_000  # bytes: below that, parsing takes less than half a second


@dataclass(frozen=True, slots=True)
class CachedReader:
    """Reads files, and caches the parsed content of large files in the private folder."""

    folder: Path

    def __call__(self, contents: Mapping[str, bytes]) -> Mapping[str, Document]:
        """Returns the parsed YAML of every file."""
        if sum(map(len, contents.values())) < LEAST_TO_CACHE:
            return read_all(contents)
        from reconciler.desired.yaml.parse_cache import ParseCache, count_processors

        try:
            make_private_folder(self.folder)
        except UsageError:
            return read_all(contents)
        return ParseCache(self.folder / CACHE_FILE, __version__, count_processors()).read_all(contents)


def reader_for(workspace: Workspace) -> CachedReader:
    """Returns the reader of a workspace."""
    return CachedReader(workspace.private_folder)
