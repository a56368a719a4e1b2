"""What receivers report of mail in our domains' names: DMARC aggregate reports and SMTP TLS reports."""
