"""What git prints of pairs of trees: what looks like a header and is none, and which lines reach further."""

from __future__ import annotations

import pytest

from reconciler.desired.evidence.patch import FileLines, read_patches

A, B, C = "a" * 40, "b" * 40, "c" * 40
NONE = "0" * 40


def read(text: str) -> list[tuple[str, list[list[str]], list[list[str]]]]:
    """The tree after, and of each file the lines that went and that came."""
    found = read_patches(text.encode().splitlines(keepends=True))
    return [(one.after, [file.removed for file in one.files], [file.added for file in one.files]) for one in found]


def test_lines_of_several_trees_and_files_are_told_apart() -> None:
    """By the hunks' own counts."""
    text = f"""\
{A} {B}
diff --git a/x.yaml b/x.yaml
index {A}..{B} 100644
--- a/x.yaml
+++ b/x.yaml
@@ -3,2 +3 @@ users:
--- a
-diff --git a/y b/y
+++ b
@@ -9 +8,0 @@
-kai
\\ No newline at end of file
diff --git a/y.yaml b/y.yaml
new file mode 100644
index {NONE}..{C}
--- /dev/null
+++ b/y.yaml
@@ -0,0 +1,2 @@
+{A} {B}
+x
{B} {C}
{C} {A}
diff --git a/x.yaml b/x.yaml
old mode 100644
new mode 100755
"""

    assert [
        (B, [["-- a\n", "diff --git a/y b/y\n", "kai\n"], []], [["++ b\n"], [f"{A} {B}\n", "x\n"]]),
        (C, [], []),
        (A, [[]], [[]]),
    ] == read(text)


def test_nothing_is_read_from_nothing() -> None:
    """Nor from what is no pair of trees."""
    assert [] == read("")
    assert [] == read("diff --git a/x b/x\n")


@pytest.mark.parametrize(
    "line",
    [
        "users:\n",
        '"users":\n',
        "---\n",
        "  a: &x 1\n",
        "  a: *x\n",
        "  <<: *x\n",
        "  a: [*x]\n",
        "  a: !!str 1\n",
        "  a: |\n",
        "  a: |2 # a comment\r\n",
        "  a: >-\n",
        '  a: "b\n',
        "  a: 'b\n",
        "  a: {b: [\n",
        "  a: [b,\n",
        "  ]\n",
    ],
)
def test_lines_that_others_hang_on_reach_further(line: str) -> None:
    """Whether they came or went; in a file that came or went itself, all lines are there anyway."""
    assert FileLines("a", "b", [line], []).reaches_further
    assert FileLines("a", "b", [], [line]).reaches_further
    assert not FileLines("a", None, [line], []).reaches_further
    assert not FileLines(None, "b", [], [line]).reaches_further


def test_a_last_line_without_an_end_hides_no_other() -> None:
    """The one that came after it stands at the margin."""
    assert FileLines("a", "b", ["  kai: {}"], ["users:\n"]).reaches_further


@pytest.mark.parametrize(
    "line", ["  kai:\n", "- role: x\n", "# users:\n", "\n", "  a: {b: [c]}\n", "  a: 'b'\n", "  a: R&D\n"]
)
def test_other_lines_mean_what_they_say(line: str) -> None:
    """By themselves."""
    assert not FileLines("a", "b", [line], [line]).reaches_further
