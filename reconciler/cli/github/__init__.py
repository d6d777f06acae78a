"""The commands of `github`. They have GitHub's token and never the account's, because they render foreign text."""
