"""What providers report of our domains and addresses: the files of Google Postmaster Tools and Microsoft SNDS."""
