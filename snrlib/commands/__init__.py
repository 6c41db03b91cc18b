"""What a person calls: the `snrlib` command and all that can change no number of a study."""
