"""The commands' work, one file a command."""
