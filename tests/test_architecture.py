"""ARCHITECTURE.md holds: its table of allowed imports, and the tests that it names for its invariants."""

import ast
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

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


def read_imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                found.update(alias.name for alias in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module)
    return frozenset(found)


ROOMS = read_rooms()


@cache
def imports_by_module() -> Mapping[str, frozenset[str]]:
    """What each of our modules imports; reading them all takes a second."""
    return {name_of(path): read_imports(path) for path in MODULES}


def is_below(module: str, room: str) -> bool:
    """Whether a module is the room or in it."""
    return module == room or module.startswith(room + ".")


def room_of(module: str) -> Room:
    """The row that rules a module: the most particular one."""
    return max((room for room in ROOMS if is_below(module, room.name)), key=lambda room: len(room.name))


def list_refused(module: str) -> list[str]:
    """What a module imports and its row does not allow."""
    room = room_of(module)
    allowed = (*EVERYONE_MAY, *room.ours, *room.libraries, "reconciler.version")
    return sorted(
        imported
        for imported in imports_by_module()[module]
        if imported.split(".")[0] not in sys.stdlib_module_names
        and imported not in {"reconciler", "__future__"}
        and not any(is_below(imported, one) for one in allowed)
    )


def test_a_module_imports_what_its_row_allows() -> None:
    """The table in ARCHITECTURE.md is the import rule."""
    assert {} == {module: refused for module in imports_by_module() if (refused := list_refused(module))}


def test_the_core_touches_nothing() -> None:
    """No module of core imports what reads a file, a socket, a clock or chance."""
    core = {module: imports for module, imports in imports_by_module().items() if is_below(module, "reconciler.core")}
    touched = {
        module: {imported.split(".")[0] for imported in imports} & NOT_IN_CORE for module, imports in core.items()
    }

    assert core
    assert {} == {module: names for module, names in touched.items() if names}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Late imports count too: a circle is two modules that are one."""
    every = imports_by_module()
    TopologicalSorter({module: imports & every.keys() for module, imports in every.items()}).prepare()


def test_only_settings_reads_the_environment() -> None:
    """`os.environ` and `getenv` appear in settings alone; starting a child process passes its own environment on."""
    readers = {
        name_of(path) for path in MODULES if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
    }

    assert {"reconciler.settings"} == readers


def test_only_the_two_clients_import_httpx() -> None:
    """What can leave this process is said in one module for the account, and in one for GitHub."""
    assert {"reconciler.live.client", "reconciler.github.client"} == {
        module for module, imports in imports_by_module().items() if "httpx" in imports
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
    assert [] == [room.name for room in ROOMS if room.name not in imports_by_module()]
