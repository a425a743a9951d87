"""The operations asked of a server: what `migrator.service` offers, with the same words, values and errors."""
