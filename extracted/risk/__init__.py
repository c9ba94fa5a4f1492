"""The risk's own host."""
