"""Scanners: other people's judgement over the same declaration."""
