"""What happens to web sites, told to programs: types of events, their rows, and their order."""
