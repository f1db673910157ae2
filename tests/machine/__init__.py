"""A whole Debian 12 in an emulator, with systemd and cgroup version 2: what no machine of developers shows."""
