"""What a learner has solved over all lessons: kept in one file on this machine, and sent nowhere."""
