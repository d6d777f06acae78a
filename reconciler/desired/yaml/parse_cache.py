"""YAML files that were read before, kept by their content: one that did not change is not parsed again.

What is kept is what the YAML says, value by value with its place, and never what it means: that is judged anew each
time, by the same code. Knows how documents are spelled as JSON and kept in SQLite; a file that is not ours alone, or
does not add up, is as good as none (docs/decisions/0020-parsed-files-are-kept.md).
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
from inspect import getsource
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import yaml

from reconciler.desired.yaml import reader as yaml_reader
from reconciler.desired.yaml import words as yaml_words
from reconciler.desired.yaml.reader import Document, decode, read_yaml
from reconciler.private_store import connect, is_ours_alone, make_new_file, transaction

FORMAT = 1
RUNS_KEPT = 10  # that found something new; what none of them used is dropped
SECONDS_TO_WAIT = 2.0  # for another run's transaction
LEAST_IN_PARALLEL = 2_000_000  # bytes; below that, starting processes costs what they save
BATCHES = 8  # for each process, so that none is done long before the others
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
KEEP = "INSERT OR REPLACE INTO documents (name, seal, run, said) VALUES (?, ?, ?, ?)"
USED = "UPDATE documents SET run = ? WHERE name = ?"


@dataclass(frozen=True, slots=True)
class ParseCache:
    """Where parsed files are kept, by which version of the program, and how many processes parse what is not there."""

    path: Path
    version: str
    processes: int = 1

    def read_all(self, contents: Mapping[str, bytes]) -> Mapping[str, Document]:
        """Every file as `read_yaml` reads it."""
        binding = _binding(self.version)
        names = {file: _name(binding, content) for file, content in contents.items()}
        kept = _find(self.path, names.values())
        documents = {file: restore(file, contents[file], kept.get(name)) for file, name in names.items()}
        missing = {file: contents[file] for file, document in documents.items() if document is None}
        if missing:
            spelled = _parse(missing, self.processes)
            documents |= {file: restore(file, content, spelled[file]) for file, content in missing.items()}
            new = {names[file]: said for file, said in spelled.items() if said is not None}
            _keep(self.path, new, names.values())
        return {
            file: read_yaml(file, contents[file]) if document is None else document
            for file, document in documents.items()
        }


def count_processors() -> int:
    """How many this process may use; one where processes can't be forked safely."""
    if sys.platform != "linux" or threading.active_count() > 1:
        return 1
    return len(os.sched_getaffinity(0))


def spell(document: Document) -> str | None:
    """What a document says as JSON; None where it has problems, or values that JSON can't hold."""
    if document.problems:
        return None
    try:
        said = json.dumps([_spelled(document.value)], ensure_ascii=False, separators=(",", ":"))
        said.encode()
    except ValueError:  # half a letter, or a number of thousands of digits
        return None
    return said


def _spelled(value: object) -> object:
    """A value as JSON holds it: a container as a list that begins with what it is, and where it and its parts stand."""
    match value:
        case yaml_reader.YamlMapping():
            parts = [one if type(one) in PLAIN else _spelled(one) for one in value.values()]
            return [MAPPING, value.mark, value.marks, parts, list(value)]
        case yaml_reader.YamlSequence():
            parts = [one if type(one) in PLAIN else _spelled(one) for one in value]
            return [SEQUENCE, value.mark, value.marks, parts]
        case datetime():
            return [MOMENT, value.isoformat()]
        case date():
            return [DAY, value.isoformat()]
        case _:
            return value


def restore(file: str, content: bytes, said: str | None) -> Document | None:
    """The document as it was spelled, over its own text; None where there is none, or it is not what `spell` writes."""
    if said is None:
        return None
    try:
        [value] = json.loads(said)
        return Document(file, decode(content), _meant(value) if type(value) is list else value)
    except (ValueError, TypeError, IndexError, RecursionError):
        return None


