"""The first-parent commits since the last ended apply, in real repositories."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.core.record.history import ApplyHistory
from reconciler.core.record.record import Covers, RecordEntry
from reconciler.errors import UsageError
from reconciler.pipeline.pull_requests.window import (
    MOST_COMMITS,
    MOST_OTHERS,
    MergeWindow,
    find_recent,
    find_window,
    runs_own_files,
)
from reconciler.settings import Settings
from tests.core.ownership.histories import make_record
from tests.desired.repository import Clone, make_clone

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=14)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A repository with one commit, of an hour ago."""
    monkeypatch.setenv("GIT_COMMITTER_DATE", (NOW - timedelta(hours=1)).isoformat())
    made = make_clone(tmp_path / "clone")
    made.commit({"desired-state/all.yaml": "users: {}\n"})
    return made


def change(clone: Clone, name: str) -> str:
    return clone.commit({f"desired-state/{name}.yaml": "{}\n"})


def applied(*commits: str, **last: object) -> ApplyHistory:
    """Returns a record with one ended apply of each commit; `last` are fields of the last one."""
    entries = []
    for number, commit in enumerate(commits, start=1):
        fields = {"whole": True, **(last if number == len(commits) else {})}
        record = make_record(number, str(fields.pop("state", "ended")), **fields).model_copy(update={"commit": commit})
        entries.append(RecordEntry(f"r{number}", (f"r{number - 1}",) if number > 1 else (), record))
    return ApplyHistory(tuple(entries))


def window_of(clone: Clone, history: ApplyHistory, revision: str = "HEAD") -> MergeWindow:
    repository = clone.found()
    return find_window(repository, history, repository.commit_named(revision), LONG_AGO)


def test_merges_squashes_rebases_and_pushes_are_each_commits_of_the_line(clone: Clone) -> None:
    """Of a merged branch, the merge commit alone is; its own commits are not."""
    start = clone.git("rev-parse", "HEAD")
    clone.git("switch", "--quiet", "--create", "topic")
    within = change(clone, "within")
    clone.git("switch", "--quiet", "main")
    squash = change(clone, "squash")
    clone.git("merge", "--quiet", "--no-ff", "--message", "merge", "topic")
    merge = clone.git("rev-parse", "HEAD")
    rebased = [change(clone, "one"), change(clone, "two")]

    found = window_of(clone, applied(start))

    assert [squash, merge, *rebased] == found.ids
    assert within not in found.ids
    assert (start, start) == (found.since, found.before)
    assert all(one.changes for one in found.line)


def test_what_an_apply_of_another_line_reached_is_not_in_the_window(clone: Clone) -> None:
    """Two records were joined, and HEAD contains both applied commits."""
    start = clone.git("rev-parse", "HEAD")
    clone.git("switch", "--quiet", "--create", "topic")
    other = change(clone, "other")
    clone.git("switch", "--quiet", "main")
    one = change(clone, "one")
    clone.git("merge", "--quiet", "--no-ff", "--message", "merge", "topic")
    last = [
        RecordEntry(id_, (), make_record(number, whole=True).model_copy(update={"commit": commit}))
        for number, (id_, commit) in enumerate((("a", start), ("b", other), ("c", one)), start=1)
    ]

    assert [clone.git("rev-parse", "HEAD")] == window_of(clone, ApplyHistory(tuple(last))).ids


@pytest.mark.parametrize(
    "last", [{"covers": Covers(kind="only"), "whole": False}, {"only": True}, {"open": "all"}, {"state": "begun"}]
)
def test_an_apply_that_uses_no_approval_up_does_not_open_it(last: dict[str, object], clone: Clone) -> None:
    """It was abandoned, limited to some keys, left more open than it lists, or was killed."""
    start = clone.git("rev-parse", "HEAD")
    one, two = change(clone, "one"), change(clone, "two")

    assert [one, two] == window_of(clone, applied(start, one, **last)).ids
    assert [two] == window_of(clone, applied(start, one)).ids


def test_an_apply_of_the_same_commit_does_not_close_it(clone: Clone) -> None:
    """Its job may run again when a plan run has finished that was late. A recovery at that commit does close it."""
    start = clone.git("rev-parse", "HEAD")
    one = change(clone, "one")

    again = window_of(clone, applied(start, one))

    assert ([one], start) == (again.ids, again.since)
    assert [] == window_of(clone, applied(start, one, state="recovered", whole=False)).ids


def test_an_old_commit_has_nothing_to_gather_after_a_later_apply(clone: Clone) -> None:
    start = clone.git("rev-parse", "HEAD")
    one, two = change(clone, "one"), change(clone, "two")

    assert ([], two) == (window_of(clone, applied(start, one, two), one).ids, two)


