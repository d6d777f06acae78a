"""The content of a report, before a template renders it."""
