"""Parts of a study: the runs that conditions choose, and the best trials."""
