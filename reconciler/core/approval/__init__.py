"""Approval by effects: the atoms of a plan, which approved atoms cover them, and what stays open. Pure."""
