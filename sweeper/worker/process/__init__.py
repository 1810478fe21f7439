"""The process of a worker: its heartbeat, memory, stop signal and output."""
