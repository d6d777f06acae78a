"""The record of applies damaged and forged, one commit and one field at a time, and read through the command line.

`python -m tests.ownership.real.forge` tries all of it; a few are in the suite.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.cli.project import Project, Ran

RECORD = "refs/heads/reconciler/here"
SETTINGS = """\
tenants: {here: {url: sandbox, scope: all}}
guardrails: {max_deactivations: {count: 99}, max_member_removals: {count: 99}}
"""
COMPANY = ("ann.lee", "bob.roy", "cid.fox", "dee.ray", "eve.oak", "fay.elm")
LEAVER, ELSEWHERE, STRANGER = "kai.brand", "lou.stone", "max.winter"
MISSING = object()
VALUES: Sequence[Any] = (
    *(MISSING, None, "", "x" * 2_000, "all", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+00:00", "not a time"),
    *(-1, 0, 1, 10**9, 10**30, 1.5, True, [], ["x"], {}, {"x": 1}, {"kind": "all"}, {"kind": "only"}, "ended", "begun"),
    *("recovered", "full", "targeted", "\ud800", "--upload-pack=touch", "../..", "HEAD", "refs/heads/main", "0" * 40),
)
COMMANDS = (
    ("plan", "--exit-code"),
    ("drift",),
    ("ownership", "show"),
    ("ownership", "show", f"user/{LEAVER}"),
    ("log", "--applies"),
    ("apply", "--yes"),
)
ALLOWED = {"plan": {0, 3, 4}, "drift": {0, 1, 3, 4}, "ownership": {0, 2, 4}, "log": {0, 4}, "apply": {0, 1, 4}}

Forgery: TypeAlias = Callable[[], str]


@dataclass
class Bench:
    """A project after some applies: its record, commit by commit, and the account as it was then."""

    project: Project
    line: list[str]
    main: str
    side: str

    def texts(self) -> list[bytes]:
        """What each record says, the oldest first."""
        return [self.project.git("show", f"{one}:apply.json").encode() for one in self.line]

    def rebuild(self, index: int, text: bytes) -> str:
        """The branch with another text at one record; those after it follow anew."""
        before = self.line[index - 1] if index else None
        for number, old in enumerate(self.line[index:], index):
            said = text if number == index else self.project.git("show", f"{old}:apply.json").encode()
            before = self.commit(said, before, self.project.git("show", "-s", "--format=%P", old).split()[-1])
        assert before is not None
        return before

    def commit(self, text: bytes, before: str | None, applied: str | None) -> str:
        """A commit that holds a text as a record."""
        path = self.project.root / ".git" / "forged"
        path.write_bytes(text)
        blob = self.project.git("hash-object", "-w", str(path)).strip()
        return self.commit_tree(f"100644 blob {blob}\tapply.json\n", before, applied)

    def commit_tree(self, entries: str, before: str | None, applied: str | None) -> str:
        """A commit with these entries in its tree."""
        path = self.project.root / ".git" / "forged-index"
        path.unlink(missing_ok=True)
        self.project.environment.pop("GIT_INDEX_FILE", None)
        listed = [line.split("\t") for line in entries.splitlines()]
        for kind, name in listed:
            mode, _what, blob = kind.split()
            self._index(path, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{name}")
        tree = self._index(path, "write-tree").strip()
        parents = [word for one in (before, applied) if one for word in ("-p", one)]
        return self.project.git("commit-tree", tree, *parents, "-m", "forged").strip()

    def _index(self, path: Path, *arguments: str) -> str:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("GIT_INDEX_FILE", str(path))
            return self.project.git(*arguments)

    def forge(self, tip: str) -> None:
        """The branch is that, and the account is as it was."""
        self.project.git("update-ref", RECORD, tip)
        private = self.project.root / ".reconciler"
        shutil.rmtree(private)
        shutil.copytree(self.project.root / "private-before", private)

    def active(self) -> set[str]:
        """The userNames of those who have access."""
        with self.project.account("here") as store:
            users = store.simulator().users.values()
            return {str(one["userName"]).removesuffix("@example.com") for one in users if one["active"]}


def people(*names: str, more: str = "") -> str:
    """Users by name, in a group and with a role."""
    lines = "".join(f"  {name}: {{userName: {name}@example.com, displayName: {name.title()}}}\n" for name in names)
    roles = f"role_assignments: [{{role: auditor, users: [{names[0]}]}}]\n"
    return f"users:\n{lines}groups:\n  staff: {{displayName: Staff, members: [{', '.join(names)}]}}\n{roles}{more}"


def start_bench(root: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Two applies and a partial one; a leaver who is not applied yet; one who is declared on another branch alone."""
    project = Project(root, monkeypatch)
    project.write(SETTINGS, "desired-state/tenants.yaml")
    project.commit(people(*COMPANY))
    assert 0 == project.run("apply", "--yes").code
    project.git("checkout", "--quiet", "-b", "side")
    side = project.commit(people(*COMPANY, ELSEWHERE))
    project.git("checkout", "--quiet", "main")
    with project.account("here") as store:
        store.seed([_stranger(ELSEWHERE), _stranger(STRANGER)])
    project.commit(people(*COMPANY, LEAVER))
    assert 0 == project.run("apply", "--yes").code
    project.commit(people(*COMPANY[:-1], LEAVER))
    assert 0 == project.run("apply", "--yes", "--only", f"user/{COMPANY[-1]}").code
    main = project.commit(people(*COMPANY[:-1]))
    line = project.git("rev-list", "--reverse", "--topo-order", RECORD, "--not", "main").split()
    shutil.copytree(project.root / ".reconciler", project.root / "private-before")
    return Bench(project, line, main, side)


