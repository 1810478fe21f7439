"""Collectors: processes that act in environments while the learner learns."""
