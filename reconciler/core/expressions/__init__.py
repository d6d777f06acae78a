"""The expressions of attribute mappings: syntax, functions, and what replaces Entra's spellings."""
