"""Masking: values replaced on their way into an archive that leaves for tests, alike wherever they stand.

What is replaced depends on the value and the key alone, never on its table or its column: so joins hold, also between
archives and between columns that nobody declared to belong together. docs/masking.md describes the rules.
"""
