"""The ownership of live users and groups: owned, leaver, unresolved or released."""
