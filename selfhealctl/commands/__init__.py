"""The commands, one module per family. A command takes its session and its words."""
