"""ARCHITECTURE.md is the rule: its table says who may import whom, and its invariants name the tests that hold them."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
MODULES = sorted((ROOT / "reconciler").rglob("*.py"))
EVERYONE_MAY = ("reconciler.errors", "reconciler.core.model")
NOT_IN_CORE = {
    "os",
    "io",
    "pathlib",
    "socket",
    "subprocess",
    "time",
    "random",
    "secrets",
    "asyncio",
    "threading",
    "sqlite3",
}


@dataclass(frozen=True)
class Room:
    """A row of the table: a package or module, what of ours it may import, and which libraries."""

    name: str
    ours: tuple[str, ...]
    libraries: tuple[str, ...]


def read_rooms() -> list[Room]:
    """The rows of the module table."""
    rows = re.findall(r"^\| `(reconciler[\w.]*)` \| [^|]* \| ([^|]*) \| ([^|]*) \|$", PAGE, flags=re.MULTILINE)
    return [
        Room(name, tuple(re.findall(r"`([\w.]+)`", ours)), tuple(re.findall(r"`([\w.]+)`", libraries)))
        for name, ours, libraries in rows
    ]


def name_of(path: Path) -> str:
    """The dotted name of a module's file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_below(module: str, room: str) -> bool:
    """Whether a module is the room or in it."""
    return module == room or module.startswith(room + ".")


def room_of(module: str) -> Room:
    """The row that rules a module: the most particular one."""
    rooms = [room for room in read_rooms() if is_below(module, room.name)]
    return max(rooms, key=lambda room: len(room.name))


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_what_its_row_allows(path: Path) -> None:
    """The table in ARCHITECTURE.md is the import rule."""
    module = name_of(path)
    room = room_of(module)
    allowed = (*EVERYONE_MAY, *room.ours, *room.libraries, "reconciler.version")

    refused = [
        imported
        for imported in imports_of(path)
        if imported.split(".")[0] not in sys.stdlib_module_names
        and imported not in {"reconciler", "__future__"}
        and not any(is_below(imported, one) for one in allowed)
    ]

    assert [] == refused


@pytest.mark.parametrize("path", [path for path in MODULES if "core" in path.parts], ids=name_of)
def test_the_core_touches_nothing(path: Path) -> None:
    """No module of core imports what reads a file, a socket, a clock or chance."""
    assert set() == {imported.split(".")[0] for imported in imports_of(path)} & NOT_IN_CORE


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Late imports count too: a circle is two modules that are one."""
    names = {name_of(path) for path in MODULES}
    TopologicalSorter({name_of(path): names & {*imports_of(path)} for path in MODULES}).prepare()


def test_only_settings_reads_the_environment() -> None:
    """`os.environ` and `getenv` appear in settings alone; starting a child process passes its own environment on."""
    readers = {
        name_of(path) for path in MODULES if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
    }

    assert {"reconciler.settings"} == readers


def test_only_the_two_clients_import_httpx() -> None:
    """What can leave this process is said in one module for the account, and in one for GitHub."""
    assert {"reconciler.live.client", "reconciler.github.client"} == {
        name_of(path) for path in MODULES if "httpx" in set(imports_of(path))
    }


def test_every_invariant_names_a_test_that_exists() -> None:
    """Fourteen invariants, each with at least one test by file and name."""
    invariants = re.findall(r"^(\d+)\. \*\*(.+?)(?=^\d+\. \*\*|^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert [str(number) for number in range(1, 15)] == [number for number, _text in invariants]

    for number, text in invariants:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
        assert named, f"invariant {number} names no test"
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"invariant {number}: {file}::{test}"


def test_every_room_of_the_table_exists() -> None:
    """A row for what is gone is a lie."""
    modules = {name_of(path) for path in MODULES}
    assert [] == [room.name for room in read_rooms() if room.name not in modules]
