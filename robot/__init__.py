"""AlloBot: a telephone voice robot for FreeSWITCH."""

__version__ = "0.1.0"
