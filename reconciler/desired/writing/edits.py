"""Edits → the same files with only those values changed: comments, order, anchors and layout stay.

ruamel writes the lines of an entry that change. If the file has a line in another form than ruamel, one scalar or one
list item is replaced in its place. The result is read again and must declare exactly the edited values: an edit that
would change more, such as a value that others share by an anchor, is refused with its line
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
FROM_ELSEWHERE: Final = "its value is elsewhere in the file, and comes here by an alias or a merge"


@dataclass(frozen=True, slots=True)
class RefusedEdit:
    """An edit that was not made, and why."""

    edit: Edit
    problem: Problem


@dataclass(frozen=True, slots=True)
class Edited:
    """The changed files, and the edits that could not be made."""

    files: Mapping[str, bytes]
    refused: tuple[RefusedEdit, ...]


def edit_files(contents: Mapping[str, bytes], edits: Sequence[Edit]) -> Edited:
    """Makes every edit in its file, or refuses it; the files are valid YAML. Touches no disk."""
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
    """One file, and its refused edits."""

    def __init__(self, file: str, content: bytes) -> None:
        self.document: Document = read_yaml(file, content)
        self.tree: Tree = read_nodes(self.document.text)
        self.page = SourceText(self.document.text)
        self.refused: list[RefusedEdit] = []

    def edit(self, edits: Sequence[Edit]) -> str:
        """Returns the text after all edits that can be made: together, or else one by one, each of them checked."""
        possible = [(edit, found) for edit in edits if (found := self._try(edit)) is not None]
        text = self._apply([edit for edit, _found in possible], [one for _edit, found in possible for one in found])
        return self._apply_one_by_one(possible) if text is None else text

    def _apply_one_by_one(self, possible: Iterable[tuple[Edit, list[Replacement]]]) -> str:
        text, edits, replacements = self.document.text, list[Edit](), list[Replacement]()
        for edit, found in possible:
            tried = self._apply([*edits, edit], [*replacements, *found])
            if tried is None:
                self._refuse(edit, self._explain(edit))
            else:
                text, edits, replacements = tried, [*edits, edit], [*replacements, *found]
        return text

    def _apply(self, edits: Sequence[Edit], replacements: Iterable[Replacement]) -> str | None:
        """Returns the text with the replacements, or None if its value is not the document's with the edits."""
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
        """Takes ruamel's lines if it writes the old lines as the file has them.

        Otherwise replaces value by value. If that fails, takes ruamel's lines all the same.
        """
        node = self._node(edit)
        old = value_at(self.document.value, edit.path)
        new = with_edits(old, [SetValues(edit.file, (), edit.values)])
        hunks = self._find_hunks(edit, old, new)
        written = None if hunks is None else self._make_replacements(edit, hunks)
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
        """Estimates the number of lines in the resulting diff."""
        text = self.page.text
        return sum(max(2, text.count("\n", one.start, one.end) + one.text.count("\n")) for one in replacements)

    def _find_hunks(self, edit: SetValues, old: object, new: object) -> list[Hunk] | None:
        """Returns the lines of the entry that change; None if the entry shares a line, or ruamel can't write it."""
        span = self._find_lines(edit)
        if span is None:
            return None

        def change(root: YamlBranch) -> None:
            changer = Changer(RANK)
            if not edit.path:
                changer.change(root, old, new)
            else:
                index = 1 if isinstance(edit.path[-1], str) else 0  # behind a key, or the only item
                root.inner[index] = changer.change(root.inner[index], old, new)

        try:
            return find_changed_lines(self.page.text[slice(*span)].splitlines(), change)
        except CantChange as error:
            raise CantEdit(str(error), self._node(edit).start) from error
        except (YAMLError, *RUAMEL_FAILS):
            return None

    def _find_lines(self, edit: SetValues) -> tuple[int, int] | None:
        """Returns the offsets at which the entry's lines begin and end, from its key or dash to its last value."""
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

    def _make_replacements(self, edit: SetValues, hunks: Iterable[Hunk]) -> list[Replacement]:
        span = self._find_lines(edit)
        assert span is not None  # noqa: S101  # the hunks are of these lines
        return [self.page.replace_lines(span[0], hunk.start, hunk.end, hunk.lines) for hunk in hunks]

    def _node(self, edit: Edit) -> Node:
        """Returns the node at the edit's path; raises CantEdit if its value is elsewhere in the file."""
        assert self.tree.root is not None  # noqa: S101  # the edited value was read from this file
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
        """Returns why an edit has a wrong result: most often, an alias elsewhere uses the value too."""
        shared = [one for one in _walk(self._node(edit)) if one.anchor in self.tree.referred]
        if shared:
            reason = f"other entries use the value too, by the anchor &{shared[0].anchor}"
            return CantEdit(reason, shared[0].start)
        return CantEdit("the edit would change other values too", self._node(edit).start)

    def _refuse(self, edit: Edit, error: CantEdit) -> None:
        where = ".".join(map(str, edit.path))
        hint = "write the value itself in this entry, then adopt again"
        source = self.document.source(error.mark)
        problem = Problem("not_adopted", f"{where} is not edited: {error}", source, hint, severity="warning")
        self.refused.append(RefusedEdit(edit, problem))


def _walk(node: Node) -> Iterable[Node]:
    yield node
    for inner in node.items:
        yield from _walk(inner)
