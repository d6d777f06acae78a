"""The desired state compared with the live state and with earlier states of git: links, references, causes."""
