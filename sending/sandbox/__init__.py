"""A local mail world for the demo, the rehearsal and the tests: SMTP, IMAP, and recipients that answer.

Nothing here leaves 127.0.0.1, and nothing of it is a fake for the program: the same client speaks the same protocols.
"""
