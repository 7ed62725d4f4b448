"""Videos through the ffmpeg program: the floor that cameras, writers and playback share."""
