"""Who may do what on a server, and what they did: accounts, sessions, tokens, roles, approvals, the audit chain."""
