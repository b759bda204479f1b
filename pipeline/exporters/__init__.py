"""Files for a scheduler that is there already; the file's name is the target's name. Each has `export(request)`, pure: texts, no files."""
