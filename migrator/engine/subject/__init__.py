"""One person's data within a tenant's: which rows are about them, an archive of those, and who else mentions them."""
