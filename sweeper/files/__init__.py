"""Files: atomic writes, temporary files, disk usage, files that ship with sweeper."""
