"""A cache of parsed YAML files, by the hash of their content: an unchanged file is not parsed again.

The cache holds values and their positions, never what they mean: the same code validates them each time. Knows how
documents are spelled as JSON and stored in SQLite. A database that other users can read or write, and an entry whose
seal is wrong, are ignored (docs/decisions/0020-parsed-files-are-kept.md).
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from pkgutil import get_data
from types import ModuleType
from typing import Any

import yaml

from reconciler.desired.yaml import reader as yaml_reader
from reconciler.desired.yaml import syntax_problems as yaml_limits
from reconciler.desired.yaml import words as yaml_words
from reconciler.desired.yaml.reader import Document, decode, read_yaml
from reconciler.private_store import connect, is_ours_alone, make_new_file, transaction

FORMAT = 1
RUNS_KEPT = 10  # of the runs that added an entry; an entry that none of them used is deleted
SECONDS_TO_WAIT = 2.0  # for another run's transaction
LEAST_IN_PARALLEL = 2_000_000  # bytes; with fewer, starting processes costs what they save
BATCHES = 8  # for each process, so that all end at about the same time
MAPPING, SEQUENCE, DAY, MOMENT = range(4)
PLAIN = frozenset({str, int, float, bool, type(None)})
TABLE = """
CREATE TABLE IF NOT EXISTS documents (
    name TEXT PRIMARY KEY,
    seal TEXT NOT NULL,
    run  INTEGER NOT NULL,
    said TEXT NOT NULL
) WITHOUT ROWID"""
FIND = "SELECT said, seal FROM documents WHERE name = ?"
STORE = "INSERT OR REPLACE INTO documents (name, seal, run, said) VALUES (?, ?, ?, ?)"
MARK_USED = "UPDATE documents SET run = ? WHERE name = ?"


@dataclass(frozen=True, slots=True)
class ParseCache:
    """The path of the cache, the version of the program, and the number of processes that parse missing files."""

    path: Path
    version: str
    processes: int = 1

    def read_all(self, contents: Mapping[str, bytes]) -> Mapping[str, Document]:
        """Returns every file as `read_yaml` reads it."""
        binding = _make_binding(self.version)
        names = {file: sha256(binding + b"\0" + content).hexdigest() for file, content in contents.items()}
        stored = _find_stored(self.path, names.values())
        documents = {file: restore(file, contents[file], stored.get(name)) for file, name in names.items()}
        missing = {file: contents[file] for file, document in documents.items() if document is None}
        if missing:
            spelled = _parse(missing, self.processes)
            documents |= {file: restore(file, content, spelled[file]) for file, content in missing.items()}
            new = {names[file]: text for file, text in spelled.items() if text is not None}
            _store(self.path, new, names.values())
        return {
            file: read_yaml(file, contents[file]) if document is None else document
            for file, document in documents.items()
        }


def count_processors() -> int:
    """Returns how many processors this process may use; 1 if it can't be forked safely."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    return len(os.sched_getaffinity(0))


def spell(document: Document) -> str | None:
    """Returns a document's values as JSON, or None if it has problems or values that JSON can't hold."""
    if document.problems:
        return None
    try:
        text = json.dumps([_spell_value(document.value)], ensure_ascii=False, separators=(",", ":"))
        text.encode()
    except ValueError:  # an unpaired surrogate, or a number of thousands of digits
        return None
    return text


def _spell_value(value: object) -> object:
    """Returns a value for JSON: a container is a list of its kind, its offset, the offsets of its parts, the parts."""
    match value:
        case yaml_reader.YamlMapping():
            parts = [one if type(one) in PLAIN else _spell_value(one) for one in value.values()]
            return [MAPPING, value.mark, value.marks, parts, list(value)]
        case yaml_reader.YamlSequence():
            parts = [one if type(one) in PLAIN else _spell_value(one) for one in value]
            return [SEQUENCE, value.mark, value.marks, parts]
        case datetime():
            return [MOMENT, value.isoformat()]
        case date():
            return [DAY, value.isoformat()]
        case _:
            return value


def restore(file: str, content: bytes, text: str | None) -> Document | None:
    """Returns the document that `spell` wrote as text, over the file's content; None if the text is not of `spell`."""
    if text is None:
        return None
    try:
        [value] = json.loads(text)
        return Document(file, decode(content), _restore_value(value) if type(value) is list else value)
    except (ValueError, TypeError, IndexError, RecursionError):
        return None


