"""`report.html`: a study on one page that needs nothing but a browser."""
