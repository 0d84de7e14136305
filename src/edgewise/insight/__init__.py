"""What each input does: exact shares of every prediction, and curves with bands."""
