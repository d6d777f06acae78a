"""Renders plans, drift, outcomes and problems as text, Markdown, HTML and JSON. Quotes every foreign value."""
