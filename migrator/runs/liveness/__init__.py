"""Who performs a run, whether they still do, and who goes on where they do not.

Whoever performs a run holds its lock and beats every second. A lock that is free, or a heart that stands still, is
taken over.
"""
