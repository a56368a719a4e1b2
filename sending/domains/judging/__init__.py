"""What the DNS says about a sending domain, and what is to be done. Pure: whoever asks the DNS is an argument."""
