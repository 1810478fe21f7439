"""What is known of a Slurm cluster, and what it is asked for: nothing here knows of runs."""
