"""Reads and checks the YAML of a desired state, with the position of every value."""
