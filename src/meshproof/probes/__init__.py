"""Probes look at one thing and return a frozen value; they never assert."""
