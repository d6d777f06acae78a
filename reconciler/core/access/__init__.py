"""Who gets access and why: scope, membership, roles and mapping, compiled into a desired state."""
