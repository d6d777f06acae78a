"""Telling people who were not there: e-mail and webhooks. Knows ways and messages; nothing of plans, nor why."""
