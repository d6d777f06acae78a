"""Random histories with git repositories, the command line and accounts behind HTTP; see `world`."""
