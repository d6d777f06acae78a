"""Reads a desired state and its history from git: files, revisions, blame."""
