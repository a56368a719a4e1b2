"""The pure rules of the room: what a file says, which column means what, what a row becomes."""
