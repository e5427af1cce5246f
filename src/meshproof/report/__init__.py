"""Reports: one model of a run, and one renderer for each format."""
