"""Git's side: YAML with positions → declarations, from the working tree or any revision. Decides nothing."""
