"""Reversible disturbances, each with proof that it took effect and proof that it was undone."""
