"""4me's side: the one HTTP client, and reads that are complete or say why not. Decides nothing."""
