"""Traffic: who calls, how they find the name and keep their connections, and what they wrote down of it."""
