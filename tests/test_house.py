"""Limits that keep the code readable: sizes of functions, files and folders; the tour of CONTRIBUTING is true."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHORT_FUNCTION, LONGEST_FUNCTION, LONGEST_FILE, MOST_MODULES = 25, 45, 320, 20
FILES = sorted((ROOT / "reconciler").rglob("*.py"))


def measure_functions() -> Iterator[tuple[int, str]]:
    """The lines of every function without its docstring, and where the function is."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = _lines(node) - (_lines(node.body[0]) if ast.get_docstring(node) else 0)
                yield lines, f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_nine_functions_in_ten_are_short_and_none_is_long() -> None:
    """A function fits on a screen with room to spare."""
    lengths = list(measure_functions())
    short = [lines for lines, _where in lengths if lines < SHORT_FUNCTION]

    assert [] == [where for lines, where in lengths if lines > LONGEST_FUNCTION]
    assert len(short) >= 0.9 * len(lengths)


def test_no_file_is_long() -> None:
    """A file is read in one go."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}

    assert {} == {name: lines for name, lines in lengths.items() if lines >= LONGEST_FILE}


def test_no_folder_has_more_modules_than_a_person_takes_in() -> None:
    """And the core has packages only: a stranger opens it and reads what the product knows."""
    folders = Counter(path.parent for path in FILES if path.name != "__init__.py")

    assert {} == {str(folder.relative_to(ROOT)): count for folder, count in folders.items() if count > MOST_MODULES}
    assert 0 == folders[ROOT / "reconciler" / "core"]


def test_every_file_that_the_tour_names_is_there() -> None:
    """CONTRIBUTING.md follows one change, file by file."""
    named = re.findall(r"`(reconciler/[\w/.]+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))

    assert named
    assert [] == [name for name in named if not (ROOT / name).exists()]


def test_a_public_class_has_a_name_of_its_own() -> None:
    """One name, one thing, wherever it is."""
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for path in FILES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(ROOT)))

    assert {} == {name: paths for name, paths in homes.items() if len(paths) > 1}
