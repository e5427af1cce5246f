"""The declaration: `infra/` as the real tools resolve it."""
