"""The Django project and the browser portal: it shows and asks, it decides nothing."""
