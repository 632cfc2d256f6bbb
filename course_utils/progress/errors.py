"""What can go wrong with the record of progress."""


class ProgressError(Exception):
    """The record cannot be used; the message names the file and says what to do."""


class DamagedRecord(ProgressError):
    """The file is there and is not a record of progress."""
