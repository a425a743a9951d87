"""Looking into an archive: any table, a page at a time, sorted, filtered, searched, from a key to what it points at."""
