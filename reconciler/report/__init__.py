"""Plans, drift, outcomes and problems → text, Markdown, JSON. Everything foreign is quoted; nothing is decided."""