def test_before_any_apply_the_window_has_the_days_of_approvals(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later commits are in it even if one of them has an older date."""
    recent = change(clone, "recent")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2020-01-01T00:00:00+00:00")
    old = change(clone, "old")
    repository = clone.found()
    first = clone.git("rev-list", "--max-parents=0", "HEAD")

    found = window_of(clone, ApplyHistory())

    assert ([first, recent, old], None, None) == (found.ids, found.since, found.before)
    late = find_window(repository, ApplyHistory(), old, NOW)
    assert ([], None) == (late.ids, late.before)


def test_of_a_long_window_the_newest_commits_are_asked_about(clone: Clone) -> None:
    """The others are named."""
    start = clone.git("rev-parse", "HEAD")
    stream = "".join(
        f"commit refs/heads/main\ncommitter Ann <ann@example.com> 1795536000 +0000\ndata 0\n"
        f"{f'from {start}' if number == 0 else ''}\n"
        f"M 100644 inline desired-state/n.yaml\ndata {len(str(number))}\n{number}\n"
        for number in range(MOST_COMMITS + 3)
    )
    clone.git("fast-import", "--quiet", stdin=stream.encode())
    every = clone.git("rev-list", "--reverse", f"{start}..main").split()

    found = window_of(clone, applied(start), "main")

    assert (every[3:], tuple(every[:3]), every[2]) == (found.ids, found.older, found.before)
    first = window_of(clone, ApplyHistory(), "main")
    assert (every[3:], (clone.git("rev-parse", f"{start}"), *every[:3])) == (first.ids, first.older)
    assert all(one.changes for one in found.line)


def test_commits_whose_approvals_have_expired_are_not_asked_about(
    clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing was to do for long, no apply ended, and the window would grow with each merge."""
    start = clone.git("rev-parse", "HEAD")
    monkeypatch.setenv("GIT_COMMITTER_DATE", (LONG_AGO - timedelta(seconds=1)).isoformat())
    old = [change(clone, "old"), change(clone, "older")]
    monkeypatch.setenv("GIT_COMMITTER_DATE", LONG_AGO.isoformat())
    recent = change(clone, "recent")

    found = window_of(clone, applied(start))

    assert ([recent], tuple(old), start, old[-1]) == (found.ids, found.older, found.since, found.before)


def test_a_shallow_clone_does_not_show_the_window(clone: Clone, tmp_path: Path) -> None:
    start = clone.git("rev-parse", "HEAD")
    change(clone, "one")
    clone.git("clone", "--quiet", "--depth=1", f"file://{clone.root}", str(tmp_path / "shallow"))

    with pytest.raises(
        UsageError, match="this clone is shallow, so the merges since the last apply are unknown: fetch"
    ):
        window_of(Clone(tmp_path / "shallow"), applied(start))


def test_an_applied_commit_that_is_missing_is_named(clone: Clone) -> None:
    """A record that was joined by hand; then the window is unknown."""
    with pytest.raises(UsageError, match="names no commit in this clone"):
        window_of(clone, applied("b" * 40))


def push_event(tmp_path: Path, event: object, name: str = "push") -> Settings:
    file = tmp_path / "event.json"
    file.write_text(event if isinstance(event, str) else json.dumps(event))
    return Settings({"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file)})


def test_commits_of_this_push_may_not_be_listed_yet(clone: Clone, tmp_path: Path) -> None:
    """A queue makes its commits long before it pushes them. An empty commit has nothing to approve."""
    start = clone.git("rev-parse", "HEAD")
    one, two, empty = change(clone, "one"), change(clone, "two"), clone.commit()
    window = window_of(clone, applied(start))

    def recent(event: object, name: str = "push", now: datetime = NOW) -> frozenset[str]:
        return find_recent(window, push_event(tmp_path, event, name).job(), now)

    assert not window.line[-1].changes
    assert {two} == recent({"before": one})
    assert {one, two} == recent({"before": start})
    assert set() == recent({"before": empty})
    for other in ("{", "[]", {"before": 7}, {}):
        assert set() == recent(other)
    assert set() == recent({"before": one}, "workflow_dispatch")
    assert set() == find_recent(window, Settings({}).job(), NOW)
    assert {one, two} == recent({}, now=NOW - timedelta(minutes=50))


WORKFLOW = "jobs: {{plan: {{steps: [{{uses: actions/checkout@v6}}, {{{}}}]}}}}\n"


@pytest.mark.parametrize(
    ("step", "own"),
    [
        ("uses: ./", True),
        ('"uses" : "./.github/actions/a"', True),
        ("uses: '../a'", True),
        ("uses: *own", True),
        ("uses: &own ./action", True),
        ("uses: !!str ./action", True),
        ("? uses\n: ./action", True),
        ("uses: ./.github/workflows/own.yml", True),
        ("'uses': 'acme/reconciler@v1'", False),
        ("run: make plan", True),
        ("uses: acme/reconciler@" + "a" * 40, False),
        ("uses: docker://alpine", False),
        ("runs-on: ubuntu-24.04", False),
    ],
)
def test_a_workflow_may_run_files_of_the_repository(step: str, own: bool, clone: Clone) -> None:  # noqa: FBT001
    clone.commit({".github/workflows/plan.yml": WORKFLOW.format(step)})
    clone.commit({".github/workflows/plan.yml": WORKFLOW.format("uses: acme/other@v1")})
    repository = clone.found()

    assert own == runs_own_files(repository, "plan.yml", ["HEAD", "HEAD^"])
    assert not runs_own_files(repository, "plan.yml", ["HEAD", None, "HEAD^^"])


def test_a_local_action_in_a_block_is_found(clone: Clone) -> None:
    """YAML has several ways to write a text."""
    clone.commit({".github/workflows/plan.yml": "steps:\n  - uses: >-\n      ./\n"})

    assert runs_own_files(clone.found(), "plan.yml", ["HEAD"])


def test_of_commits_that_change_no_desired_state_the_newest_are_asked_about(clone: Clone) -> None:
    """They end no apply, so that a window would have all of them, and each costs requests."""
    start = clone.git("rev-parse", "HEAD")
    first = change(clone, "first")
    readme = [clone.commit({"README.md": f"{number}\n"}) for number in range(MOST_OTHERS + 3)]
    approval = clone.commit({"approvals/5ee.yaml": "tenant: qa\n"})
    clone.git("switch", "--quiet", "--create", "topic", "HEAD^")
    change(clone, "within")
    clone.git("switch", "--quiet", "main")
    clone.git("merge", "--quiet", "--no-ff", "--message", "merge", "topic")
    merge = clone.git("rev-parse", "HEAD")

    window = window_of(clone, applied(start))

    assert tuple(readme[:3]) == window.passed
    assert [first, *readme[3:], approval, merge] == window.ids
