"""What the system may ask of any Sage, and one implementation per Sage."""
