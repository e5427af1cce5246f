"""What clients did and what became of it: a ledger outside every failure domain, and the checkers that judge it."""
