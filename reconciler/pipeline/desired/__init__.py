"""Git's side of a run: the desired state that is checked out, and that of earlier commits."""
