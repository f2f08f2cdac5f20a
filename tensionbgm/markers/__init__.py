"""Hit points: moments that the user names in an editor's file, and the score's own, written back for it."""
