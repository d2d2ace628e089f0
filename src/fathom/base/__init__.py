"""What every package needs and none owns: devices, threads, memory, paths, errors, progress."""
