"""The interface to a Slurm cluster: limits, profiles, batch scripts and jobs, but not runs."""
