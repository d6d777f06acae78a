"""Which live users and groups belong to git, which left git, and which are in doubt."""
