"""The texts and facts of a run for GitHub: the merged commit, the comment, the issue of a tenant."""
