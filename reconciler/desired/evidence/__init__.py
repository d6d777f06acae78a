"""Evidence from git of who was ours: one pass over removed lines, and the states of the few commits that they name."""
