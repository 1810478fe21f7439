"""The statistics behind figures, from the runs of a study and without any drawing."""
