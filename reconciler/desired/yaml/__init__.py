"""Reads, checks, edits and writes the YAML of a desired state, with the position of every value."""
