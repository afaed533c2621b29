"""What people see in a browser: the hosted pages and the page of what was received."""
