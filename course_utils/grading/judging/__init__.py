"""From an answer to a verdict: the judge, its stand-ins for answers, its processes. Imports no member."""
