"""Resources on the wire: SCIM documents, pages, people over REST, pace, retries."""
