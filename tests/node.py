"""Finds Node, which runs the software of others that tests ask."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def find_node(folder: Path, what: str) -> str:
    """Returns the path of Node, for the packages of a folder. Without Node, the test is skipped, and fails in CI."""
    node = shutil.which("node")
    if node is None:
        reason = f"{what} Node 20 or newer, and there is no `node` here"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    if not (folder / "node_modules").is_dir():
        pytest.fail(f"{what} the packages of {folder.name}/package.json: run scripts/setup dev")
    return node
