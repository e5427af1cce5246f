"""The embedded target: the declared platform's real programs as ordinary processes on loopback addresses."""
