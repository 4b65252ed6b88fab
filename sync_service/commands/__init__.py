"""What each command does, apart from how it is typed and printed; the console asks the same functions."""
