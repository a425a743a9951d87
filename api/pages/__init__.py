"""The pages: the same operations as the routes, for people. Forms and links first; scripts only make them quicker."""
