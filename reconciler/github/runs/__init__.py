"""Runs of workflows and their artifacts: the approved plans, the plans made by hand, the outcome of an apply."""
