"""Pictures: figures and their live extensions."""
