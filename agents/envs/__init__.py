"""Environment families: `agents/envs/<family>.py` defines class `Environment`."""
