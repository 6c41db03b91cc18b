"""What knows nothing of sound: files, errors, progress, devices, the notebook's kernel."""
