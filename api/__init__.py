"""The service over HTTP: an API for programs, and pages for people. It calls `migrator.service`, and nothing below."""
