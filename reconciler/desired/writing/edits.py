"""Edits → the same files with those values changed and nothing else: comments, order, anchors, layout stay.

ruamel writes the lines of an entry that change. One scalar or one list item is replaced where it stands, if the file
has its line in another form than ruamel. What comes out is read again, and must declare exactly what was asked
for: an edit that would reach further, into what others share by an anchor, is refused with its line
(docs/decisions/0024-ruamel-writes.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ruamel.yaml.error import YAMLError

from reconciler.core.adoption.edits import AddItem, Edit, RemoveItem, SetValues, value_at, with_edits
from reconciler.desired.writing.branches import CantChange, Changer, YamlBranch
from reconciler.desired.writing.changed_lines import Hunk, find_changed_lines
from reconciler.desired.writing.imported import GROUP_ORDER, NAME_ORDER, ORDER
from reconciler.desired.writing.layout import Replacement, SourceText, apply_replacements
from reconciler.desired.writing.nodes import Node, Tree, read_nodes
from reconciler.desired.writing.rewrite import CantEdit, Rewriter
from reconciler.desired.writing.round_trip import RUAMEL_FAILS
from reconciler.desired.writing.spell import same
from reconciler.desired.yaml.reader import Document, read_yaml
from reconciler.errors import Problem

BOM: Final = b"\xef\xbb\xbf"
PARTS: Final = ("value", "type", "primary", "display")
RANK: Final = {name: rank for rank, name in enumerate(dict.fromkeys((*ORDER, *GROUP_ORDER, *NAME_ORDER, *PARTS)))}
FROM_ELSEWHERE: Final = "it is written elsewhere in the file, and comes here by an alias or a merge"


@dataclass(frozen=True, slots=True)
class RefusedEdit:
    """An edit that was not made, and why."""

    edit: Edit
    problem: Problem


@dataclass(frozen=True, slots=True)
class Edited:
    """The files that are different now, and the edits that could not be made."""

    files: Mapping[str, bytes]
    refused: tuple[RefusedEdit, ...]


def edit_files(contents: Mapping[str, bytes], edits: Sequence[Edit]) -> Edited:
    """Every edit made in its file, or refused; the files must be sound YAML. Touches no disk."""
    files: dict[str, bytes] = {}
    refused: list[RefusedEdit] = []
    for file in dict.fromkeys(edit.file for edit in edits):
        editor = _Editor(file, contents[file])
        text = editor.edit([edit for edit in edits if edit.file == file])
        refused.extend(editor.refused)
        if text != editor.document.text:
            files[file] = (BOM if contents[file].startswith(BOM) else b"") + text.encode()
    return Edited(files, tuple(refused))


class _Editor:
    """One file, and the edits of it that were refused."""

    def __init__(self, file: str, content: bytes) -> None:
        self.document: Document = read_yaml(file, content)
        self.tree: Tree = read_nodes(self.document.text)
        self.page = SourceText(self.document.text)
        self.refused: list[RefusedEdit] = []

    def edit(self, edits: Sequence[Edit]) -> str:
        """The text after all edits that can be made: together, or else one after another, each held to what it says."""
        possible = [(edit, found) for edit in edits if (found := self._try(edit)) is not None]
        text = self._applied([edit for edit, _found in possible], [one for _edit, found in possible for one in found])
        return self._one_by_one(possible) if text is None else text

    def _one_by_one(self, possible: Iterable[tuple[Edit, list[Replacement]]]) -> str:
        text, edits, replacements = self.document.text, list[Edit](), list[Replacement]()
        for edit, found in possible:
            tried = self._applied([*edits, edit], [*replacements, *found])
            if tried is None:
                self._refuse(edit, self._explain(edit))
            else:
                text, edits, replacements = tried, [*edits, edit], [*replacements, *found]
        return text

    def _applied(self, edits: Sequence[Edit], replacements: Iterable[Replacement]) -> str | None:
        """The text with the replacements, or None where it does not read as the document with the edits."""
        text = apply_replacements(self.document.text, replacements)
        if text is None:
            return None
        read = read_yaml(self.document.file, text.encode())
        is_right = not read.problems and same(read.value, with_edits(self.document.value, edits))
        return text if is_right else None

    def _try(self, edit: Edit) -> list[Replacement] | None:
        try:
            return self._set_values(edit) if isinstance(edit, SetValues) else self._change_items(edit)
        except CantEdit as error:
            self._refuse(edit, error)
            return None

    def _change_items(self, edit: AddItem | RemoveItem) -> list[Replacement]:
        rewriter = Rewriter(self.page)
        node = self._node(edit)
        if isinstance(edit, AddItem):
            rewriter.add_item(node, edit.after, edit.item)
        else:
            rewriter.remove_item(node, edit.index)
        return rewriter.replacements

    def _set_values(self, edit: SetValues) -> list[Replacement]:
        """By ruamel where it has these lines as the file has; else value by value; else by ruamel after all."""
        node = self._node(edit)
        old = value_at(self.document.value, edit.path)
        new = with_edits(old, [SetValues(edit.file, (), edit.values)])
        hunks = self._find_hunks(edit, old, new)
        written = None if hunks is None else self._place(edit, hunks)
        rewriter = Rewriter(self.page)
        try:
            rewriter.rewrite(node, old, new)
        except CantEdit:
            if written is None:
                raise
            return written
        replaced = rewriter.replacements
        is_exact = hunks is not None and all(hunk.is_exact for hunk in hunks)
        return written if written and is_exact and self._cost(written) <= self._cost(replaced) else replaced

    def _cost(self, replacements: Iterable[Replacement]) -> int:
        """How many lines of a difference there would be, about."""
        text = self.page.text
        return sum(max(2, text.count("\n", one.start, one.end) + one.text.count("\n")) for one in replacements)

    def _find_hunks(self, edit: SetValues, old: object, new: object) -> list[Hunk] | None:
        """The lines of the entry that change; None where it has no lines of its own, or ruamel can't keep it."""
        span = self._find_lines(edit)
        if span is None:
            return None

        def change(root: YamlBranch) -> None:
            changer = Changer(RANK)
            if not edit.path:
                changer.change(root, old, new)
            else:
                place = 1 if isinstance(edit.path[-1], str) else 0  # behind a key, or the only item
                root.inner[place] = changer.change(root.inner[place], old, new)

        try:
            return find_changed_lines(self.page.text[slice(*span)].splitlines(), change)
        except CantChange as error:
            raise CantEdit(str(error), self._node(edit).start) from error
        except (YAMLError, *RUAMEL_FAILS):
            return None

    def _find_lines(self, edit: SetValues) -> tuple[int, int] | None:
        """Where the lines of the entry begin and end, from its key or its dash to its last value."""
        node = self._node(edit)
        start, before, is_flow = node.start, "", node.flow
        if edit.path:
            parent, step = self._node(replace(edit, path=edit.path[:-1])), edit.path[-1]
            pair = parent.pair(step) if isinstance(step, str) else None
            start, before, is_flow = (pair[0].start, "", parent.flow) if pair else (node.start, "-", parent.flow)
        first = self.page.line_start(start)
        if is_flow or self.page.text[first:start].strip() != before:
            return None
        return first, self.page.line_end(max(node.end, start + 1))

    def _place(self, edit: SetValues, hunks: Iterable[Hunk]) -> list[Replacement]:
        span = self._find_lines(edit)
        assert span is not None  # noqa: S101  # the hunks are of these lines
        return [self.page.replace_lines(span[0], hunk.start, hunk.end, hunk.lines) for hunk in hunks]

    def _node(self, edit: Edit) -> Node:
        """The node at the edit's path; raises CantEdit where nothing of its own stands there."""
        assert self.tree.root is not None  # noqa: S101  # what is edited was read from here
        node = self.tree.root
        for step in edit.path:
            if isinstance(step, int):
                inner = node.items[step]
            else:
                pair = node.pair(step)
                if pair is None:
                    raise CantEdit(FROM_ELSEWHERE, node.start)
                inner = pair[1]
            if inner.kind == "alias":
                raise CantEdit(FROM_ELSEWHERE, inner.start)
            node = inner
        return node

    def _explain(self, edit: Edit) -> CantEdit:
        """Why an edit does not read as it should: most often, what it touches is used elsewhere too."""
        shared = [one for one in _within(self._node(edit)) if one.anchor in self.tree.referred]
        if shared:
            return CantEdit(f"others share what it would change, by the anchor &{shared[0].anchor}", shared[0].start)
        return CantEdit("it can't be changed here without touching more", self._node(edit).start)

    def _refuse(self, edit: Edit, error: CantEdit) -> None:
        where = ".".join(map(str, edit.path))
        hint = "write the value out where it is meant, then adopt again"
        source = self.document.source(error.mark)
        problem = Problem("not_adopted", f"{where} is not edited: {error}", source, hint, severity="warning")
        self.refused.append(RefusedEdit(edit, problem))


def _within(node: Node) -> Iterable[Node]:
    yield node
    for inner in node.items:
        yield from _within(inner)
