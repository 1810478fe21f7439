"""Learning algorithms: `agents/learners/<name>.py` defines class `Learner`."""
