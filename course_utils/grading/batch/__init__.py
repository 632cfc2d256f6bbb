"""A class: the command, several judge processes, shards, the cache and going on. Imports no member."""
