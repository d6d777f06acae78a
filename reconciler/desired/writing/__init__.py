"""Writes YAML: what an import declares, edits of files that people wrote, and the canonical form."""
