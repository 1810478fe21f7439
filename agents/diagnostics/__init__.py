"""Diagnostics of learners: `agents/diagnostics/<name>.py` defines class `Diagnostic`."""
