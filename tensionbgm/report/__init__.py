"""What was asked against what was reached: figures, JSON, HTML, PNG."""
