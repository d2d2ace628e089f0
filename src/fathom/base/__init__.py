"""What every package needs and none owns: devices, paths, errors, logging, progress."""
