"""Desired against live and against what git declared before: links, references, causes."""
