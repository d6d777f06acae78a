"""The record of applies: a branch `reconciler/<name>` whose commits are the applies. Reads, writes and exchanges it.

A commit's tree is one file, `apply.json`; its last parent is the commit that was applied, its others are records.
Decides nothing about what a record says: that is in `core/ownership`.
"""
