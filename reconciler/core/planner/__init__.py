"""Desired state and live state in; changes and their requests out."""
