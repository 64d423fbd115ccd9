"""Speech and language engines behind small Protocols. Nothing here knows of calls or of the robot."""
