"""The HTTP client of the account, and reads that are complete or state why not. Decides nothing."""
