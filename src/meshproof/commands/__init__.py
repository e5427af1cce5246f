"""What each subcommand does, apart from how it is called."""
