"""HTTP of the campaign editor: read the input, call one service, answer with the page or its region."""
