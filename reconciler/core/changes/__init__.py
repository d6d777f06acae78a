"""The closed set of changes; plan, outcome and notification, and how they are redacted."""
