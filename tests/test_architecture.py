"""ARCHITECTURE.md is the rule: its tables list what each package may import, its invariants the tests that hold."""

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
NAMES = frozenset(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES)
CORE = "reconciler.core"
EVERY_ROOM_MAY = ("reconciler.errors", "reconciler.version", "reconciler.core.model")
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
    """A row of a table: a package or module, which of our modules it may import, and which libraries."""

    name: str
    ours: tuple[str, ...]
    libraries: tuple[str, ...]


def read_rooms() -> list[Room]:
    """Returns the rows of both tables; a row below `reconciler.core` names packages of core alone, without prefix."""
    rows = re.findall(r"^\| `(reconciler[\w.]*)` \| [^|]* \| ([^|]*) \| ([^|]*) \|$", PAGE, flags=re.MULTILINE)
    return [
        Room(
            name,
            tuple(f"{CORE}.{one}" if is_below(name, CORE) else one for one in re.findall(r"`([\w.]+)`", ours)),
            tuple(re.findall(r"`([\w.]+)`", libraries)),
        )
        for name, ours, libraries in rows
    ]


def name_of(path: Path) -> str:
    """Returns the dotted name of a module's file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_imports(path: Path) -> frozenset[str]:
    """Returns every module that a file imports, at its head or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import():
                found.update(alias.name for alias in node.names)
            case ast.ImportFrom(module=str(module), level=0):
                found.add(module)
                found.update({f"{module}.{alias.name}" for alias in node.names} & NAMES)
    return frozenset(found)


def is_below(module: str, room: str) -> bool:
    """Returns whether a module is the room or in it."""
    return module == room or module.startswith(room + ".")


ROOMS = read_rooms()


@cache
def imports_by_module() -> Mapping[str, frozenset[str]]:
    """Returns the imports of each of our modules; cached, because parsing all files takes a second."""
    return {name_of(path): read_imports(path) for path in MODULES}


def room_of(module: str) -> Room:
    """Returns the row of a module: the one with the longest name."""
    return max((room for room in ROOMS if is_below(module, room.name)), key=lambda room: len(room.name))


def own_package(room: Room) -> tuple[str, ...]:
    """Returns the room itself, which its modules may import, unless other rooms are in it."""
    return () if any(is_below(other.name, room.name) for other in ROOMS if other is not room) else (room.name,)


def list_refused(module: str) -> list[str]:
    """Returns the imports of a module that its row does not allow."""
    room = room_of(module)
    allowed = (*EVERY_ROOM_MAY, *own_package(room), *room.ours, *room.libraries)
    return sorted(
        imported
        for imported in imports_by_module()[module]
        if imported.split(".")[0] not in sys.stdlib_module_names
        and imported not in {"reconciler", "__future__"}
        and not any(is_below(imported, one) for one in allowed)
    )


def test_a_module_imports_what_its_row_allows() -> None:
    """The tables in ARCHITECTURE.md are the import rule."""
    assert {} == {module: refused for module in imports_by_module() if (refused := list_refused(module))}


def test_a_row_allows_nothing_that_its_modules_do_not_import() -> None:
    """A permission without a use would let a new import pass unseen."""
    unused = {
        (room.name, allowed)
        for room in ROOMS
        for allowed in (*room.ours, *room.libraries)
        if not any(
            is_below(imported, allowed)
            for module, imports in imports_by_module().items()
            if room_of(module) is room
            for imported in imports
        )
    }

    assert set() == unused


def test_every_package_of_core_has_a_row_that_names_packages_of_core() -> None:
    """`reconciler.core` itself stands in no row of core: each package is allowed by its name."""
    packages = {f"{CORE}.{path.parent.name}" for path in (ROOT / "reconciler" / "core").glob("*/__init__.py")}
    rows = {room.name: room for room in ROOMS if is_below(room.name, CORE) and room.name != CORE}

    assert packages == rows.keys()
    assert set() == {allowed for room in rows.values() for allowed in room.ours} - packages


def test_the_core_touches_nothing() -> None:
    """No module of core imports what reads a file, a socket, a clock or chance."""
    core = {module: imports for module, imports in imports_by_module().items() if is_below(module, CORE)}
    touched = {
        module: {imported.split(".")[0] for imported in imports} & NOT_IN_CORE for module, imports in core.items()
    }

    assert core
    assert {} == {module: names for module, names in touched.items() if names}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions count too: modules in a circle are one module."""
    every = imports_by_module()
    TopologicalSorter({module: imports & every.keys() for module, imports in every.items()}).prepare()


def test_no_packages_import_each_other_in_a_circle() -> None:
    """Each row of the tables is one package, so two packages of core that need each other are one package."""
    graph: dict[str, set[str]] = {room.name: set() for room in ROOMS}
    for module, imports in imports_by_module().items():
        package = room_of(module).name
        graph[package] |= {room_of(one).name for one in imports if is_below(one, "reconciler")} - {package}

    TopologicalSorter(graph).prepare()


def test_only_settings_reads_the_environment() -> None:
    """`os.environ` and `getenv` appear in settings alone; a child process inherits the environment."""
    readers = {
        name_of(path) for path in MODULES if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
    }

    assert {"reconciler.settings"} == readers


def test_only_the_two_clients_and_what_bounds_them_import_httpx() -> None:
    """One module sends to the account, and one to GitHub; the third opens their connections and sends nothing."""
    assert {"reconciler.live.client", "reconciler.github.client", "reconciler.bounded_http"} == {
        module for module, imports in imports_by_module().items() if "httpx" in imports
    }


def test_every_file_that_the_page_names_exists() -> None:
    """The page writes paths as they are below `reconciler/`."""
    named = re.findall(r"`([\w/]+\.py|[\w/]+/)`", PAGE)

    assert named
    assert [] == [name for name in named if not (ROOT / "reconciler" / name).exists()]


def test_every_invariant_names_a_test_that_exists() -> None:
    """The page has nineteen invariants, each with at least one test by file and name."""
    invariants = re.findall(r"^(\d+)\. \*\*(.+?)(?=^\d+\. \*\*|^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert [str(number) for number in range(1, 20)] == [number for number, _text in invariants]

    for number, text in invariants:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
        assert named, f"invariant {number} names no test"
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"invariant {number}: {file}::{test}"


def test_every_room_of_the_tables_exists() -> None:
    """A row names a package or module that exists."""
    assert [] == [room.name for room in ROOMS if room.name not in imports_by_module()]
