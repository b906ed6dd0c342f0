"""The commands, a file per family. Each reads its arguments, asks the room that knows, and prints."""
