"""What GitHub shows of a run: the merged commit, the comment, the issue of a tenant."""
