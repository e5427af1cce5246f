"""One module per real program: how it is started from what is declared, and when it is ready."""
