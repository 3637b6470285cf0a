"""Images, folders, videos and bags as streams of frames."""
