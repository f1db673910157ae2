"""Programs that run inside sandboxes; the folder is shown there as /opt/greenroom/programs."""
