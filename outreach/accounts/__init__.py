"""Who may do what: users, workspaces, memberships and the one door through which pages check access."""
