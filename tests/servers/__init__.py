"""Real servers for the tests: each a private process on the loopback, in a folder that goes with it."""
