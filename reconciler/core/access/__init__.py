"""Decides who gets access and why: compiles scope, membership, roles and mappings into a desired state."""
