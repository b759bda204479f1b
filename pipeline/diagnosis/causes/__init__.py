"""One cause a file. The file's name is its code; it has a class of that name in CamelCase."""
