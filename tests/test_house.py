"""The sizes of functions, files and folders, the names of classes, and the paths that documents and tools name."""

import ast
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.core.changes.plan import AttributeChange, UpdateUser
from reconciler.core.model.messages import Request
from reconciler.core.planner.steps import make_request, make_steps
from reconciler.core.scim.wire import DIALECTS
from tests.mutation.subjects import SUBJECTS

ROOT = Path(__file__).parent.parent
SHORT_FUNCTION, LONGEST_FUNCTION, LONGEST_FILE, MOST_MODULES = 25, 45, 320, 20
FILES = sorted((ROOT / "reconciler").rglob("*.py"))


def measure_functions() -> Iterator[tuple[int, str]]:
    """Yields the length of every function in lines, without its docstring, and its place."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = _lines(node) - (_lines(node.body[0]) if ast.get_docstring(node) else 0)
                yield lines, f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_nine_functions_in_ten_are_short_and_none_is_long() -> None:
    """A function fits on half a screen."""
    lengths = list(measure_functions())
    short = [lines for lines, _where in lengths if lines < SHORT_FUNCTION]

    assert [] == [where for lines, where in lengths if lines > LONGEST_FUNCTION]
    assert len(short) >= 0.9 * len(lengths)


def test_no_file_is_long() -> None:
    """A file can be read in one sitting."""
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}

    assert {} == {name: lines for name, lines in lengths.items() if lines >= LONGEST_FILE}


def test_no_folder_has_more_modules_than_a_person_takes_in() -> None:
    """And the core has packages only, so its folder lists what the program knows."""
    folders = Counter(path.parent for path in FILES if path.name != "__init__.py")

    assert {} == {str(folder.relative_to(ROOT)): count for folder, count in folders.items() if count > MOST_MODULES}
    assert 0 == folders[ROOT / "reconciler" / "core"]


def test_every_file_that_the_tour_names_is_there() -> None:
    """CONTRIBUTING.md follows one change, file by file; it also names commands and other files."""
    paths = r"`((?:reconciler|tests|scripts|docs|desired-state)/[\w/.-]+)(?: [^`]*)?`"
    named = re.findall(paths, (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))

    assert len(named) > MOST_MODULES
    assert [] == [name for name in named if not (ROOT / name).exists()]


def test_the_tour_shows_the_request_that_the_program_makes() -> None:
    """Step 9 shows the request for the new title, in the dialect of 4me."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    before, after = re.findall(r"^[-+] +title: (.+)$", text, flags=re.MULTILINE)
    method, path, body = re.findall(r"^ +(PATCH) (\S+)\n +(\{.+\})$", text, flags=re.MULTILINE)[0]
    key, live_id = "user/kwame.boateng", path.rpartition("/")[2]
    title = AttributeChange(path="title", before=before, after=after)
    (step,) = make_steps([UpdateUser(key=key, name="Kwame Boateng", target_id=live_id, attributes=(title,))], "scim")

    assert Request(method, path, json.loads(body)) == make_request(step, {key: live_id}, DIALECTS["4me"])


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_modules_functions_and_tests_of_the_mutations_exist(name: str) -> None:
    """scripts/mutation runs by hand, so a module that moves would break it unseen."""
    subject = SUBJECTS[name]
    text = (ROOT / subject.module).read_text(encoding="utf-8")

    assert [] == [test for test in subject.tests if not (ROOT / test).exists()]
    assert [] == [function for function in subject.inside or () if f"def {function}(" not in text]


def test_a_public_class_has_a_name_of_its_own() -> None:
    """A reader who searches for a class finds one."""
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for path in FILES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(path.relative_to(ROOT)))

    assert {} == {name: paths for name, paths in homes.items() if len(paths) > 1}