def _meant(spelled: list[Any]) -> object:
    kind = spelled[0]
    if kind == MAPPING:
        mapping = yaml_reader.YamlMapping(spelled[1])
        mapping.marks = spelled[2]
        parts = [_meant(one) if type(one) is list else one for one in spelled[3]]
        mapping.update(zip(spelled[4], parts, strict=True))
        return mapping
    if kind == SEQUENCE:
        sequence = yaml_reader.YamlSequence(spelled[1])
        sequence.marks = spelled[2]
        sequence.extend([_meant(one) if type(one) is list else one for one in spelled[3]])
        return sequence
    return datetime.fromisoformat(spelled[1]) if kind == MOMENT else date.fromisoformat(spelled[1])


def _parse(contents: Mapping[str, bytes], processes: int) -> Mapping[str, str | None]:
    """What each file says, spelled; by several processes where there is enough for them to do."""
    files = list(contents.items())
    if processes > 1 and sum(map(len, contents.values())) >= LEAST_IN_PARALLEL:
        batches = [files[start :: processes * BATCHES] for start in range(processes * BATCHES)]
        with suppress(BrokenProcessPool, OSError), ProcessPoolExecutor(processes, get_context("fork")) as pool:
            return dict(chain.from_iterable(pool.map(_parse_batch, batches)))
    return dict(_parse_batch(files))


def _parse_batch(files: Sequence[tuple[str, bytes]]) -> list[tuple[str, str | None]]:
    return [(file, spell(read_yaml(file, content))) for file, content in files]


def _binding(version: str) -> bytes:
    """What a kept document depends on beside its content: this program, its reader to the letter, and libyaml's."""
    modules = [sha256(getsource(module).encode()).hexdigest() for module in (yaml_reader, yaml_words)]
    return repr((FORMAT, version, yaml.__version__, modules)).encode()


def _name(binding: bytes, content: bytes) -> str:
    return sha256(binding + b"\0" + content).hexdigest()


def seal_of(name: str, said: str) -> str:
    """What a kept document adds up to."""
    return sha256(f"{name}\0{said}".encode()).hexdigest()


def _find(path: Path, names: Iterable[str]) -> Mapping[str, str]:
    """What is kept under those names and adds up; nothing where the file is not there, or anybody else's too."""
    if not is_ours_alone(path):
        return {}
    try:
        with closing(connect(path, SECONDS_TO_WAIT)) as shelf:
            return {name: said for name in names for said in _fetch(shelf, name)}
    except (sqlite3.Error, OSError, ValueError):
        return {}


def _fetch(shelf: sqlite3.Connection, name: str) -> Iterator[str]:
    for said, sealed in shelf.execute(FIND, (name,)):
        if isinstance(said, str) and sealed == seal_of(name, said):
            yield said


def _keep(path: Path, new: Mapping[str, str], used: Iterable[str]) -> None:
    """Writes down what is new and which were used, and drops what no run used for long; where it can't, it does not."""
    try:
        if not is_ours_alone(path):
            path.unlink(missing_ok=True)
            make_new_file(path)
        with closing(connect(path, SECONDS_TO_WAIT)) as shelf:
            shelf.execute("PRAGMA synchronous = OFF")  # what a power cut damages no longer adds up, and is parsed
            with transaction(shelf, "IMMEDIATE"):
                shelf.execute(TABLE)
                [(run,)] = shelf.execute("SELECT coalesce(max(run), 0) + 1 FROM documents")
                shelf.executemany(KEEP, [(name, seal_of(name, said), run, said) for name, said in new.items()])
                shelf.executemany(USED, [(run, name) for name in used])
                shelf.execute("DELETE FROM documents WHERE run <= ?", (run - RUNS_KEPT,))
    except sqlite3.OperationalError:
        return  # busy, or no room: what is there is sound
    except sqlite3.DatabaseError:
        with suppress(OSError):
            path.unlink(missing_ok=True)  # no database: the next run begins anew
    except OSError:
        return
