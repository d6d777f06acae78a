"""How files of the desired state are read: parsed, or where they are many, as they were parsed before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.desired.yaml.load import read_all
from reconciler.errors import UsageError
from reconciler.pipeline.output import make_private_folder
from reconciler.settings import read_settings

if TYPE_CHECKING:
    from reconciler.desired.yaml.reader import Document
    from reconciler.pipeline.workspace import Options

SHELF = "parsed.db"
LEAST_TO_KEEP = 1_000_000  # bytes: below that, parsing takes less than half a second


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads files; of many, it keeps what they say in the private folder."""

    folder: Path

    def __call__(self, contents: Mapping[str, bytes]) -> Mapping[str, Document]:
        """Every file as YAML."""
        if sum(map(len, contents.values())) < LEAST_TO_KEEP:
            return read_all(contents)
        from reconciler.desired.yaml.parse_cache import ParseCache, count_processors

        try:
            make_private_folder(self.folder)
        except UsageError:
            return read_all(contents)
        return ParseCache(self.folder / SHELF, __version__, count_processors()).read_all(contents)


def reader_for(options: Options) -> Reader:
    """The reader of a desired-state folder."""
    return Reader(read_settings().private_folder(options.folder))
