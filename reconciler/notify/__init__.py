"""Delivers messages by e-mail and webhook. Knows addresses and messages, no plans."""
