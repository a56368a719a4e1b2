"""The life of a message: claim, deliver, record, recover."""
