"""Small tools that every room may use: clock, crypto, connections, addresses, paging, htmx, logging."""
