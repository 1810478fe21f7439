"""Files of a study for other programs: CSV and Parquet tables, and an Optuna storage."""
