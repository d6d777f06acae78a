"""The commit and author that removed a statement."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.explanation.origin import BlamedLine, Statement
from reconciler.desired.git.removal_blame import find_removals
from reconciler.desired.git.repository import Repository
from reconciler.errors import Source
from tests.desired.repository import Clone, make_clone

FILE = "desired-state/all.yaml"
GROUPS = """\
groups:
  staff:
    members:
      - ann
      - bob
  finance:
    members:
      - bob
      - cid
  flow: {members: [ann, bob, cid]}
users:
  ann: {userName: ann}
  bob: {userName: bob, manager: ann}
  bob.roy: {userName: bob.roy}
"""
IN_STAFF, IN_FINANCE, IN_FLOW = (("groups", group, "members", "bob") for group in ("staff", "finance", "flow"))


def commit_as(clone: Clone, author: str, files: dict[str, str]) -> str:
    clone.write(files)
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--author", f"{author} <a@example.com>", "--message", "any")
    return clone.git("rev-parse", "HEAD")


def who(clone: Clone, stood_at: str, *path: str, file: str = FILE) -> tuple[str, str] | None:
    """Returns the commit and author that removed a statement since a commit, or None if none is found."""
    return find_removal(clone.found(), stood_at, path, file)


def find_removal(repository: Repository, stood_at: str, path: tuple[str, ...], file: str) -> tuple[str, str] | None:
    statement = Statement(Source(file, 1), path, stood_at)
    head = repository.head()
    assert head is not None
    gone = {statement: BlamedLine(Source(file, 5))}
    found = find_removals(repository, stood_at, head, [repository.folder], gone).get(statement)
    if found is None:
        return None
    assert (file, 5) == (found.source.file, found.source.line)
    assert found.at > 0
    assert found.source.commit is not None
    assert found.source.author is not None
    return found.source.commit, found.source.author


def test_the_commit_that_took_a_line_away_is_found(tmp_path: Path) -> None:
    """Earlier and later commits do not matter."""
    clone = make_clone(tmp_path)
    stood_at = commit_as(clone, "Ada", {FILE: GROUPS})
    commit_as(clone, "Bea", {FILE: GROUPS.replace("userName: ann}", "userName: Ann}")})
    done = commit_as(clone, "Cleo", {FILE: GROUPS.replace("  ann: {userName: ann}\n", "")})
    commit_as(clone, "Dan", {FILE: GROUPS.replace("  ann: {userName: ann}\n", "") + "# end\n"})

    assert (done, "Cleo") == who(clone, stood_at, "users", "ann")


def test_the_same_line_twice_is_told_apart(tmp_path: Path) -> None:
    """A user leaves two groups by two commits."""
    clone = make_clone(tmp_path)
    stood_at = commit_as(clone, "Ada", {FILE: GROUPS})
    one = GROUPS.replace("      - ann\n      - bob\n", "      - ann\n")
    first = commit_as(clone, "Bea", {FILE: one})
    second = commit_as(clone, "Cleo", {FILE: one.replace("      - bob\n      - cid\n", "      - cid\n")})

    assert (first, "Bea") == who(clone, stood_at, *IN_STAFF)
    assert (second, "Cleo") == who(clone, stood_at, *IN_FINANCE)


def test_of_a_line_that_many_edited_the_one_that_took_the_name_out_is_found(tmp_path: Path) -> None:
    """The list is on one line; a longer name that contains the name does not count."""
    clone = make_clone(tmp_path)
    stood_at = commit_as(clone, "Ada", {FILE: GROUPS})
    commit_as(clone, "Bea", {FILE: GROUPS.replace("[ann, bob, cid]", "[bob, ann, cid]")})
    done = commit_as(clone, "Cleo", {FILE: GROUPS.replace("[ann, bob, cid]", "[ann, cid, bob.roy]")})
    commit_as(clone, "Dan", {FILE: GROUPS.replace("[ann, bob, cid]", "[ann, cid]")})

    assert (done, "Cleo") == who(clone, stood_at, *IN_FLOW)


def test_a_commit_that_put_it_back_in_between_did_not_do_it(tmp_path: Path) -> None:
    """The last removal counts."""
    clone = make_clone(tmp_path)
    stood_at = commit_as(clone, "Ada", {FILE: GROUPS})
    without = GROUPS.replace("[ann, bob, cid]", "[ann, cid]")
    commit_as(clone, "Bea", {FILE: without})
    commit_as(clone, "Cleo", {FILE: GROUPS})
    done = commit_as(clone, "Dan", {FILE: without})

    assert (done, "Dan") == who(clone, stood_at, *IN_FLOW)


def test_a_person_who_moved_from_one_group_to_the_other_left_the_first(tmp_path: Path) -> None:
    """The file has the same lines as before, in another order."""
    clone = make_clone(tmp_path)
    stood_at = commit_as(clone, "Ada", {FILE: GROUPS.replace("      - bob\n      - cid\n", "      - cid\n")})
    moved = GROUPS.replace("      - ann\n      - bob\n", "      - ann\n")
    done = commit_as(clone, "Bea", {FILE: moved})

    assert (done, "Bea") == who(clone, stood_at, *IN_STAFF)


@pytest.mark.parametrize("by", ["merge", "squash", "rebase"])
def test_it_is_found_however_the_branch_was_merged(tmp_path: Path, by: str) -> None:
    """The branch can be older than the commit with the statement; the merge commit is not blamed."""
    clone = make_clone(tmp_path)
    commit_as(clone, "Ada", {FILE: GROUPS})
    clone.git("checkout", "--quiet", "-b", "feature")
    done = commit_as(clone, "Bea", {FILE: GROUPS.replace("      - ann\n      - bob\n", "      - ann\n")})
    clone.git("checkout", "--quiet", "main")
    stood_at = commit_as(clone, "Cleo", {"desired-state/other.yaml": "users: {}\n"})
    if by == "merge":
        clone.git("merge", "--quiet", "--no-edit", "feature")
    elif by == "squash":
        clone.git("merge", "--quiet", "--squash", "feature")
        done = commit_as(clone, "Bea", {})
    else:
        clone.git("checkout", "--quiet", "feature")
        clone.git("rebase", "--quiet", "main")
        done = clone.git("rev-parse", "HEAD")

    assert (done, "Bea") == who(clone, stood_at, *IN_STAFF)


def test_what_a_merge_alone_took_away_is_the_merges_doing(tmp_path: Path) -> None:
    """A merge can resolve a conflict this way."""
    clone = make_clone(tmp_path)
    stood_at = commit_as(clone, "Ada", {FILE: GROUPS})
    clone.git("checkout", "--quiet", "-b", "feature")
    commit_as(clone, "Bea", {FILE: GROUPS.replace("[ann, bob, cid]", "[ann, bob]")})
    clone.git("checkout", "--quiet", "main")
    commit_as(clone, "Cleo", {FILE: GROUPS.replace("[ann, bob, cid]", "[bob, cid]")})
    clone.git("merge", "--quiet", "--no-commit", "--strategy=ours", "feature")
    done = commit_as(clone, "Dan", {FILE: GROUPS.replace("[ann, bob, cid]", "[ann, cid]")})

    assert (done, "Dan") == who(clone, stood_at, *IN_FLOW)


def test_a_file_that_was_renamed_meanwhile_is_followed(tmp_path: Path) -> None:
    """The statement keeps its former file and line."""
    clone = make_clone(tmp_path)
    stood_at = commit_as(clone, "Ada", {FILE: GROUPS})
    for name in ("one.yaml", "two.yaml"):
        (tmp_path / "desired-state" / name).parent.mkdir(exist_ok=True)
        clone.git("mv", clone.git("ls-files", "desired-state"), f"desired-state/{name}")
        clone.git("commit", "--quiet", "--message", "renamed")
    without = GROUPS.replace("      - ann\n      - bob\n", "      - ann\n")
    done = commit_as(clone, "Bea", {"desired-state/two.yaml": without})

    assert (done, "Bea") == who(clone, stood_at, *IN_STAFF)


def test_a_file_that_is_deleted_takes_all_that_it_said_along(tmp_path: Path) -> None:
    """Names can have any characters."""
    file = "desired-state/zoë [x] ☃.yaml"
    clone = make_clone(tmp_path)
    stood_at = commit_as(clone, "Ada", {file: GROUPS})
    (tmp_path / file).unlink()
    done = commit_as(clone, "Bea", {"desired-state/rest.yaml": "users: {}\n"})

    assert (done, "Bea") == who(clone, stood_at, *IN_STAFF, file=file)


def test_lines_that_look_like_a_patch_confuse_nobody(tmp_path: Path) -> None:
    """Comments and texts in YAML can look like a patch."""
    odd = "# x\n-- a/desired-state/no.yaml\n++ b/desired-state/no.yaml\n@@ -1 +1 @@\ndiff --git a/x b/x\nrename to x\n"
    clone = make_clone(tmp_path)
    stood_at = commit_as(clone, "Ada", {FILE: odd + GROUPS})
    done = commit_as(clone, "Bea", {FILE: GROUPS.replace("      - ann\n      - bob\n", "      - ann\n")})

    assert (done, "Bea") == who(clone, stood_at, *IN_STAFF)


def test_what_a_person_has_set_for_themselves_changes_nothing(tmp_path: Path) -> None:
    """A user can configure how patches look."""
    clone = make_clone(tmp_path)
    for name, value in {
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "color.ui": "always",
        "diff.renames": "false",
        "diff.external": "false",
        "log.showSignature": "true",
        "log.follow": "true",
        "diff.context": "9",
        "log.diffMerges": "off",
    }.items():
        clone.git("config", name, value)
    stood_at = commit_as(clone, "Ada", {FILE: GROUPS})
    done = commit_as(clone, "Bea", {FILE: GROUPS.replace("      - ann\n      - bob\n", "      - ann\n")})

    assert (done, "Bea") == who(clone, stood_at, *IN_STAFF)


def test_where_nobody_can_be_found_nobody_is_named(tmp_path: Path) -> None:
    """No line was removed, the clone lacks the commit, or the name is part of another word."""
    clone = make_clone(tmp_path)
    stood_at = commit_as(clone, "Ada", {FILE: GROUPS})
    commit_as(clone, "Bea", {FILE: GROUPS + "# end\n"})

    assert who(clone, stood_at, *IN_STAFF) is None
    assert who(clone, "1" * 40, *IN_STAFF) is None
    assert who(clone, stood_at, "users", "bob") is None
