"""Networks that come from elsewhere: from a formula, and from a checkpoint of pykan."""
