"""The ground floor: settings, embedded servers, accounts and small tools; knows nothing of campaigns or sending."""

__version__ = "0.1.0"
