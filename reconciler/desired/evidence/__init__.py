"""Gathers the evidence of ownership from git: one pass over removed lines, and the states of a few commits."""
