"""Reads, writes and exchanges the record of applies: a branch `reconciler/<name>` with a commit for each begin and end.

The tree of such a commit is one file, `apply.json`. Its last parent is the applied commit; its other parents are
records. Decides nothing from the content of records: `core/record` and `core/ownership` do.
"""
