"""Approvals: the approved effects, those still in force, and those that an apply leaves open."""
