"""What is known of the people of a campaign before they are written to: health of the list, values they lack."""
