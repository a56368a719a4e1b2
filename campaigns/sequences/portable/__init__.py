"""A whole campaign as one file: what was written and planned, without people, mailboxes or secrets.

`shape` says what stands in a file, `reading` makes one of bytes that may come from anybody, `exporting` writes one,
`importing` makes a draft of it. See docs/campaign-files.md.
"""
