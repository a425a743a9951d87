"""Buckets of any server that speaks S3, as an object store."""
