"""Places that files are fetched from by their names: a folder, a bucket, a web server."""
