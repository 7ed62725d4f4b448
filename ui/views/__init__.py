"""What is drawn. A view shows what it is given, and says what was asked for; it decides nothing."""
