echo foreground
