"""The subcommands of ``hmoe``, one file each."""
