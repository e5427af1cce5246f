"""The live target: clusters and accounts that somebody else runs, which are only read."""
