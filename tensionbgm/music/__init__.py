"""What music is: notes, spiral array, tension, keys.  Knows no film and no solver."""