def _restore_value(spelled: list[Any]) -> object:
    kind = spelled[0]
    if kind == MAPPING:
        mapping = yaml_reader.YamlMapping(spelled[1])
        mapping.marks = spelled[2]
        parts = [_restore_value(one) if type(one) is list else one for one in spelled[3]]
        mapping.update(zip(spelled[4], parts, strict=True))
        return mapping
    if kind == SEQUENCE:
        sequence = yaml_reader.YamlSequence(spelled[1])
        sequence.marks = spelled[2]
        sequence.extend([_restore_value(one) if type(one) is list else one for one in spelled[3]])
        return sequence
    return datetime.fromisoformat(spelled[1]) if kind == MOMENT else date.fromisoformat(spelled[1])


def _parse(contents: Mapping[str, bytes], processes: int) -> Mapping[str, str | None]:
    """Returns each file as `spell` writes it; parses with several processes if the files are large enough."""
    files = list(contents.items())
    if processes > 1 and sum(map(len, contents.values())) >= LEAST_IN_PARALLEL:
        batches = [files[start :: processes * BATCHES] for start in range(processes * BATCHES)]
        with suppress(BrokenProcessPool, OSError), ProcessPoolExecutor(processes, get_context("fork")) as pool:
            return dict(chain.from_iterable(pool.map(_parse_batch, batches)))
    return dict(_parse_batch(files))


def _parse_batch(files: Sequence[tuple[str, bytes]]) -> list[tuple[str, str | None]]:
    return [(file, spell(read_yaml(file, content))) for file, content in files]


def _make_binding(version: str) -> bytes:
    """Returns all that an entry depends on beside the content: the program, PyYAML, and the files of the reader."""
    files = [sha256(_read_module(module)).hexdigest() for module in (yaml_reader, yaml_words, yaml_limits)]
    return repr((FORMAT, version, yaml.__version__, files)).encode()


def _read_module(module: ModuleType) -> bytes:
    """Returns the file that a module was loaded from, which is bytecode if the installation has no sources.

    A loader without files gives nothing: then the version of the program alone stands for its code.
    """
    return get_data(yaml_reader.__package__, Path(str(module.__file__)).name) or b""


def seal_of(name: str, text: str) -> str:
    """Returns the hash by which a damaged entry is noticed."""
    return sha256(f"{name}\0{text}".encode()).hexdigest()


def _find_stored(path: Path, names: Iterable[str]) -> Mapping[str, str]:
    """Returns the sound entries of those names; none if the file is missing, or other users can read or write it."""
    if not is_ours_alone(path):
        return {}
    try:
        with closing(connect(path, SECONDS_TO_WAIT)) as database:
            return {name: text for name in names for text in _fetch(database, name)}
    except (sqlite3.Error, OSError, ValueError):
        return {}


def _fetch(database: sqlite3.Connection, name: str) -> Iterator[str]:
    for text, seal in database.execute(FIND, (name,)):
        if isinstance(text, str) and seal == seal_of(name, text):
            yield text


def _store(path: Path, new: Mapping[str, str], used: Iterable[str]) -> None:
    """Stores the new entries, marks the used ones, and deletes old ones. If that fails, the cache stays as it was."""
    try:
        if not is_ours_alone(path):
            path.unlink(missing_ok=True)
            make_new_file(path)
        with closing(connect(path, SECONDS_TO_WAIT)) as database:
            database.execute("PRAGMA synchronous = OFF")  # an entry that a power cut damages has a wrong seal
            with transaction(database, "IMMEDIATE"):
                database.execute(TABLE)
                [(run,)] = database.execute("SELECT coalesce(max(run), 0) + 1 FROM documents")
                database.executemany(STORE, [(name, seal_of(name, text), run, text) for name, text in new.items()])
                database.executemany(MARK_USED, [(run, name) for name in used])
                database.execute("DELETE FROM documents WHERE run <= ?", (run - RUNS_KEPT,))
    except sqlite3.OperationalError:
        return  # locked by another run, or the disk is full: its entries are sound
    except sqlite3.DatabaseError:
        with suppress(OSError):
            path.unlink(missing_ok=True)  # not a database: the next run makes a new one
    except OSError:
        return
