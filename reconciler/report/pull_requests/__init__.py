"""The texts about pull requests, apart from the comments with a plan or an outcome: checks, reviews, outdated plans."""
