"""Laws of mechanics, found from numbers."""
