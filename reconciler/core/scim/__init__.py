"""How resources are written and read on the wire: SCIM documents, pages, pace, retries."""