def _stranger(name: str) -> dict[str, Any]:
    schema = "urn:ietf:params:scim:schemas:core:2.0:User"
    return {"schemas": [schema], "userName": f"{name}@example.com", "externalId": name, "active": True}


def list_forgeries(bench: Bench) -> Iterator[tuple[str, Forgery]]:
    """Every forgery: what it is, and what makes it and returns the tip of the branch."""
    for index, text in enumerate(bench.texts()):
        said = json.loads(text)
        for name in sorted(
            {*said, "until", "open", "sample", "effects", "only", "whole", "unsettled", "ignored", "more"}
        ):
            for value in (*VALUES, bench.side, bench.main):
                forged = {key: one for key, one in said.items() if key != name}
                if value is not MISSING:
                    forged[name] = value
                yield f"{index} {name} {str(value)[:40]!r}", partial(bench.rebuild, index, json.dumps(forged).encode())
        yield from _forge_bytes(bench, index, text)
    yield from _forge_trees(bench)


def _forge_bytes(bench: Bench, index: int, text: bytes) -> Iterator[tuple[str, Forgery]]:
    bad = {
        "empty": b"",
        "half": text[: len(text) // 2],
        "NUL": b"\0" * 100,
        "not UTF-8": b"\xff\xfe" + text,
        "twice": text + text,
        "deep": b"[" * 100_000,
        "a list": b"[]",
        "NaN": text.replace(b'"serial":1', b'"serial":NaN'),
        "double": text[:-2] + b',"state":"begun"}',
    }
    for what, content in bad.items():
        yield f"{index} {what}", partial(bench.rebuild, index, content)


def _forge_trees(bench: Bench) -> Iterator[tuple[str, Forgery]]:
    """Trees and parents that no apply writes."""
    tip, text = bench.line[-1], bench.texts()[-1]
    blob = bench.project.git("rev-parse", f"{tip}:apply.json").strip()
    said = json.loads(text)
    yield "no file", partial(bench.commit_tree, "", tip, bench.main)
    yield "another file", partial(bench.commit_tree, f"100644 blob {blob}\tother.json\n", tip, bench.main)
    yield "a link", partial(bench.commit_tree, f"120000 blob {blob}\tapply.json\n", tip, bench.main)
    yield "a module", partial(bench.commit_tree, f"160000 commit {tip}\tapply.json\n", tip, bench.main)
    yield "a folder", partial(bench.commit_tree, f"100644 blob {blob}\tapply.json/x\n", tip, bench.main)
    yield (
        "more files",
        partial(bench.commit_tree, f"100644 blob {blob}\tapply.json\n100644 blob {blob}\tz\n", tip, bench.main),
    )
    yield "no parents", partial(bench.commit, text, None, None)
    yield "only the record before", partial(bench.commit, text, tip, None)
    yield "HEAD", lambda: bench.main
    yield (
        "an apply of another branch",
        partial(bench.commit, _text(said, commit=bench.side, serial=9, **WHOLE), tip, bench.side),
    )
    yield "an apply of HEAD", partial(bench.commit, _text(said, commit=bench.main, serial=9, **WHOLE), tip, bench.main)
    yield (
        "another branch, by HEAD's tree",
        partial(
            bench.commit,
            _text(
                said,
                commit=bench.side,
                serial=9,
                tree=bench.project.git("rev-parse", f"{bench.main}:desired-state").strip(),
                **WHOLE,
            ),
            tip,
            bench.side,
        ),
    )
    for kind in ("begun", "ended", "recovered"):
        yield (
            f"{kind} of another branch",
            partial(bench.commit, _text(said, commit=bench.side, serial=9, state=kind), tip, bench.side),
        )
    yield "everybody is covered", partial(bench.commit, _text(said, serial=9, **WHOLE), tip, said["commit"])
    two = ("-p", bench.line[0], "-p", bench.line[2])
    yield "two tips", lambda: bench.project.git("commit-tree", f"{tip}^{{tree}}", *two, "-m", "x").strip()


WHOLE = {"state": "ended", "whole": True, "only": False, "mode": "full", "covers": {"kind": "all"}}


def _text(said: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({**said, **fields}).encode()


def try_forgery(bench: Bench, make: Forgery) -> str:
    """What is wrong with what the commands do, or nothing. Nobody loses access whom no commit here ever declared."""
    bench.forge(make())
    before = bench.active()
    for command in COMMANDS:
        ran = _run(bench, command)
        if isinstance(ran, str):
            return f"{' '.join(command)}: {ran}"
        if ran.code not in ALLOWED[command[0]] or "Traceback" in ran.said:
            return f"{' '.join(command)}: exit {ran.code}: {ran.said[-300:]}"
        if command[0] in ("plan", "drift") and (hit := _find_hit(ran)):
            return f"{' '.join(command)}: {hit} would lose access"
    if lost := before - bench.active() - {LEAVER, COMPANY[-1]}:
        return f"lost access: {sorted(lost)}"
    return ""


def _run(bench: Bench, command: Sequence[str]) -> Ran | str:
    try:
        return bench.project.run(*command)
    except Exception as error:  # noqa: BLE001  # that is what is looked for
        return f"{type(error).__name__}: {str(error)[:200]}"


def _find_hit(ran: Ran) -> str:
    gone = re.search(rf"- ({ELSEWHERE}|{STRANGER})\S* .*loses access", ran.said)
    return gone[1] if gone else ""


def main() -> int:
    """Tries every forgery; every nth, where that is asked for."""
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    tried, wrong = 0, dict[str, str]()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        bench = start_bench(Path(folder) / "project", monkeypatch)
        for number, (what, make) in enumerate(list_forgeries(bench)):
            if number % step:
                continue
            tried += 1
            if found := try_forgery(bench, make):
                wrong[what] = found
                print(f"{what}: {found}", flush=True)  # noqa: T201
    print(f"{tried} forgeries, {len(wrong)} wrong")  # noqa: T201
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
