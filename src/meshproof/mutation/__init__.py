"""Mutation: edits of a declaration, the proof that each turns its check red, and the generator."""
