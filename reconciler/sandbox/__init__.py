"""The embedded 4me: an account to try everything on, behind a real HTTP port, kept in a file. No token, no network."""
