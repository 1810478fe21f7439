"""A worker as a process: heartbeat, memory, the signal to stop, output."""
