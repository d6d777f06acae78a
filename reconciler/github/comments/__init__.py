"""Our comments on a pull request: found by mark and author, edited in place, folded or marked as out of date."""
