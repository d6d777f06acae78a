"""How git and GitHub name a branch in full: `refs/heads/main`."""

from __future__ import annotations

HEADS = "refs/heads/"
