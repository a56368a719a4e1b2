"""What a workspace keeps to write with: templates of whole messages, and snippets."""
