"""The embedded 4me: an account for trials, stored in a file, served over HTTP. Needs no token and no network."""
