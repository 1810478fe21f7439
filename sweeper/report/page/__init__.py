"""The page `report.html`: the data of its sections, its template, and the writing of the file."""
